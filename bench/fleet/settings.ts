import type { SimulatorInput } from '../../src/simulator/config.ts';
import type { Dialect } from './clients.ts';
import type { Cloud } from './exchange.ts';
import type { FifoLimit } from './fifo/proxy.ts';

/** The clouds that the fleet is sent to: what the simulator enforces, and what proxy and gateway are told of it. */

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;

/** Names of the clouds, as `--limits` takes them. */
export const LIMITS = ['ovhcloud', 'guide'] as const;
export type LimitsName = (typeof LIMITS)[number];

/** One cloud with its limits. */
export interface CloudSettings {
  /** In a word. */
  readonly name: string;
  readonly title: string;
  readonly dialect: Dialect;
  /** Of `sluice simulate`, port and times apart. */
  readonly simulator: SimulatorInput;
  /** What the FIFO proxy is told: the limits that the jobs meet. */
  readonly fifo: readonly FifoLimit[];
  /** Of `sluice serve`, ports apart: what a user of that cloud would write. */
  readonly gateway: (authUrl: string) => object;
  /** How a job logs in; the auth URL is that of the way it goes. */
  readonly login: Omit<Cloud, 'dialect' | 'authUrl'>;
  /** Below the root of whatever is asked. */
  readonly authPath: string;
}

/** Room for every job's server at once, whichever flavors chance gives them. */
const QUOTAS = { maxTotalInstances: 10_000, maxTotalCores: 100_000, maxTotalRAMSize: 1_000_000_000 };

const OVHCLOUD: CloudSettings = {
  name: 'OVHcloud',
  title: 'OVHcloud’s published limits: 60 logins a minute, 20 requests a second at each service',
  dialect: 'openstack',
  simulator: { preset: 'ovhcloud', absoluteLimits: QUOTAS },
  fifo: [
    { method: 'POST', path: '^/v3/auth/tokens$', value: 60, unitMs: MINUTE },
    ...['^/gra11/', '^/image/gra11', '^/network/gra11'].map((path) => ({ path, value: 20, unitMs: SECOND })),
  ],
  login: {
    username: 'demo',
    password: 'demo-password-for-the-simulator-only',
    project: '5e1f0c2a9b7d4e6f8a1b2c3d4e5f6071',
    region: 'GRA11',
  },
  authPath: '/v3',
  // config/ovhcloud.yaml with its variables filled in.
  gateway: (url) => ({
    accounts: [
      {
        name: 'main',
        identity: {
          url,
          username: 'demo',
          password: 'demo-password-for-the-simulator-only',
          userDomain: { name: 'Default' },
          project: { id: '5e1f0c2a9b7d4e6f8a1b2c3d4e5f6071' },
        },
      },
    ],
    limits: { source: 'static', preset: 'ovhcloud' },
  }),
};

const GUIDE: CloudSettings = {
  name: 'the guide',
  title: 'the guide’s limits (Table 1.3): 100 GETs and 100 POSTs a minute, 1,000 of each on /servers a day',
  dialect: 'guide',
  // Fixed windows, every limit that matches charged: as Rackspace's regions count since Repose 3.1.
  simulator: { preset: 'guide', rateLimits: { algorithm: 'fixed' }, absoluteLimits: QUOTAS },
  fifo: [
    { method: 'GET', path: '^/dfw/v2/[^/]+/servers', value: 1000, unitMs: DAY },
    { method: 'POST', path: '^/dfw/v2/[^/]+/servers', value: 1000, unitMs: DAY },
    { method: 'GET', path: '^/dfw/', value: 100, unitMs: MINUTE },
    { method: 'POST', path: '^/dfw/', value: 100, unitMs: MINUTE },
  ],
  login: {
    username: 'demo',
    password: 'demo-password-for-the-simulator-only',
    apiKey: 'demo-api-key-for-the-simulator-only',
    project: '424242',
    region: 'DFW',
  },
  authPath: '/v2.0',
  // config/rackspace-us.yaml with its variables filled in; the limits are those that the region publishes.
  gateway: (url) => ({
    accounts: [
      {
        name: 'main',
        identity: { url, username: 'demo', apiKey: 'demo-api-key-for-the-simulator-only' },
        interface: 'public',
      },
    ],
  }),
};

/** The clouds by name. */
export const CLOUDS: Readonly<Record<LimitsName, CloudSettings>> = { ovhcloud: OVHCLOUD, guide: GUIDE };
