import { badRequest } from './body.ts';
import { parseChangesSince } from './dates.ts';
import { idOfReference } from './references.ts';
import type { Flavor, ImageRecord, ServerRecord } from './state.ts';
import { SERVER_STATUSES } from './transitions.ts';

/** What a filter says of a record that has been brought to now. */
export type Filter<T> = (record: T) => boolean;

/** The servers a query asks for (guide section 2.1.1). Deleted ones appear to `changes-since` only (section 1.7). */
export function serverFilter(query: URLSearchParams): Filter<ServerRecord> {
  const image = readId(query, 'image');
  const flavor = readId(query, 'flavor');
  const name = query.get('name');
  const status = readStatus(query, SERVER_STATUSES);
  const isRecent = recencyFilter(query);
  return (server) =>
    isRecent(server) &&
    (image === null || server.imageId === image) &&
    (flavor === null || server.flavorId === flavor) &&
    (name === null || server.name === name) &&
    (status === null || server.status === status);
}

/** Values of `status` for images (guide section 2.6.1). */
const IMAGE_STATUSES = ['ACTIVE', 'DELETED', 'ERROR', 'SAVING', 'UNKNOWN'] as const;

/** The images a query asks for (guide section 2.6.1). */
export function imageFilter(query: URLSearchParams): Filter<ImageRecord> {
  const server = readId(query, 'server');
  const name = query.get('name');
  const status = readStatus(query, IMAGE_STATUSES);
  const type = readType(query);
  const isRecent = recencyFilter(query);
  return (image) =>
    isRecent(image) &&
    (server === null || image.serverId === server) &&
    (name === null || image.name === name) &&
    (status === null || image.status === status) &&
    (type === null || (image.tenantId === null) === (type === 'BASE'));
}

/** The flavors a query asks for (guide section 2.5.1). */
export function flavorFilter(query: URLSearchParams): Filter<Flavor> {
  const minDisk = readLeast(query, 'minDisk');
  const minRam = readLeast(query, 'minRam');
  return (flavor) => flavor.disk >= minDisk && flavor.ram >= minRam;
}

/** Times are compared in whole seconds: a client sends back the `updated` it was shown. */
function recencyFilter(
  query: URLSearchParams,
): Filter<{ readonly status: string; readonly updated: number }> {
  const text = query.get('changes-since');
  if (text === null || text === '') return (record) => record.status !== 'DELETED';
  const since = Math.floor(parseChangesSince(text) / 1000);
  return (record) => Math.floor(record.updated / 1000) >= since;
}

function readId(query: URLSearchParams, key: string): string | null {
  const value = query.get(key);
  return value === null ? null : idOfReference(value);
}

function readStatus(query: URLSearchParams, statuses: readonly string[]): string | null {
  const text = query.get('status');
  if (text === null || text === '') return null;
  const status = text.toUpperCase();
  if (!statuses.includes(status))
    throw badRequest(`status is "${text}"; it must be one of ${statuses.join(', ')}.`);
  return status;
}

function readType(query: URLSearchParams): 'BASE' | 'SNAPSHOT' | null {
  const text = query.get('type');
  if (text === null || text === '') return null;
  const type = text.toUpperCase();
  if (type === 'BASE' || type === 'SNAPSHOT') return type;
  throw badRequest(`type is "${text}"; it must be BASE or SNAPSHOT.`);
}

function readLeast(query: URLSearchParams, key: string): number {
  const text = query.get(key);
  if (text === null || text === '') return 0;
  if (!/^\d+$/.test(text)) throw badRequest(`${key} is "${text}"; give a whole number.`);
  return Number(text);
}
