import { generateClientKey } from '../../src/access/client-key.ts';
import { hashClientKey } from '../../src/access/key-hash.ts';
import type { SimulatorInput } from '../../src/simulator/config.ts';
import type { Terms } from './log.ts';

/** What the cloud and the instances are set to, so that the checker knows what may be. */

export const REGIONS = ['DFW', 'ORD'] as const;
/** Requests a user may make of a region in each second. */
const REQUESTS_PER_SECOND = 20;
const ATTEMPT_MS = 2_500;
const RETRIES = 2;
const LIMIT = { verb: 'ALL', uri: '*', value: REQUESTS_PER_SECOND, unit: 'SECOND' } as const;
/** Ages of cached images, s. */
const IMAGES = { ttl: 4, staleWhileRevalidate: 4, staleIfError: 30 };

/** One account of the cloud, its tenant, and who may use it. */
export interface Tenant {
  readonly id: string;
  readonly name: string;
  readonly apiKey: string;
  /** Stands in everything of its own. */
  readonly marker: string;
  readonly clients: readonly { readonly name: string; readonly key: string }[];
}

const tenant = (name: string, id: string): Tenant => ({
  id,
  name,
  apiKey: `${name}-api-key-at-the-cloud`,
  marker: `mark-of-${name}`,
  clients: [`${name}-ci`, `${name}-web`].map((client) => ({ name: client, key: generateClientKey(client) })),
});

export const createTenants = (): readonly Tenant[] => [tenant('alpha', '100001'), tenant('beta', '200002')];

/** The cloud: servers are built in a second, limits are of a second. */
export function simulatorInput(tenants: readonly Tenant[], seed: number): SimulatorInput {
  return {
    port: 0,
    regions: [...REGIONS],
    users: tenants.map(({ id, name, apiKey }) => ({ username: name, apiKey, tenant: id })),
    rateLimits: { table: [LIMIT] },
    absoluteLimits: { maxTotalInstances: 100_000, maxTotalRAMSize: 1_000_000_000, maxServerMeta: 20 },
    timing: { buildSeconds: 1, imageSeconds: 1.5 },
    chaos: { enabled: true, seed },
  };
}

export interface InstanceAddress {
  readonly name: string;
  readonly port: number;
  readonly adminPort: number;
  readonly redisUrl: string;
  readonly cloudUrl: string;
  readonly instances: number;
}

/** The configuration of one instance. @param round how often it was reloaded: something differs each time */
export function instanceConfig(tenants: readonly Tenant[], address: InstanceAddress, round: number): object {
  const { name, port, adminPort, redisUrl, cloudUrl, instances } = address;
  return {
    listen: { port },
    admin: { port: adminPort },
    log: { requests: 'errors', slowMs: 20_000 + round, instance: name },
    shutdown: { delayMs: 500, graceMs: 5_000 },
    redis: { url: redisUrl, signingKeys: ['a-signing-key-of-this-run-alone-0001'] },
    accounts: tenants.map(({ name: account, apiKey }) => ({
      name: account,
      identity: { url: `${cloudUrl}/v2.0`, username: account, apiKey },
    })),
    access: {
      mode: 'keys',
      tokenKeys: ['a-token-key-of-this-run-alone-000001'],
      clients: tenants.flatMap(({ name: account, clients }) =>
        clients.map((client) => ({
          name: client.name,
          keyHash: hashClientKey(client.key),
          accounts: [account],
          share: 1 + (round % 2),
        })),
      ),
    },
    cache: { images: IMAGES, notFound: { ttl: 2 } },
    limits: { static: [LIMIT], instances },
    upstream: {
      connectTimeoutMs: 1_000,
      headersTimeoutMs: ATTEMPT_MS,
      bodyTimeoutMs: ATTEMPT_MS,
      retries: RETRIES,
      circuit: { openMs: 1_000 },
    },
  };
}

/** What the callers were promised by these settings. */
export function termsOf(tenants: readonly Tenant[], instances: number): Terms {
  const { ttl, staleWhileRevalidate, staleIfError } = IMAGES;
  return {
    markers: Object.fromEntries(tenants.map(({ id, marker }) => [id, marker])),
    callersSecrets: tenants.flatMap(({ clients }) => clients.map(({ key }) => key)),
    requestsPerSecond: REQUESTS_PER_SECOND,
    instances,
    // Attempts, ten seconds of looks for what a create has made, and a machine that has other things to do.
    allowanceMs: (1 + RETRIES) * 2 * ATTEMPT_MS + 10_000 + 15_000,
    staleMs: {
      flavors: Number.POSITIVE_INFINITY,
      extensions: Number.POSITIVE_INFINITY,
      images: (ttl + staleWhileRevalidate + staleIfError) * 1_000,
    },
  };
}
