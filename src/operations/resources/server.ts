import { addresses } from './address.ts';
import { asynchronousFault } from './fault.ts';
import { links } from './links.ts';
import { alwaysMetadata, metadataMember } from './metadata.ts';
import {
  attribute,
  type DocumentShape,
  flag,
  type ListShape,
  type Member,
  numeric,
  type ObjectShape,
  textElement,
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

/** Empty attributes are left out, as nova's reader did. */
const mapping = (members: ObjectShape['members']): ObjectShape => ({
  kind: 'object',
  element: 'mapping',
  members,
  dropsEmptyWith: true,
});

/** Volumes to boot from or to attach: the first form has real booleans, the second texts. */
const blockDevices: ListShape = {
  kind: 'list',
  element: 'block_device_mapping',
  item: mapping({ delete_on_termination: flag, no_device: flag }),
};
const blockDevicesV2: ListShape = { kind: 'list', element: 'block_device_mapping_v2', item: mapping({}) };

/** Nova writes the name as an attribute and reads it from an element as well. */
const securityGroups: ListShape = {
  kind: 'list',
  element: 'security_groups',
  item: { kind: 'object', element: 'security_group', members: { name: attribute } },
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
  block_device_mapping: { as: 'element', shape: blockDevices, only: 'request' },
  block_device_mapping_v2: { as: 'element', shape: blockDevicesV2, only: 'request' },
  user_data: { ...textElement('user_data'), only: 'request' },
  return_reservation_id: { ...flag, only: 'request' },
  links,
  security_groups: { as: 'element', shape: securityGroups },
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
