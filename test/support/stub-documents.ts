import { type Answer, empty, fault, json, noContent, type StubRequest } from './stub-answers.ts';

/** Where a region's documents say they live. */
export interface StubPlace {
  /** Path before the version: empty, or `/dfw` when all regions share a port. */
  readonly prefix: string;
  readonly tenant: string;
}

/** Ids that the built-in documents use. */
export const STUB = {
  serverId: '9b7f2c1e-40d3-4b0a-8c55-2f6f1f1d0a01',
  otherServerId: '9b7f2c1e-40d3-4b0a-8c55-2f6f1f1d0a02',
  newServerId: '9b7f2c1e-40d3-4b0a-8c55-2f6f1f1d0a03',
  imageId: '51c2a8d4-7e0b-4f6e-9d3a-6b1d0c7e2b01',
  newImageId: '51c2a8d4-7e0b-4f6e-9d3a-6b1d0c7e2b02',
  adminPass: 'stub-Adm1n-Pass',
} as const;

const linksOf = (place: StubPlace, request: StubRequest, path: string) => [
  { rel: 'self', href: `${request.origin}${place.prefix}/v2/${place.tenant}${path}` },
  { rel: 'bookmark', href: `${request.origin}${place.prefix}/${place.tenant}${path}` },
];

/** A server as the detail list has it. */
export function stubServer(place: StubPlace, request: StubRequest, id: string): Record<string, unknown> {
  return {
    id,
    name: `stub-${id.slice(-2)}`,
    status: 'ACTIVE',
    progress: 100,
    tenant_id: place.tenant,
    user_id: '4242',
    hostId: 'd9f1c6',
    created: '2026-01-01T10:00:00Z',
    updated: '2026-01-01T10:05:00Z',
    accessIPv4: '192.0.2.10',
    accessIPv6: '2001:db8::10',
    addresses: { public: [{ version: 4, addr: '192.0.2.10' }], private: [{ version: 4, addr: '10.9.8.7' }] },
    flavor: { id: '2', links: linksOf(place, request, '/flavors/2').slice(1) },
    image: { id: STUB.imageId, links: linksOf(place, request, `/images/${STUB.imageId}`).slice(1) },
    metadata: { role: 'web' },
    'OS-DCF:diskConfig': 'AUTO',
    links: linksOf(place, request, `/servers/${id}`),
  };
}

/** A flavor as the detail list has it. */
export function stubFlavor(place: StubPlace, request: StubRequest, id: string): Record<string, unknown> {
  const size = Number(id);
  return {
    id,
    name: `${256 * 2 ** size} MB stub`,
    ram: 256 * 2 ** size,
    disk: 10 * 2 ** size,
    vcpus: Math.max(1, size - 1),
    swap: 256 * 2 ** size,
    rxtx_factor: 1.5,
    links: linksOf(place, request, `/flavors/${id}`),
  };
}

/** An image as the detail list has it; its alternate link leads to the image service. */
export function stubImage(place: StubPlace, request: StubRequest, id: string): Record<string, unknown> {
  return {
    id,
    name: 'Stub Linux 12',
    status: 'ACTIVE',
    progress: 100,
    created: '2026-01-01T09:00:00Z',
    updated: '2026-01-01T09:01:00Z',
    minDisk: 10,
    minRam: 256,
    metadata: { os_type: 'linux' },
    links: [
      ...linksOf(place, request, `/images/${id}`),
      { rel: 'alternate', type: 'application/vnd.openstack.image', href: `http://images.test/images/${id}` },
    ],
  };
}

/** Rows of `GET /limits`, the `rate` member. */
export interface StubRate {
  uri: string;
  regex: string;
  limit: { verb: string; value: number; remaining: number; unit: string; 'next-available': string }[];
}

const brief = (item: Record<string, unknown>) => ({
  id: item['id'],
  name: item['name'],
  links: item['links'],
});

/** What a region answers when nothing is scripted: a small, unchanging cloud. */
export function builtInAnswer(place: StubPlace, rates: () => StubRate[]): Answer {
  const servers = (request: StubRequest) =>
    [STUB.serverId, STUB.otherServerId].map((id) => stubServer(place, request, id));
  const flavors = (request: StubRequest) => ['2', '3'].map((id) => stubFlavor(place, request, id));
  const images = (request: StubRequest) => [stubImage(place, request, STUB.imageId)];
  const version = (request: StubRequest) => ({
    id: 'v2',
    status: 'CURRENT',
    updated: '2026-01-01T00:00:00Z',
    links: [{ rel: 'self', href: `${request.origin}${place.prefix}/v2/` }],
  });
  const answers: Record<string, Answer> = {
    'GET /': json((request: StubRequest) => ({ versions: [version(request)] })),
    'GET /v2': json((request: StubRequest) => ({ version: version(request) })),
    'GET /v2/': json((request: StubRequest) => ({ version: version(request) })),
    'GET /limits': json(() => ({ limits: { rate: rates(), absolute: { maxTotalInstances: 100 } } })),
    'GET /extensions': json({ extensions: [stubExtension] }),
    'GET /extensions/OS-DCF': json({ extension: stubExtension }),
    'GET /servers': json((request: StubRequest) => ({ servers: servers(request).map(brief) })),
    'GET /servers/detail': json((request: StubRequest) => ({ servers: servers(request) })),
    'GET /flavors': json((request: StubRequest) => ({ flavors: flavors(request).map(brief) })),
    'GET /flavors/detail': json((request: StubRequest) => ({ flavors: flavors(request) })),
    'GET /images': json((request: StubRequest) => ({ images: images(request).map(brief) })),
    'GET /images/detail': json((request: StubRequest) => ({ images: images(request) })),
    'POST /servers': createdServer(place),
  };
  return (exchange) => {
    const { request } = exchange;
    const found = answers[`${request.method} ${request.path}`] ?? memberAnswer(place, request);
    return found(exchange);
  };
}

const stubExtension = {
  alias: 'OS-DCF',
  name: 'DiskConfig',
  namespace: 'http://docs.stub.test/ext/disk_config',
  description: 'Disk configuration of the stub',
  updated: '2026-01-01T00:00:00Z',
  links: [],
};

function memberAnswer(place: StubPlace, request: StubRequest): Answer {
  const [, collection, id = '', rest] = request.path.split('/');
  const ids: Record<string, readonly string[]> = {
    servers: [STUB.serverId, STUB.otherServerId, STUB.newServerId],
    flavors: ['2', '3'],
    images: [STUB.imageId, STUB.newImageId],
  };
  if (!ids[collection ?? '']?.includes(id))
    return fault('itemNotFound', 404, 'The stub has no such resource.');
  if (rest === 'action' && request.method === 'POST') return actionAnswer(place, request, id);
  if (rest !== undefined) return fault('itemNotFound', 404, 'The stub has no such resource.');
  if (request.method === 'DELETE') return noContent();
  if (collection === 'servers') return json({ server: stubServer(place, request, id) });
  if (collection === 'flavors') return json({ flavor: stubFlavor(place, request, id) });
  return json({ image: stubImage(place, request, id) });
}

function actionAnswer(place: StubPlace, request: StubRequest, id: string): Answer {
  const action = Object.keys(JSON.parse(request.body) as object)[0];
  if (action === 'createImage')
    return empty(202, { location: `http://images.test//images/${STUB.newImageId}` });
  if (action === 'rescue') return json({ adminPass: STUB.adminPass });
  if (action === 'confirmResize') return noContent();
  if (action === 'rebuild') return json({ server: stubServer(place, request, id) }, 202);
  return empty();
}

function createdServer(place: StubPlace): Answer {
  return (exchange) => {
    const { request } = exchange;
    const links = linksOf(place, request, `/servers/${STUB.newServerId}`);
    const server = { id: STUB.newServerId, adminPass: STUB.adminPass, 'OS-DCF:diskConfig': 'AUTO', links };
    return json({ server }, 202, { location: links[0]!.href })(exchange);
  };
}
