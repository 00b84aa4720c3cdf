import type { DocumentShape, EntryShape, MapShape, Member } from './shape.ts';

const meta: EntryShape = { kind: 'entry', element: 'meta', key: 'key', value: { as: 'text' } };
const metadata: MapShape = { kind: 'map', element: 'metadata', entry: meta };

/** Metadata inside a resource or an action (guide section 2.7). */
export const metadataMember: Member = { as: 'element', shape: metadata };
/** The same, written in every answer even if JSON has none, as real servers do. */
export const alwaysMetadata: Member = { as: 'element', shape: metadata, always: true };

/** Sections 2.7.1 to 2.7.3. */
export const metadataDocument: DocumentShape = { key: 'metadata', namespace: 'compute', shape: metadata };
/** One item, sections 2.7.4 and 2.7.5: `{"meta": {"key": "value"}}`. */
export const metaDocument: DocumentShape = { key: 'meta', namespace: 'compute', shape: meta };
