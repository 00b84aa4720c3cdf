import { addresses } from './address.ts';
import { asynchronousFault } from './fault.ts';
import { links } from './links.ts';
import { alwaysMetadata, metadataMember } from './metadata.ts';
import {
  attribute,
  type DocumentShape,
  type ListShape,
  type Member,
  numeric,
  type ObjectShape,
} from './shape.ts';

const reference = (element: string): Member => ({
  as: 'element',
  shape: { kind: 'object', element, members: { id: attribute, name: attribute, links } },
});

/** Files put into a new server, `[{path, contents}]` (guide section 2.1.2.3). */
export const personality: Member = {
  as: 'element',
  shape: {
    kind: 'list',
    element: 'personality',
    item: {
      kind: 'object',
      element: 'file',
      members: { path: attribute, contents: { as: 'text', withoutSpace: true } },
    },
  },
};

/** Networks of a create: nova's `<network uuid>` and the `<uuid>` of Example 2.7 are the same list. */
const networks: ListShape = {
  kind: 'list',
  element: 'networks',
  item: { kind: 'object', element: 'network', members: { uuid: attribute } },
  alsoRead: { element: 'uuid', key: 'uuid' },
};

const common: Record<string, Member> = {
  user_id: { as: 'attribute', name: 'userId', alsoRead: ['user_id'] },
  tenant_id: { as: 'attribute', name: 'tenantId', alsoRead: ['tenant_id'] },
  progress: numeric,
  // In the JSON of Example 2.33 and missing from its XML.
  config_drive: { as: 'omitted', only: 'answer' },
  image: reference('image'),
  flavor: reference('flavor'),
};

const rest: Record<string, Member> = {
  addresses: { as: 'element', shape: addresses, only: 'answer' },
  fault: asynchronousFault,
  personality: { ...personality, only: 'request' },
  networks: { as: 'element', shape: networks, only: 'request' },
  links,
};

/** A server in full (section 2.1): create, get, update and rebuild answers, create and update requests. */
const server: ObjectShape = {
  kind: 'object',
  element: 'server',
  members: { ...common, metadata: alwaysMetadata, ...rest },
  dropsEmptyWith: 'flavorRef',
};

/** A server in a brief list: id, name and links, never an empty `<metadata/>`. */
const briefServer: ObjectShape = {
  kind: 'object',
  element: 'server',
  members: { ...common, metadata: metadataMember, ...rest },
};

const listOf = (item: ObjectShape): DocumentShape => ({
  key: 'servers',
  namespace: 'compute',
  shape: { kind: 'list', element: 'servers', item },
});

export const serverDocument: DocumentShape = { key: 'server', namespace: 'compute', shape: server };
export const serversDocument = listOf(briefServer);
export const serversDetailDocument = listOf(server);
