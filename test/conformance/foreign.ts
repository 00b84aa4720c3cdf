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
  const named = options.baseUrl ?? (access === null ? undefined : endpointOf(access, options.region));
  if (named === undefined)
    throw new Error('there is no endpoint: give --base-url, or --auth-url and a region');
  const baseUrl = named.replace(/\/+$/, '');
  const endpoint: Endpoint = { baseUrl, token: options.token ?? access?.token.id ?? null };
  const allowed = new Set<Need>(['read']);
  if (identity !== null) allowed.add('identity');
  if (write) allowed.add('write');
  if (write && volumeId !== undefined) allowed.add('volume');
  const probe = await createClient({ baseUrl, token: null }, 'json').ask('GET', '/flavors');
  const guarded = probe.status === 401;
  if (guarded) allowed.add('guarded');
  if (guarded && identity !== null) allowed.add('guardedIdentity');
  const range = await readRange(createClient(endpoint, 'json'));
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

/** The endpoint of second generation compute in a region, whatever the region's case; undefined when there is none. */
function endpointOf({ serviceCatalog }: Access, region: string | undefined): string | undefined {
  const endpoints = serviceCatalog
    .filter(({ type, name }) => type === 'compute' && name !== 'cloudServers')
    .flatMap((service) => service.endpoints);
  const isMeant = (name: string | undefined) =>
    region === undefined || name?.toUpperCase() === region.toUpperCase();
  return endpoints.find((endpoint) => isMeant(endpoint.region))?.publicURL;
}
