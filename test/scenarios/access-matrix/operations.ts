/** What is asked: every row of every service, `HEAD` for every `GET`, and what no row has. */
import { readFileSync } from 'node:fs';
import type { Operation, Service } from '../../../src/operations/operation.ts';
import { SERVICE_OPERATIONS } from '../../../src/operations/services.ts';
import { OPERATIONS } from '../../../src/operations/table.ts';

/** A request below a tenant or a service. */
export interface Asked {
  /** As operations are called, `other` for what is none. */
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly body: string;
}

/** What has a row beside the guide is `other`, too: what was granted or denied before it had one stays so. */
export const BESIDE_THE_GUIDE: ReadonlySet<string> = new Set(SERVICE_OPERATIONS.map(({ name }) => name));

const bodyOf = ({ name, request, action, method, service }: Operation): string => {
  if (action === '*') return '{"os-stop":null}';
  if (request !== null)
    return readFileSync(new URL(`../../golden/${name}/request.json`, import.meta.url), 'utf8');
  return service !== 'compute' && /^P/.test(method) ? '{"name":"n"}' : '';
};

/** The ids of each are its own, so that what arrives upstream tells which request it was. */
let serial = 0;
const pathOf = ({ path }: Operation): string => {
  serial++;
  return path.replaceAll(/\{[^}]+\}/g, `x${serial}`);
};

const asked = (operation: Operation, base = ''): Asked => {
  const { name, method } = operation;
  return { name, method, path: base + pathOf(operation), body: bodyOf(operation) };
};

const other = (method: string, path: string, body = ''): Asked => ({ name: 'other', method, path, body });

const withHeads = (all: readonly Asked[]): readonly Asked[] =>
  all.flatMap((one) => (one.method === 'GET' ? [one, { ...one, method: 'HEAD' }] : [one]));

/** Below a tenant: every row that has one, actions included, and paths that no row has. */
export const COMPUTE: readonly Asked[] = withHeads([
  ...OPERATIONS.filter(({ scope }) => scope === 'tenant').map((row) => asked(row)),
  ...SERVICE_OPERATIONS.filter(({ scope }) => scope === 'tenant').map((row) => asked(row)),
  other('GET', '/os-keypairs'),
  other('POST', '/os-keypairs', '{"keypair":{"name":"k"}}'),
  other('DELETE', '/os-keypairs/k'),
]);

const rowsOf = (service: Service): Operation[] =>
  SERVICE_OPERATIONS.filter((row) => row.service === service && row.resource !== 'versions');

/** The image service, the version written or not. */
export const IMAGE: readonly Asked[] = withHeads([
  ...rowsOf('image').map((row, at) => asked(row, at % 2 === 0 ? '/v2' : '')),
  { name: 'image.listVersions', method: 'GET', path: '/', body: '' },
  { name: 'image.listVersions', method: 'GET', path: '/versions', body: '' },
  { name: 'image.getVersion', method: 'GET', path: '/v2', body: '' },
  { name: 'image.deleteImage', method: 'DELETE', path: '/v2//%69mages/spelled', body: '' },
  other('GET', '/v2/tasks'),
  other('POST', '/tasks', '{}'),
  other('DELETE', '/v1/images/old'),
]);

/** The network service, whose endpoint has no version. */
export const NETWORK: readonly Asked[] = withHeads([
  ...rowsOf('network').map((row) => asked(row, '/v2.0')),
  { name: 'network.listVersions', method: 'GET', path: '/', body: '' },
  { name: 'network.getVersion', method: 'GET', path: '/v2.0', body: '' },
  other('GET', '/v2.0/routers'),
  other('POST', '/v2.0/routers', '{"router":{}}'),
  other('DELETE', '/v2.0/routers/r'),
]);

/** Block Storage, of which only its versions have rows. */
export const VOLUME: readonly Asked[] = withHeads([
  { name: 'block-storage.listVersions', method: 'GET', path: '/', body: '' },
  { name: 'block-storage.getVersion', method: 'GET', path: '/v3', body: '' },
  other('GET', '/volumes'),
  other('POST', '/volumes', '{"volume":{"size":1}}'),
  other('DELETE', '/volumes/v'),
]);

/** The services beside Compute: what a grant calls them, what a path does, and what is asked of them. */
export const SERVICES = [
  { service: 'image', type: 'image', asked: IMAGE },
  { service: 'network', type: 'network', asked: NETWORK },
  // A grant for `volume` is one for every name that Block Storage has.
  { service: 'volume', type: 'volumev3', asked: VOLUME },
] as const;

/** The lists that `/all` has of every region. */
export const LISTS: readonly Asked[] = withHeads(
  OPERATIONS.filter(({ acrossRegions }) => acrossRegions !== undefined).map((row) => asked(row)),
);
