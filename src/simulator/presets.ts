import { isJsonObject, type JsonObject } from '../json.ts';

/** Sets of defaults for the whole simulator, by name. What a configuration says itself goes over them. */

/** Names of the presets. */
export const PRESET_NAMES = ['guide', 'openstack', 'ovhcloud', 'rackspace-flex'] as const;

export type PresetName = (typeof PRESET_NAMES)[number];

const MEMBER_ROLES = [
  { id: '9fe2ff9ee4384b1894a90878d3e92bab', name: 'member' },
  { id: '1d4b1a0e7ab04a3b8b2ae39b5e8a9c11', name: 'reader' },
];

/** What a cloud of today has in common with the others, whoever runs it. Nobody's real credentials look like these. */
const OPENSTACK: JsonObject = {
  dialect: 'openstack',
  regions: ['DFW', 'ORD'],
  // One behind eventlet and a load balancer, the other, as Keystone, behind uwsgi as distributions ship it.
  closingRegions: ['ORD'],
  proxyHeaderRegions: ['DFW'],
  keystone: { closes: true },
  tokens: { regionCacheSeconds: 300 },
  users: [
    {
      username: 'demo',
      password: 'demo-password-for-the-simulator-only',
      tenant: '5e1f0c2a9b7d4e6f8a1b2c3d4e5f6071',
      tenantName: 'demo',
      projects: [{ id: '7a2b3c4d5e6f40718293a4b5c6d7e8f9', name: 'demo-second' }],
      applicationCredentials: [
        {
          id: 'c0ffee00c0ffee00c0ffee00c0ffee00',
          name: 'demo-credential',
          secret: 'demo-secret-for-the-simulator-only',
        },
      ],
      roles: MEMBER_ROLES,
    },
    {
      username: 'alt',
      password: 'alt-password-for-the-simulator-only',
      tenant: '2c3d4e5f60718293a4b5c6d7e8f90a1b',
      tenantName: 'alt',
      roles: MEMBER_ROLES,
    },
  ],
  rateLimits: { enabled: false, retryAfter: 'seconds' },
  absoluteLimits: {
    maxTotalInstances: 100,
    maxTotalCores: 400,
    maxTotalRAMSize: 1_024_000,
    maxServerMeta: 128,
    maxImageMeta: 128,
    maxPersonality: 5,
    maxPersonalitySize: 10_240,
    maxTotalKeypairs: 100,
  },
};

/**
 * OVHcloud's Public Cloud as its documentation says it in 2025: 60 logins a minute per user, and 20 requests a second per
 * project for each of Nova, Neutron, Glance and Cinder in a region; more is answered 429. Users have no default project.
 */
const OVHCLOUD: JsonObject = {
  ...OPENSTACK,
  regions: ['GRA11', 'SBG5'],
  keystone: { legacyCompute: false },
  users: (OPENSTACK['users'] as JsonObject[]).map((user) => ({ ...user, defaultProject: false })),
  serviceLimits: {
    limits: [
      {
        service: 'identity',
        scope: 'user',
        verb: 'POST',
        regex: '^/auth/tokens$',
        value: 60,
        unit: 'MINUTE',
      },
      ...['compute', 'network', 'image', 'volume'].map((service) => ({
        service,
        scope: 'project',
        value: 20,
        unit: 'SECOND',
      })),
    ],
  },
};

/**
 * Rackspace's OpenStack Flex as its documentation says it in 2025: a Keystone a region, the users' domain
 * `rackspace_cloud_domain`, the API key as the password, tokens of 12 hours.
 */
const RACKSPACE_FLEX: JsonObject = {
  ...OPENSTACK,
  regions: ['SJC3', 'DFW3', 'IAD3'],
  keystone: { perRegion: true, legacyCompute: false },
  tokens: { lifetimeSeconds: 43_200, regionCacheSeconds: 300 },
  users: (OPENSTACK['users'] as JsonObject[]).map(({ password, ...user }) => ({
    ...user,
    domain: 'rackspace_cloud_domain',
    apiKey: String(password).replace('password', 'api-key'),
  })),
};

const PRESETS: Readonly<Record<PresetName, JsonObject>> = {
  guide: {},
  openstack: OPENSTACK,
  ovhcloud: OVHCLOUD,
  'rackspace-flex': RACKSPACE_FLEX,
};

/** Settings with the preset they name under them; lists are not joined. Settings that are none stay as they are. */
export function withPreset<T>(settings: T): T {
  const name = isJsonObject(settings) ? settings['preset'] : undefined;
  const preset = PRESET_NAMES.find((known) => known === name);
  return preset === undefined ? settings : (underlay(PRESETS[preset], settings as JsonObject) as T);
}

function underlay(under: JsonObject, over: JsonObject): JsonObject {
  const joined: JsonObject = { ...structuredClone(under), ...over };
  for (const [key, value] of Object.entries(over)) {
    const below = under[key];
    if (isJsonObject(value) && isJsonObject(below)) joined[key] = underlay(below, value);
  }
  return joined;
}
