import type { ServerOptions } from 'node:https';
import { createStubIdentity, type StubIdentity } from './stub-identity.ts';
import { type Listener, listen, type Party } from './stub-listener.ts';
import { createStubRegion, type Reachable, type StubRegion } from './stub-region.ts';

/**
 * The scripted upstream that scenario tests put behind the gateway: an Identity v2.0 service and regions over real
 * sockets on free ports of the loopback interface. Unscripted it is a small, unchanging cloud (stub-documents.ts)
 * that checks tokens; a test scripts the exceptions with answers from stub-answers.ts, counts what arrived, and
 * holds requests at gates, so that nothing depends on time.
 *
 * ```ts
 * const upstream = await startStubUpstream({ regions: ['DFW', 'ORD'] });
 * const dfw = upstream.region('DFW');
 * dfw.on('GET /servers/*', unavailable, unavailable, json({ server }));
 * const gate = dfw.hold('GET /flavors/detail');
 * … send 200 requests …
 * await gate.arrived(1);
 * gate.open();
 * expect(dfw.count('GET /flavors/detail')).toBe(1);
 * ```
 */
export interface StubUpstream {
  /** Base of the identity service, ending in `/v2.0`. */
  readonly identityUrl: string;
  readonly tenant: string;
  /** Scripts, counters and gates of the identity service: `POST /tokens`. */
  readonly identity: StubIdentity & Reachable;
  /** The party of that region; throws for one that was not asked for at the start. */
  region(name: string): StubRegion;
  close(): Promise<void>;
}

export interface StubUpstreamOptions {
  /** Names as the catalog spells them; the first is the default region. */
  regions?: string[];
  tenant?: string;
  /** True: identity and all regions on one port, regions told apart by a path prefix (`/dfw/v2/…`). */
  onePort?: boolean;
  tokenLifeMs?: number;
  /** Who of them speaks TLS, and how. */
  tls?: { identity?: ServerOptions; regions?: ServerOptions };
  /** What ids of tokens begin with, where two upstreams must not give out the same; `stub-token-` otherwise. */
  tokenPrefix?: string;
  /** Further services of the catalog, behind those it always has (`startStubService`). */
  services?: unknown[];
  /** Changes an endpoint of the compute service before the catalog goes out. */
  endpoint?: (own: Record<string, unknown>) => Record<string, unknown>;
  /** Wall time, ms since the epoch. */
  now?: () => number;
}

export async function startStubUpstream(options: StubUpstreamOptions = {}): Promise<StubUpstream> {
  const { regions: names = ['DFW'], tenant = '700100', onePort = false, now = Date.now } = options;
  const regions = new Map<string, StubRegion>();
  const listeners: Listener[] = [];
  const open = async (parties: Party[], tls?: ServerOptions): Promise<Listener> => {
    const listener = await listen(parties, tls);
    listeners.push(listener);
    return listener;
  };

  const identity = createStubIdentity({
    tenant,
    now,
    defaultRegion: names[0]!,
    tokenLifeMs: options.tokenLifeMs ?? 86_400_000,
    tokenPrefix: options.tokenPrefix ?? 'stub-token-',
    catalog: () => [...catalogOf(regions.values(), tenant, options.endpoint), ...(options.services ?? [])],
  });
  const shared: Party[] = [identity.party];
  const main = await open(shared, options.tls?.identity);
  for (const name of names) {
    const parties: Party[] = onePort ? shared : [];
    const listener = onePort ? main : await open(parties, options.tls?.regions);
    const prefix = onePort ? `/${name.toLowerCase()}` : '';
    const { region, party } = createStubRegion({
      name,
      prefix,
      tenant,
      listener,
      accepts: identity.accepts,
      now,
    });
    regions.set(name, region);
    parties.push(party);
  }

  return {
    identityUrl: `${main.origin}/v2.0`,
    tenant,
    identity: { ...identity.service, refuse: main.refuse, accept: main.accept },
    region(name) {
      const region = regions.get(name);
      if (!region) throw new Error(`the stub upstream was started without a region ${name}`);
      return region;
    },
    async close() {
      await Promise.all(listeners.map((listener) => listener.close()));
    },
  };
}

/**
 * A catalog like the real ones: the compute service beside others, first generation `cloudServers` (of type compute
 * too, without regions) among them.
 */
function catalogOf(
  regions: Iterable<StubRegion>,
  tenantId: string,
  change: NonNullable<StubUpstreamOptions['endpoint']> = (own) => own,
): unknown[] {
  const endpoints = [...regions].map(({ name, url }) => {
    const origin = new URL(url).origin;
    const root = url.slice(0, url.indexOf('/v2/'));
    return {
      region: name,
      tenantId,
      publicURL: url,
      versionId: '2',
      versionInfo: `${root}/v2`,
      versionList: origin === root ? `${root}/` : root,
    };
  });
  const volumes = endpoints.map(({ region }) => ({
    region,
    tenantId,
    publicURL: `http://${region.toLowerCase()}.volumes.test/v1/${tenantId}`,
  }));
  return [
    {
      name: 'cloudServers',
      type: 'compute',
      endpoints: [{ tenantId, publicURL: `http://first.test/v1.0/${tenantId}` }],
    },
    { name: 'cloudBlockStorage', type: 'volume', endpoints: volumes },
    { name: 'cloudServersOpenStack', type: 'compute', endpoints: endpoints.map(change) },
  ];
}
