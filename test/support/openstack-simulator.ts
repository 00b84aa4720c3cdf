import { onTestFinished } from 'vitest';
import type { Tree } from '../../src/settings/tree.ts';
import { type SimulatorInput, simulatorSettings } from '../../src/simulator/config.ts';
import type { Exchange } from '../../src/simulator/exchange.ts';
import { createSimulator, type Simulator } from '../../src/simulator/simulator.ts';
import { type Answered, type AskOptions, ask as askPlainly } from './ask.ts';
import { FakeClock } from './fake-clock.ts';
import { startGateway, type TestGateway } from './gateway.ts';

/** A cloud of today in memory, and its demo user logged in. */
export interface Cloud {
  readonly simulator: Simulator;
  readonly clock: FakeClock;
  readonly url: string;
  /** The user's own project, by id. */
  readonly project: string;
  /** The `identity` of a login with the user's password. */
  readonly identity: object;
  login(identity?: object, scope?: unknown): Promise<Response>;
  /** A fresh token of the user's own project. */
  token(): Promise<string>;
  /** Asks anything below the root with one token that is kept. */
  ask(path: string, init?: RequestInit): Promise<Response>;
  /** Asks the region DFW's compute service, project in the path. */
  compute(path: string, init?: RequestInit): Promise<Response>;
  create(name: string, image: string, more?: object, minor?: number): Promise<Response>;
  /** What has arrived so far, the oldest first. */
  seen(): readonly Exchange[];
  /** What of it was for the compute service of a region. */
  arrived(region: string): Exchange[];
}

/** Sluice in front of a cloud. */
export interface Front {
  readonly gateway: TestGateway;
  /** Asks Sluice for anything below its root. */
  ask(path: string, options?: AskOptions): Promise<Answered>;
  /** Asks it for the region DFW's compute service, project in the path. */
  compute(path: string, options?: AskOptions): Promise<Answered>;
}

const identity = {
  methods: ['password'],
  password: {
    user: { name: 'demo', domain: { name: 'Default' }, password: 'demo-password-for-the-simulator-only' },
  },
};

/** Starts the preset `openstack` (or another) on a free port, with a clock that stands still; gone when the test is. */
export async function startCloud(input: SimulatorInput = {}, clock = new FakeClock()): Promise<Cloud> {
  const settings = simulatorSettings({ preset: 'openstack', port: 0, ...input });
  const exchanges: Exchange[] = [];
  const simulator = createSimulator(settings, {
    clock,
    observe: (exchange) => void exchanges.push(exchange),
  });
  onTestFinished(() => simulator.close());
  const { url } = await simulator.listen();
  const project = settings.users[0]!.tenant;

  const login = (given: object = identity, scope?: unknown) =>
    fetch(`${url}/v3/auth/tokens`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ auth: { identity: given, ...(scope === undefined ? {} : { scope }) } }),
    });
  const token = async () => (await login()).headers.get('x-subject-token')!;
  let kept: Promise<string> | undefined;
  const ask = async (path: string, init: RequestInit = {}) => {
    kept ??= token();
    return fetch(url + path, { ...init, headers: { 'x-auth-token': await kept, ...init.headers } });
  };
  const compute = (path: string, init?: RequestInit) => ask(`/dfw/v2.1/${project}${path}`, init);
  return {
    simulator,
    clock,
    url,
    project,
    identity,
    login,
    token,
    ask,
    compute,
    create: (name, image, more = {}, minor = 1) =>
      compute('/servers', {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'openstack-api-version': `compute 2.${minor}` },
        body: JSON.stringify({ server: { name, imageRef: image, flavorRef: '2', ...more } }),
      }),
    seen: () => exchanges,
    arrived: (region) =>
      exchanges.filter(
        ({ region: at, incoming }) => at === region && !/^\/(?:image|network|volume)\//.test(incoming.path),
      ),
  };
}

/**
 * Starts Sluice with the cloud's demo user as its account; gone when the test is.
 *
 * @param settings over the defaults
 * @param options.standstill it goes by the cloud's clock; false: by the machine's, which pauses between attempts need
 */
export async function startFront(
  cloud: Cloud,
  settings: Tree = {},
  { untilReady = true, standstill = true } = {},
): Promise<Front> {
  const { user } = identity.password;
  const gateway = await startGateway({
    identityUrl: '',
    ...(standstill ? { clock: cloud.clock } : {}),
    untilReady,
    settings: {
      accounts: [
        {
          name: 'main',
          identity: {
            url: `${cloud.url}/v3`,
            username: user.name,
            password: user.password,
            userDomain: user.domain,
            project: { name: 'demo', domain: user.domain },
          },
        },
      ],
      ...settings,
    },
  });
  onTestFinished(() => gateway.close());
  const ask = (path: string, options?: AskOptions) => askPlainly(gateway.url + path, options);
  return { gateway, ask, compute: (path, options) => ask(`/dfw/v2.1/${cloud.project}${path}`, options) };
}
