import { createHash } from 'node:crypto';
import type { JsonObject, JsonValue } from '../../json.ts';
import type { ImageRecord } from '../region/state.ts';

/** An image as Glance keeps and shows it: the region's record, and what only Glance knows in its extras. */

/** What Glance remembers of an image beside what the region does. */
export type GlanceExtras = {
  /** What `status` says; null: what the region's record says. */
  status: 'queued' | 'active' | 'deactivated' | null;
  visibility: string;
  protected: boolean;
  hidden: boolean;
  diskFormat: string | null;
  containerFormat: string | null;
  /** Bytes; null: there is no data yet. */
  size: number | null;
  checksum: string | null;
  sha512: string | null;
  tags: string[];
  /** Where the data is; null: it is made up from the id. */
  file: string | null;
};

/** Size of a base image, in bytes: nobody would boot it. */
const BASE_BYTES = 65_536;

/** The data of an image that nobody has uploaded: the same for the same id. */
export const inventedData = (id: string): Buffer => Buffer.alloc(BASE_BYTES, id);

/** Extras of an image that nobody has said anything about. */
export const blankExtras = (): GlanceExtras => ({
  status: 'queued',
  visibility: 'shared',
  protected: false,
  hidden: false,
  diskFormat: null,
  containerFormat: null,
  size: null,
  checksum: null,
  sha512: null,
  tags: [],
  file: null,
});

/** The extras of an image, made at first sight for base images and those that compute makes. */
export function glanceExtras(image: ImageRecord): GlanceExtras {
  image.extras ??= foundExtras(image);
  const extras = image.extras as GlanceExtras;
  if (extras.size === null && extras.status === null && image.status === 'ACTIVE')
    Object.assign(extras, dataOf(image));
  return extras;
}

function foundExtras(image: ImageRecord): GlanceExtras {
  const visibility = image.tenantId === null ? 'public' : 'private';
  return { ...blankExtras(), status: null, visibility, diskFormat: 'raw', containerFormat: 'bare' };
}

function dataOf({ id }: ImageRecord): Pick<GlanceExtras, 'size' | 'checksum' | 'sha512'> {
  const data = inventedData(id);
  return {
    size: data.length,
    checksum: createHash('md5').update(data).digest('hex'),
    sha512: createHash('sha512').update(data).digest('hex'),
  };
}

const STATUSES: Record<ImageRecord['status'], string> = {
  ACTIVE: 'active',
  SAVING: 'saving',
  DELETED: 'deleted',
  ERROR: 'killed',
};

/** What `status` of the Image API says. */
export const glanceStatus = (image: ImageRecord): string =>
  glanceExtras(image).status ?? STATUSES[image.status];

/** An image in the Image API v2's form: properties stand beside the members everything has. */
export function imageDocument(image: ImageRecord): JsonObject {
  const extras = glanceExtras(image);
  const path = `/v2/images/${image.id}`;
  return {
    ...image.metadata,
    name: image.name,
    disk_format: extras.diskFormat,
    container_format: extras.containerFormat,
    visibility: extras.visibility,
    size: extras.size,
    virtual_size: extras.size,
    status: glanceStatus(image),
    checksum: extras.checksum,
    protected: extras.protected,
    min_ram: image.minRam,
    min_disk: image.minDisk,
    owner: image.tenantId ?? OPERATOR,
    os_hidden: extras.hidden,
    os_hash_algo: extras.sha512 === null ? null : 'sha512',
    os_hash_value: extras.sha512,
    id: image.id,
    created_at: dateOf(image.created),
    updated_at: dateOf(image.updated),
    tags: [...extras.tags],
    self: path,
    file: `${path}/file`,
    schema: '/v2/schemas/image',
  };
}

/** Whose the public images are. */
const OPERATOR = '00000000000000000000000000000001';

const dateOf = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;

/** Members that are Glance's business; what else a caller names is a property. */
const MEMBERS: Readonly<Record<string, (value: JsonValue) => boolean>> = {
  id: isText,
  name: (value) => value === null || isText(value),
  visibility: (value) => ['community', 'public', 'private', 'shared'].includes(String(value)),
  protected: isFlag,
  os_hidden: isFlag,
  disk_format: (value) =>
    value === null ||
    ['ami', 'ari', 'aki', 'vhd', 'vhdx', 'vmdk', 'raw', 'qcow2', 'vdi', 'iso', 'ploop'].includes(
      String(value),
    ),
  container_format: (value) =>
    value === null ||
    ['ami', 'ari', 'aki', 'bare', 'ovf', 'ova', 'docker', 'compressed'].includes(String(value)),
  min_ram: isSize,
  min_disk: isSize,
  tags: (value) => Array.isArray(value) && value.every(isText),
};

function isText(value: JsonValue): boolean {
  return typeof value === 'string';
}
function isFlag(value: JsonValue): boolean {
  return typeof value === 'boolean';
}
function isSize(value: JsonValue): boolean {
  return typeof value === 'number' && value >= 0;
}

/** Members that nobody may set. */
export const READ_ONLY: readonly string[] = [
  'status',
  'size',
  'virtual_size',
  'checksum',
  'os_hash_algo',
  'os_hash_value',
  'created_at',
  'updated_at',
  'self',
  'file',
  'schema',
  'direct_url',
  'owner',
];

/** What is wrong with a member; undefined: nothing. */
export function memberProblem(name: string, value: JsonValue): string | undefined {
  const isFit = MEMBERS[name] ?? isText;
  return isFit(value)
    ? undefined
    : `Provided object does not match schema 'image': ${JSON.stringify(value)} is not valid for '${name}'`;
}

/** What the members of the Image API are called in the extras. */
const EXTRA_NAMES: Readonly<Record<string, keyof GlanceExtras>> = {
  visibility: 'visibility',
  protected: 'protected',
  os_hidden: 'hidden',
  disk_format: 'diskFormat',
  container_format: 'containerFormat',
};

/** Sets a member or a property. */
export function setMember(image: ImageRecord, name: string, value: JsonValue): void {
  const extras = glanceExtras(image);
  const known = EXTRA_NAMES[name];
  if (name === 'id') return;
  if (known !== undefined) Object.assign(extras, { [known]: value });
  else if (name === 'tags') extras.tags = [...new Set(value as string[])];
  else if (name === 'name') Object.assign(image, { name: value ?? '' });
  else if (name === 'min_ram') Object.assign(image, { minRam: value });
  else if (name === 'min_disk') Object.assign(image, { minDisk: value });
  else image.metadata = { ...image.metadata, [name]: String(value) };
}
