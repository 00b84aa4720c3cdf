import type { JsonObject } from '../../json.ts';

/** Schemas that clients read before they write: which members there are, of what kind, and which are read only. */

const text: JsonObject = { type: ['null', 'string'] };
const readOnly = (kind: JsonObject): JsonObject => ({ ...kind, readOnly: true });
const UUID = '^([0-9a-fA-F]){8}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){12}$';

const PROPERTIES: JsonObject = {
  id: { type: 'string', description: 'An identifier for the image', pattern: UUID },
  name: { ...text, description: 'Descriptive name for the image', maxLength: 255 },
  status: readOnly({ type: 'string', description: 'Status of the image' }),
  visibility: {
    type: 'string',
    description: 'Scope of image accessibility',
    enum: ['community', 'public', 'private', 'shared'],
  },
  protected: { type: 'boolean', description: 'If true, image will not be deletable.' },
  os_hidden: {
    type: 'boolean',
    description: 'If true, image will not appear in default image list response.',
  },
  checksum: readOnly({ ...text, description: 'md5 hash of image contents.', maxLength: 32 }),
  os_hash_algo: readOnly({ ...text, description: 'Algorithm to calculate the os_hash_value', maxLength: 64 }),
  os_hash_value: readOnly({ ...text, description: 'Hexdigest of the image contents', maxLength: 128 }),
  owner: { ...text, description: 'Owner of the image', maxLength: 255 },
  size: readOnly({ type: ['null', 'integer'], description: 'Size of image file in bytes' }),
  virtual_size: readOnly({ type: ['null', 'integer'], description: 'Virtual size of image in bytes' }),
  container_format: {
    ...text,
    description: 'Format of the container',
    enum: [null, 'ami', 'ari', 'aki', 'bare', 'ovf', 'ova', 'docker', 'compressed'],
  },
  disk_format: {
    ...text,
    description: 'Format of the disk',
    enum: [null, 'ami', 'ari', 'aki', 'vhd', 'vhdx', 'vmdk', 'raw', 'qcow2', 'vdi', 'iso', 'ploop'],
  },
  created_at: readOnly({ type: 'string', description: 'Date and time of image registration' }),
  updated_at: readOnly({ type: 'string', description: 'Date and time of the last image modification' }),
  tags: {
    type: 'array',
    description: 'List of strings related to the image',
    items: { type: 'string', maxLength: 255 },
  },
  min_ram: { type: 'integer', description: 'Amount of ram (in MB) required to boot image.' },
  min_disk: { type: 'integer', description: 'Amount of disk space (in GB) required to boot image.' },
  self: readOnly({ type: 'string', description: 'An image self url' }),
  file: readOnly({ type: 'string', description: 'An image file url' }),
  schema: readOnly({ type: 'string', description: 'An image schema url' }),
};

const IMAGE: JsonObject = {
  name: 'image',
  properties: PROPERTIES,
  additionalProperties: { type: 'string' },
  links: [
    { rel: 'self', href: '{self}' },
    { rel: 'enclosure', href: '{file}' },
    { rel: 'describedby', href: '{schema}' },
  ],
};

const MEMBER: JsonObject = {
  name: 'member',
  properties: {
    member_id: { type: 'string', description: 'An identifier for the image member (tenantId)' },
    image_id: { type: 'string', description: 'An identifier for the image', pattern: UUID },
    created_at: { type: 'string' },
    updated_at: { type: 'string' },
    status: { type: 'string', enum: ['pending', 'accepted', 'rejected'] },
    schema: readOnly({ type: 'string' }),
  },
};

const listOf = (name: string, item: JsonObject): JsonObject => ({
  name,
  properties: {
    [name]: { type: 'array', items: item },
    first: { type: 'string' },
    next: { type: 'string' },
    schema: { type: 'string' },
  },
  links: [
    { rel: 'first', href: '{first}' },
    { rel: 'next', href: '{next}' },
    { rel: 'describedby', href: '{schema}' },
  ],
});

/** By the last segment of `/v2/schemas/{name}`. */
export const SCHEMAS: Readonly<Record<string, JsonObject>> = {
  image: IMAGE,
  images: listOf('images', IMAGE),
  member: MEMBER,
  members: listOf('members', MEMBER),
};
