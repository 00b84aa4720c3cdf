import { Fault } from '../../faults/faults.ts';
import { isJsonObject } from '../../json.ts';
import { badRequest } from './body.ts';
import { type Call, type Handler, param } from './call.ts';
import { findOwnImage } from './images.ts';
import { checkMetadataCount, readMetadata } from './metadata-rules.ts';
import { limitsOf } from './quotas.ts';
import { findImage, findServer } from './references.ts';
import { requireTransition } from './server-update.ts';
import type { Metadata } from './state.ts';

/** Something that carries metadata: what differs between servers and images. */
interface Owner {
  readonly limit: 'maxServerMeta' | 'maxImageMeta';
  /** The record to read from. */
  find(call: Call): Carrier;
  /** The record to write to; throws what stands against that. */
  findToWrite(call: Call): Carrier;
}

interface Carrier {
  readonly id: string;
  metadata: Metadata;
  updated: number;
}

const SERVERS: Owner = {
  limit: 'maxServerMeta',
  find: (call) => findServer(call, param(call, 'server_id')),
  findToWrite(call) {
    const server = findServer(call, param(call, 'server_id'));
    requireTransition(server, 'update');
    return server;
  },
};

const IMAGES: Owner = {
  limit: 'maxImageMeta',
  find: (call) => findImage(call, param(call, 'image_id')),
  findToWrite: (call) => findOwnImage(call, 'changed'),
};

/** The six metadata operations of an owner (guide section 2.7), by what they do. */
export interface MetadataHandlers {
  readonly list: Handler;
  readonly set: Handler;
  readonly update: Handler;
  readonly getItem: Handler;
  readonly setItem: Handler;
  readonly deleteItem: Handler;
}

function handlersOf(owner: Owner): MetadataHandlers {
  return {
    list: (call) => answer(owner.find(call).metadata),
    set: (call) => write(call, owner, () => readBody(call)),
    update: (call) => write(call, owner, (now) => ({ ...now, ...readBody(call) })),
    getItem(call) {
      const carrier = owner.find(call);
      return { status: 200, body: { meta: { [param(call, 'key')]: itemOf(call, carrier) } } };
    },
    setItem(call) {
      const key = param(call, 'key');
      const item = readItem(call, key);
      write(call, owner, (now) => ({ ...now, ...item }));
      return { status: 200, body: { meta: item } };
    },
    deleteItem(call) {
      const carrier = owner.findToWrite(call);
      itemOf(call, carrier);
      const { [param(call, 'key')]: _, ...rest } = carrier.metadata;
      Object.assign(carrier, { metadata: rest, updated: call.now });
      return { status: 204 };
    },
  };
}

export const serverMetadata = handlersOf(SERVERS);
export const imageMetadata = handlersOf(IMAGES);

const answer = (metadata: Metadata) => ({ status: 200, body: { metadata: { ...metadata } } });

function write(call: Call, owner: Owner, change: (metadata: Metadata) => Metadata) {
  const carrier = owner.findToWrite(call);
  const metadata = change(carrier.metadata);
  checkMetadataCount(limitsOf(call.settings, call.request.tenantId), owner.limit, metadata);
  Object.assign(carrier, { metadata, updated: call.now });
  return answer(metadata);
}

function readBody(call: Call): Metadata {
  const { body } = call.request;
  const value = isJsonObject(body) ? body['metadata'] : undefined;
  if (!isJsonObject(value)) throw badRequest('The body must be an object {"metadata": {...}}.');
  return readMetadata(value);
}

/** The one item of the body, whose key must be the path's (guide section 2.7.5). */
function readItem(call: Call, key: string): Metadata {
  const { body } = call.request;
  const value = isJsonObject(body) ? body['meta'] : undefined;
  if (!isJsonObject(value)) throw badRequest('The body must be an object {"meta": {"key": "value"}}.');
  const item = readMetadata(value);
  const keys = Object.keys(item);
  if (keys.length !== 1 || keys[0] !== key)
    throw badRequest(`The body must hold exactly the key of the path, "${key}".`);
  return item;
}

function itemOf(call: Call, carrier: Carrier): string {
  const key = param(call, 'key');
  const value = Object.hasOwn(carrier.metadata, key) ? carrier.metadata[key] : undefined;
  if (value === undefined) throw new Fault('itemNotFound', `${carrier.id} has no metadata item "${key}".`);
  return value;
}
