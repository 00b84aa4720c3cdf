/** The documents that the bench's upstream sends; all peers carry the same ones. */

export const TENANT = '700100';
export const CREDENTIALS = { username: 'bench', apiKey: 'bench-key' } as const;

const SERVER_ID = '4f1f7f0e-6c0d-4a35-b6ad-2f4b51a3b9d7';

/** Paths at the upstream. */
export const PATHS = {
  /** A list that Sluice caches. */
  cached: `/v2/${TENANT}/flavors/detail`,
  /** A server, never cached. */
  uncached: `/v2/${TENANT}/servers/${SERVER_ID}`,
  /** A list whose items Sluice computes. */
  list: `/v2/${TENANT}/images/detail`,
  /** A path that no row of the operations table knows: it is streamed. */
  streamed: `/v2/${TENANT}/os-keypairs`,
  /** For peers that cache an upstream's bytes: those of Sluice's own answer. */
  copy: '/copy/flavors/detail',
} as const;

const bytes = (document: unknown): Buffer => Buffer.from(JSON.stringify(document));

function linksOf(origin: string, path: string): { rel: string; href: string }[] {
  return [
    { rel: 'self', href: `${origin}/v2/${TENANT}${path}` },
    { rel: 'bookmark', href: `${origin}/${TENANT}${path}` },
  ];
}

/** Seven flavors, about 3 kB. */
export function flavorsDocument(origin: string): Buffer {
  const flavors = [512, 1024, 2048, 4096, 8192, 15_360, 30_720].map((ram, index) => ({
    id: String(index + 2),
    name: `${ram} MB Standard Instance`,
    ram,
    disk: 20 * 2 ** index,
    vcpus: Math.max(1, index),
    swap: ram,
    rxtx_factor: 2 * (index + 1),
    'OS-FLV-DISABLED:disabled': false,
    links: linksOf(origin, `/flavors/${index + 2}`),
  }));
  return bytes({ flavors });
}

/** Images in the list, far more than the crowded cache of the bench has room for as items. */
export const IMAGE_COUNT = 300;

export const imagePath = (index: number): string => `/v2/${TENANT}/images/${imageId(index)}`;

const imageId = (index: number): string => `7c0d5c1e-95c4-4e8c-8d8e-${index.toString(16).padStart(12, '0')}`;

/** What a provider notes on each of its images. */
export const PROVIDER_METADATA = Object.fromEntries(
  [
    'build_core',
    'build_managed',
    'build_rackconnect',
    'options',
    'release_id',
    'release_version',
    'source',
    'visible_core',
    'visible_managed',
    'visible_rackconnect',
  ].map((name, index) => [`com.example__1__${name}`, String(index % 3)]),
);

/** The list of images with details, about half a kB each without further metadata. */
export function imagesDocument(origin: string, count = IMAGE_COUNT, metadata: object = {}): Buffer {
  const images = Array.from({ length: count }, (_, index) => ({
    id: imageId(index),
    name: `base image ${index}`,
    status: 'ACTIVE',
    progress: 100,
    minDisk: 20,
    minRam: 512,
    created: '2026-01-01T10:01:02Z',
    updated: '2026-01-01T10:05:42Z',
    'OS-DCF:diskConfig': 'AUTO',
    metadata: { image_type: 'base', os_distro: 'debian', release: `2026.${index}`, ...metadata },
    links: linksOf(origin, `/images/${imageId(index)}`),
  }));
  return bytes({ images });
}

/** One server with all that a real one carries, about 2 kB. */
export function serverDocument(origin: string): Buffer {
  const image = '7c0d5c1e-95c4-4e8c-8d8e-6a4f2d4f8a10';
  const server = {
    id: SERVER_ID,
    name: 'web-frontend-0042',
    status: 'ACTIVE',
    progress: 100,
    tenant_id: TENANT,
    user_id: '170454',
    hostId: '33ccb6c82f3625748b6f2338f54d8e9df07cc583251e001355569056',
    created: '2026-02-01T10:01:02Z',
    updated: '2026-02-01T10:05:42Z',
    accessIPv4: '203.0.113.60',
    accessIPv6: '2001:db8:7817:101:be76:4eff:fe04:5e21',
    addresses: {
      public: [
        { version: 4, addr: '203.0.113.60' },
        { version: 6, addr: '2001:db8:7817:101:be76:4eff:fe04:5e21' },
      ],
      private: [{ version: 4, addr: '10.176.205.68' }],
    },
    image: { id: image, links: linksOf(origin, `/images/${image}`).slice(1) },
    flavor: { id: 'performance1-2', links: linksOf(origin, '/flavors/performance1-2').slice(1) },
    metadata: { role: 'frontend', group: 'blue', owner: 'team-storefront', release: '2026.02.1' },
    links: linksOf(origin, `/servers/${SERVER_ID}`),
    config_drive: '',
    key_name: 'operations',
    'OS-DCF:diskConfig': 'AUTO',
    'OS-EXT-STS:vm_state': 'active',
    'OS-EXT-STS:task_state': null,
    'OS-EXT-STS:power_state': 1,
    'rax-bandwidth:bandwidth': ['public', 'private'].map((network) => ({
      interface: network,
      bandwidth_inbound: 214_303_332,
      bandwidth_outbound: 76_110_223,
      audit_period_start: '2026-02-01T00:00:00Z',
      audit_period_end: '2026-02-02T00:00:00Z',
    })),
    security_groups: [{ name: 'default' }],
  };
  return bytes({ server });
}

/** Limits like a real account's, so high that nothing ever waits: what is measured is the counting. */
export function limitsDocument(): Buffer {
  const row = (uri: string, regex: string, verb: string, value: number, unit: string) => ({
    uri,
    regex,
    limit: [{ verb, value, remaining: value, unit, 'next-available': '2026-01-01T00:00:00Z' }],
  });
  const rate = [
    row('*', '.*', 'GET', 100_000_000, 'MINUTE'),
    row('*', '.*', 'POST', 100_000_000, 'MINUTE'),
    row('*', '.*', 'DELETE', 100_000_000, 'MINUTE'),
    row('/servers', '^/servers', 'POST', 100_000_000, 'DAY'),
    row('*changes-since*', '.*changes-since.*', 'GET', 100_000_000, 'MINUTE'),
  ];
  return bytes({ limits: { rate, absolute: { maxTotalInstances: 100, maxTotalRAMSize: 262_144 } } });
}

/** The answer to a login; its token outlives every run. */
export function accessDocument(origin: string): Buffer {
  const endpoints = [
    {
      region: 'DFW',
      tenantId: TENANT,
      publicURL: `${origin}/v2/${TENANT}`,
      versionId: '2',
      versionInfo: `${origin}/v2`,
      versionList: `${origin}/`,
    },
  ];
  return bytes({
    access: {
      token: {
        id: 'bench-token',
        expires: new Date(Date.now() + 86_400_000).toISOString(),
        tenant: { id: TENANT, name: TENANT },
      },
      user: { id: '170454', name: CREDENTIALS.username, roles: [], 'RAX-AUTH:defaultRegion': 'DFW' },
      serviceCatalog: [{ name: 'cloudServersOpenStack', type: 'compute', endpoints }],
    },
  });
}

/** Key pairs, about 2 kB, as an extension answers them. */
export function keypairsDocument(): Buffer {
  const keypairs = ['alice', 'bob', 'carol', 'deploy'].map((name) => ({
    keypair: {
      name,
      fingerprint: 'b0:f9:aa:7b:71:0e:4a:4b:29:5e:b3:7a:de:fe:52:54',
      public_key: `ssh-rsa ${'A'.repeat(372)} ${name}`,
    },
  }));
  return bytes({ keypairs });
}
