import { links } from './links.ts';
import { type DocumentShape, type ObjectShape, textElement } from './shape.ts';

const extension: ObjectShape = {
  kind: 'object',
  element: 'extension',
  members: { description: textElement('description'), links },
};

/** The list of extensions and one of them (guide section 1.10). */
export const extensionDocument: DocumentShape = { key: 'extension', namespace: 'common', shape: extension };
export const extensionsDocument: DocumentShape = {
  key: 'extensions',
  namespace: 'common',
  shape: { kind: 'list', element: 'extensions', item: extension },
};
