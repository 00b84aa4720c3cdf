import { expect } from 'vitest';
import { Fault, type FaultName } from '../../../../src/faults/faults.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../../../src/json.ts';
import type { RegionAnswer } from '../../../../src/simulator/region/call.ts';
import {
  createRegion,
  defaultRegionSettings,
  type Region,
  type RegionSettings,
} from '../../../../src/simulator/region/region.ts';
import { FakeClock } from '../../../support/fake-clock.ts';

export const TENANT = '710042';
export const BASE = 'http://sim.test:7000/dfw';
export const SELF = `${BASE}/v2/${TENANT}`;
export const BOOKMARK = `${BASE}/${TENANT}`;

/** A region with a fake clock, and short ways to talk to it. */
export interface Harness {
  readonly region: Region;
  readonly clock: FakeClock;
  readonly settings: RegionSettings;
  /** The whole answer; `url` is a path with its query. */
  ask(method: string, url: string, body?: JsonValue, tenantId?: string): RegionAnswer;
  /** The body of a GET, as a client would parse it. */
  get(url: string, tenantId?: string): JsonObject;
  /** Creates a server and returns its id. */
  create(overrides?: JsonObject, tenantId?: string): string;
  /** The server in full. */
  server(id: string, tenantId?: string): JsonObject;
  /** The first base image's id with that name. */
  image(name: string): string;
  /** A server that is ACTIVE already. */
  active(overrides?: JsonObject): string;
  action(id: string, body: JsonValue): RegionAnswer;
}

export function harness(overrides: Partial<RegionSettings> = {}, clock = new FakeClock()): Harness {
  const settings: RegionSettings = { ...structuredClone(defaultRegionSettings), seed: 7, ...overrides };
  const region = createRegion(settings, clock);
  const ask = (method: string, url: string, body?: JsonValue, tenantId = TENANT): RegionAnswer => {
    const [path = '', query = ''] = url.split('?');
    return region.handle({
      method,
      path,
      query: new URLSearchParams(query),
      body,
      tenantId,
      userId: 'u-31',
      selfBase: `${BASE}/v2/${tenantId}`,
      bookmarkBase: `${BASE}/${tenantId}`,
      rootBase: BASE,
    });
  };
  const get = (url: string, tenantId = TENANT): JsonObject => {
    const answer = ask('GET', url, undefined, tenantId);
    expect(answer.status).toBe(200);
    return object(JSON.parse(JSON.stringify(answer.body)) as JsonValue);
  };
  const image = (name: string): string =>
    String(items(get('/images/detail'), 'images').find((item) => item['name'] === name)?.['id']);
  const create = (given: JsonObject = {}, tenantId = TENANT): string => {
    const server = { name: 'web', imageRef: image('Debian 6 (Squeeze)'), flavorRef: '2', ...given };
    const answer = ask('POST', '/servers', { server }, tenantId);
    expect(answer.status).toBe(202);
    return String(object(object(answer.body)['server'])['id']);
  };
  const active = (given: JsonObject = {}): string => {
    const id = create(given);
    clock.tick(settings.buildSeconds * 1000);
    return id;
  };
  return {
    region,
    clock,
    settings,
    ask,
    get,
    create,
    active,
    image,
    server: (id, tenantId = TENANT) => object(get(`/servers/${id}`, tenantId)['server']),
    action: (id, body) => ask('POST', `/servers/${id}/action`, body),
  };
}

/** A JSON value that must be an object. */
export function object(value: JsonValue | undefined): JsonObject {
  if (!isJsonObject(value)) throw new Error(`no object: ${JSON.stringify(value)}`);
  return value;
}

/** The members of a collection document. */
export function items(document: JsonObject, name: string): JsonObject[] {
  const value = document[name];
  if (!Array.isArray(value)) throw new Error(`no list ${name}`);
  return value.map(object);
}

export const names = (document: JsonObject, collection: string): unknown[] =>
  items(document, collection).map((item) => item['name']);

/** The href of the next link; undefined when there is none. */
export function nextLink(document: JsonObject, collection: string): string | undefined {
  const links = document[`${collection}_links`];
  if (links === undefined) return undefined;
  const link = items(document, `${collection}_links`).find((item) => item['rel'] === 'next');
  return link && String(link['href']);
}

/** The fault that `act` throws; fails when it throws none. */
export function faultOf(act: () => unknown): Fault {
  try {
    act();
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
  throw new Error('no fault was thrown');
}

/** Expects `act` to throw a fault of that name. */
export function expectFault(act: () => unknown, name: FaultName): Fault {
  const fault = faultOf(act);
  expect(fault.fault, fault.message).toBe(name);
  return fault;
}
