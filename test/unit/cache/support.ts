import { Value } from '@sinclair/typebox/value';
import type { CacheRequest } from '../../../src/cache/key.ts';
import { CacheSchema, type CacheSettings } from '../../../src/cache/settings.ts';
import { matchPath } from '../../../src/operations/match.ts';

/** The configuration's defaults, with some replaced. */
export function cacheSettings(changes: Partial<CacheSettings> = {}): CacheSettings {
  return { ...(Value.Default(CacheSchema, {}) as CacheSettings), ...changes };
}

/** What a GET of that path and query asks of the cache. */
export function askFor(url: string, changes: Partial<CacheRequest> = {}): CacheRequest {
  const [path = '', query = ''] = url.split('?');
  const match = matchPath('GET', path);
  if (match.kind !== 'operation') throw new Error(`${url} is no operation`);
  const { operation, params } = match;
  const where = {
    account: 'main',
    tenant: '4711',
    region: 'DFW',
    service: '',
    variant: '',
    cacheControl: undefined,
  };
  return { ...where, operation, params, path, query, ...changes };
}

const BASE = 'http://dfw.upstream.test/v2/4711';

/** A flavor as an upstream writes it; `rxtx_factor` is spelled so that parsing and writing it would change it. */
export function flavorText(id: string, ram: number, disk: number): string {
  return `{"id": "${id}", "name": "flavor ${id}", "ram": ${ram}, "disk": ${disk}, "swap": "", "vcpus": 1, "rxtx_factor": 2.0, "links": [{"rel": "self", "href": "${BASE}/flavors/${id}"}]}`;
}

export const FLAVORS = [flavorText('2', 512, 20), flavorText('3', 1024, 40), flavorText('4', 2048, 80)];

/** The body of `/flavors/detail`. */
export const flavorsDetail = (flavors: readonly string[] = FLAVORS): string =>
  `{"flavors": [${flavors.join(', ')}]}`;

export interface ImageFields {
  id: string;
  name: string;
  status: string;
  type: string;
  server: string;
}

/** An image as an upstream writes it. */
export function imageText(fields: Partial<ImageFields> & { id: string }): string {
  const { id, name = `image ${id}`, status = 'ACTIVE', type = 'base', server } = fields;
  return JSON.stringify({
    id,
    name,
    status,
    metadata: { image_type: type },
    ...(server === undefined ? {} : { server: { id: server } }),
    links: [{ rel: 'self', href: `${BASE}/images/${id}` }],
  });
}

export const imagesDetail = (images: readonly string[]): string => `{"images": [${images.join(', ')}]}`;

/** A promise to settle by hand. */
export function gate<T>(): { promise: Promise<T>; open: (value: T) => void; fail: (error: unknown) => void } {
  let open: (value: T) => void = () => {};
  let fail: (error: unknown) => void = () => {};
  const promise = new Promise<T>((resolve, reject) => {
    open = resolve;
    fail = reject;
  });
  return { promise, open, fail };
}
