import type { SimulatorInput } from '../../src/simulator/config.ts';
import { simulatorSettings } from '../../src/simulator/config.ts';
import { createSimulator } from '../../src/simulator/simulator.ts';
import type { Format } from '../../src/translation/format.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { startGateway } from '../support/gateway.ts';
import { createClient, type Endpoint } from './client.ts';
import { logIn } from './login.ts';
import { readRange } from './range.ts';
import type { Need } from './section.ts';
import type { Arena } from './suite.ts';
import type { Identity, WorldControl } from './trial.ts';

/** How the suite reaches the simulator; `openstack`: through Sluice, and the simulator speaks as clouds of today do. */
export type Way = 'direct' | 'sluice' | 'openstack';

/** A simulator of our own, with Sluice before it or not: everything the suite can try, it can try here. */
export interface World extends Arena {
  close(): Promise<void>;
}

const REGION = 'DFW';
const VOLUME = '5f0c7a10-5555-4a6e-b0d2-31c4aa000005';
const EVERYTHING: ReadonlySet<Need> = new Set(['read', 'write', 'world', 'identity', 'volume']);

/** One account that is hardly limited, and one with the limits of Table 1.3. */
const WIDE = { username: 'wide', apiKey: 'key-of-wide', tenant: '530011' };
const NARROW = { username: 'narrow', apiKey: 'key-of-narrow', tenant: '530022' };

const SETTINGS: SimulatorInput = {
  port: 0,
  regions: [REGION],
  users: [WIDE, NARROW],
  // Time is turned by days here; tokens must not get in the way.
  tokens: { lifetimeSeconds: 365 * 86_400 },
  rateLimits: { perAccount: { [WIDE.username]: [{ verb: 'ALL', uri: '*', value: 1_000_000, unit: 'DAY' }] } },
};

/** Where both accounts are reached. */
interface Reach {
  readonly wide: Endpoint;
  readonly narrow: Endpoint;
  readonly identity: Identity;
  readonly guarded: boolean;
  close(): Promise<void>;
}

/** Starts a simulator whose clock stands still until a case turns it, and the gateway if that is the way. */
export async function startWorld(way: Way): Promise<World> {
  const clock = new FakeClock();
  const settings = way === 'openstack' ? { ...SETTINGS, preset: 'openstack' as const } : SETTINGS;
  const simulator = createSimulator(simulatorSettings(settings), { clock });
  const { url, identityUrl } = await simulator.listen();
  const reach =
    way === 'direct'
      ? await reachDirectly(url, identityUrl)
      : await reachBySluice(identityUrl, clock, way === 'openstack' ? 'v2.1' : 'v2');
  const range = await readRange(createClient(reach.wide, 'json'));

  const control = (format: Format): WorldControl => ({
    fail: (kind, id, message) => simulator.control.fail(REGION, kind, id, message),
    setStatus: (id, status) => simulator.control.setServerStatus(REGION, id, status),
    async under(conditions, work) {
      simulator.control.setConditions(REGION, conditions);
      await work().finally(() =>
        simulator.control.setConditions(REGION, { scarcity: false, imagesDown: false }),
      );
    },
    limited: createClient(reach.narrow, format),
  });
  return {
    allowed: reach.guarded ? new Set<Need>([...EVERYTHING, 'guarded', 'guardedIdentity']) : EVERYTHING,
    ground: (format, observe) => ({
      client: createClient(reach.wide, format, observe),
      pass: (ms) => clock.advance(ms),
      now: () => clock.now(),
      control: control(format),
      identity: reach.identity,
      volumeId: VOLUME,
      guarded: reach.guarded,
      range,
    }),
    async close() {
      await reach.close();
      await simulator.close();
    },
  };
}

async function reachDirectly(url: string, identityUrl: string): Promise<Reach> {
  const endpoint = async ({ username, apiKey, tenant }: typeof WIDE): Promise<Endpoint> => ({
    baseUrl: `${url}/${REGION.toLowerCase()}/v2/${tenant}`,
    token: (await logIn(identityUrl, username, apiKey)).token.id,
  });
  return {
    wide: await endpoint(WIDE),
    narrow: await endpoint(NARROW),
    identity: { url: identityUrl, ...WIDE },
    guarded: true,
    close: async () => {},
  };
}

async function reachBySluice(identityUrl: string, clock: FakeClock, version: 'v2' | 'v2.1'): Promise<Reach> {
  const account = ({ username, apiKey }: typeof WIDE) => ({
    name: username,
    identity: { url: identityUrl, username, apiKey },
  });
  const gateway = await startGateway({
    identityUrl,
    clock,
    settings: { accounts: [account(WIDE), account(NARROW)] },
  });
  const endpoint = ({ tenant }: typeof WIDE): Endpoint => ({
    baseUrl: `${gateway.url}/${REGION.toLowerCase()}/${version}/${tenant}`,
    token: null,
  });
  return {
    wide: endpoint(WIDE),
    narrow: endpoint(NARROW),
    identity: { url: `${gateway.url}/v2.0`, ...WIDE },
    guarded: false,
    close: () => gateway.close(),
  };
}
