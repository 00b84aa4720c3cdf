import { setTimeout as sleep } from 'node:timers/promises';
import type { Format } from '../../src/translation/format.ts';
import { createClient, type Endpoint } from './client.ts';
import { type Access, logIn } from './login.ts';
import { readRange } from './range.ts';
import type { Need } from './section.ts';
import type { Arena } from './suite.ts';
import type { Identity } from './trial.ts';

/** An endpoint that is not ours, and what may be done to it. */
export interface ForeignOptions {
  /** `http://host/dfw/v2/{tenant}`; undefined: from the catalog. */
  readonly baseUrl?: string | undefined;
  /** Region of the catalog; undefined: its first. */
  readonly region?: string | undefined;
  /** Sent as X-Auth-Token instead of logging in. */
  readonly token?: string | undefined;
  readonly identity: Identity | null;
  /** Whether servers may be created and deleted. */
  readonly write: boolean;
  /** A volume that may be attached to a server; undefined: none. */
  readonly volumeId?: string | undefined;
}

/**
 * Makes an arena of an endpoint somewhere. Nothing is created or deleted there unless `write` is set.
 *
 * @throws Error when the login fails, or no endpoint is named and the catalog has none
 */
export async function reachForeign(options: ForeignOptions): Promise<Arena & { readonly baseUrl: string }> {
  const { identity, write, volumeId } = options;
  const access = identity && (await logIn(identity.url, identity.username, identity.apiKey));
  const baseUrl = checkedUrl(options.baseUrl ?? endpointOf(access, options.region));
  const endpoint: Endpoint = { baseUrl, token: options.token ?? access?.token.id ?? null };
  const allowed = new Set<Need>(['read']);
  if (identity !== null) allowed.add('identity');
  if (write) allowed.add('write');
  if (write && volumeId !== undefined) allowed.add('volume');
  const probe = await createClient({ baseUrl, token: null }, 'json')
    .ask('GET', '/flavors')
    .catch((error: Error) => {
      throw new Error(`nothing that speaks the API is reached at ${baseUrl}`, {
        cause: error.cause ?? error,
      });
    });
  const guarded = probe.status === 401;
  if (guarded) allowed.add('guarded');
  if (guarded && identity !== null) allowed.add('guardedIdentity');
  if (guarded && endpoint.token === null)
    throw new Error(`${baseUrl} wants a token: give --token, or --auth-url with --username and --api-key`);
  const range = await readRange(createClient(endpoint, 'json')).catch((error: Error) => {
    throw new Error(`${baseUrl} is no endpoint to try: ${error.message}`, { cause: error.cause });
  });
  return {
    baseUrl,
    allowed,
    ground: (format: Format, observe) => ({
      client: createClient(endpoint, format, observe),
      pass: async (ms) => void (await sleep(ms)),
      now: () => Date.now(),
      control: null,
      identity,
      volumeId: volumeId ?? null,
      guarded,
      range,
    }),
  };
}

/** @throws Error for what is no URL of a tenant */
function checkedUrl(url: string): string {
  const isHttp = URL.canParse(url) && /^https?:$/.test(new URL(url).protocol);
  const baseUrl = url.replace(/\/+$/, '');
  if (isHttp && /\/v\d+(\.\d+)?\/[^/?#]+$/.test(baseUrl)) return baseUrl;
  throw new Error(`${url} is no endpoint of a tenant: give one such as http://host/dfw/v2/{tenant}`);
}

/**
 * The endpoint of second generation compute in a region, whatever the region's case.
 *
 * @throws Error that says which regions there are
 */
function endpointOf(access: Access | null, region: string | undefined): string {
  if (access === null) throw new Error('there is no endpoint: give --base-url, or --auth-url');
  const { serviceCatalog } = access;
  const endpoints = serviceCatalog
    .filter(({ type, name }) => type === 'compute' && name !== 'cloudServers')
    .flatMap((service) => service.endpoints);
  const isMeant = (name: string | undefined) =>
    region === undefined || name?.toUpperCase() === region.toUpperCase();
  const found = endpoints.find((endpoint) => isMeant(endpoint.region))?.publicURL;
  if (found !== undefined) return found;
  const names = endpoints.map((endpoint) => endpoint.region).join(', ');
  throw new Error(
    `the catalog has no compute service in ${region ?? 'any region'}; it has: ${names || 'none'}`,
  );
}
