/** Where the matrix plays: two accounts, every service, and one gateway with a listener of each kind. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { CLASS_NAMES } from '../../../src/cache/classes.ts';
import type { Tree } from '../../../src/settings/tree.ts';
import { makeCertificate } from '../../support/certificates.ts';
import { keysMode } from '../../support/clients.ts';
import { FAST_PATH, startGateway, type TestGateway } from '../../support/gateway.ts';
import { type Answer, json, noContent } from '../../support/stub-answers.ts';
import { STUB_CREDENTIALS } from '../../support/stub-identity.ts';
import { type StubService, startStubService } from '../../support/stub-service.ts';
import { type StubUpstream, startStubUpstream } from '../../support/stub-upstream.ts';
import { ACCOUNTS, type AccountName, CLIENTS, NAMES, REGIONS } from './grants.ts';
import { COMPUTE, SERVICES } from './operations.ts';

/** The listeners of the gateway, in their order. */
export const LISTENERS = ['keys', 'node', 'tls', 'second', 'open', 'passing', 'openPassing'] as const;
export type ListenerName = (typeof LISTENERS)[number];

export interface World {
  readonly gateway: TestGateway;
  readonly upstreams: Record<AccountName, StubUpstream>;
  /** All other services, by `/{service}/…`. */
  readonly services: StubService;
  url(listener: ListenerName): string;
  /** Starts another gateway before the same accounts, with the same clients. @param access beside them */
  startGateway(settings: Tree, access?: Tree): Promise<TestGateway>;
  /** What regions and services were asked since `forget`, as `METHOD path`; not what Sluice asks for itself. */
  seen(): string[];
  forget(): void;
}

/** The world of a test file; its parts are there once its tests begin. */
export function createWorld(): World {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-access-matrix-'));
  const closing: (() => Promise<unknown>)[] = [];
  const world = {} as { -readonly [K in keyof World]: World[K] };
  const start = async (settings: Tree, access: Tree = {}): Promise<TestGateway> => {
    const { username, apiKey } = STUB_CREDENTIALS;
    const accounts = NAMES.map((name) => ({
      name,
      identity: { url: world.upstreams[name].identityUrl, username, apiKey },
    }));
    // A refresh that comes late would be taken for the request of somebody who is refused.
    const cache = Object.fromEntries(CLASS_NAMES.map((name) => [name, { staleWhileRevalidate: 0 }]));
    const common = { accounts, cache, limits: { enabled: false }, log: { requests: 'errors' } };
    const gateway = await startGateway({
      identityUrl: '',
      settings: {
        ...common,
        ...keysMode(
          CLIENTS.map(({ client }) => client),
          access,
        ),
        ...settings,
      },
    });
    closing.unshift(() => gateway.close());
    return gateway;
  };
  world.startGateway = start;
  world.url = (listener) => world.gateway.urls[LISTENERS.indexOf(listener)]!;
  world.seen = () =>
    [...world.services.requests(), ...regionsOf(world)].map(({ method, path }) => `${method} ${path}`);
  world.forget = () => {
    world.services.forget();
    for (const name of NAMES)
      for (const region of ACCOUNTS[name].regions) world.upstreams[name].region(region).forget();
  };

  beforeAll(async () => {
    const services = await startStubService();
    closing.push(services.close);
    world.services = services;
    for (let depth = 1; depth < 8; depth++) services.on(`* ${'/*'.repeat(depth)}`, anything);
    const [main, other] = await Promise.all(NAMES.map((name) => startAccount(name, services.origin)));
    world.upstreams = { main: main!, other: other! };
    for (const name of NAMES) closing.push(() => world.upstreams[name].close());
    world.gateway = await start({ listen: listenersIn(folder) as never });
  });
  afterAll(async () => {
    for (const close of closing) await close();
    rmSync(folder, { recursive: true });
  });
  return world as World;
}

const regionsOf = ({ upstreams }: Pick<World, 'upstreams'>) =>
  NAMES.flatMap((name) =>
    ACCOUNTS[name].regions.flatMap((region) => upstreams[name].region(region).requests()),
  );

const anything: Answer = (exchange) =>
  (exchange.request.method === 'DELETE' ? noContent() : json({ images: [] }))(exchange);

/** One listener of each kind; links are of no interest here. */
function listenersIn(folder: string): Tree[] {
  const { cert, key } = makeCertificate({ name: 'sluice', names: ['IP:127.0.0.1'] });
  const [certFile, keyFile] = [join(folder, 'tls.crt'), join(folder, 'tls.key')];
  writeFileSync(certFile, cert);
  writeFileSync(keyFile, key);
  const of: Record<ListenerName, Tree> = {
    keys: { regions: Object.fromEntries(REGIONS.map((region) => [region, 0])) },
    node: { fastPath: false },
    tls: { tls: { certFile, keyFile } },
    second: { access: { mode: 'keys' } },
    open: { access: { mode: 'open' } },
    passing: { access: { mode: 'keys', passThrough: true } },
    openPassing: { access: { mode: 'open', passThrough: true } },
  };
  return LISTENERS.map((name) => ({ port: 0, fastPath: FAST_PATH, ...of[name] }));
}

async function startAccount(name: AccountName, origin: string): Promise<StubUpstream> {
  const { tenant, regions } = ACCOUNTS[name];
  const catalog = { image: '/image/v2', network: '/network', volumev3: `/volume/v3/${tenant}` };
  const services = SERVICES.map(({ type }) => ({
    name: `cloud-${type}`,
    type,
    endpoints: regions.map((region) => ({ region, tenantId: tenant, publicURL: origin + catalog[type] })),
  }));
  const upstream = await startStubUpstream({
    tenant,
    regions: [...regions],
    services,
    tokenPrefix: `token-of-${name}-`,
  });
  for (const region of regions)
    for (const { method, path } of COMPUTE)
      if (method !== 'GET' || /\/x\d|^\/os-/.test(path))
        upstream.region(region).on(`${method} ${path}`, method === 'DELETE' ? noContent() : json({}));
  return upstream;
}
