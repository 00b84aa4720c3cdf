import { onTestFinished, test } from 'vitest';
import { FakeClock } from './fake-clock.ts';
import { startGateway, type TestGateway, type TestGatewayOptions } from './gateway.ts';
import type { StubRegion } from './stub-region.ts';
import { type StubUpstream, type StubUpstreamOptions, startStubUpstream } from './stub-upstream.ts';

/** What a scenario plays in: a scripted upstream and a gateway in front of it. */
export interface Scene {
  readonly upstream: StubUpstream;
  readonly gateway: TestGateway;
  /** The upstream's region DFW; using it where there is none fails. */
  readonly dfw: StubRegion;
  /** The clock of upstream and gateway; it stands still, if the options ask for it, and is nobody's otherwise. */
  readonly clock: FakeClock;
}

export interface SceneOptions
  extends Omit<StubUpstreamOptions, 'now'>,
    Pick<TestGatewayOptions, 'credentials' | 'settings' | 'untilReady' | 'environment'> {
  /**
   * Time stands still until the test turns `clock`: `true` at the machine's time, a number at that instant (ms since the
   * epoch). Tokens last 30 days then unless `tokenLifeMs` says otherwise. Without it both go by the machine's clock.
   */
  standstill?: true | number;
  /** Scripts the upstream before the gateway first asks it. */
  script?: (upstream: StubUpstream) => void;
  /** What has happened before the test begins; the gateway serves by now. */
  begin?: () => Promise<unknown>;
}

const THIRTY_DAYS_MS = 30 * 86_400_000;

/** Sets a scene that is gone when the test is: for a test that needs one of its own. */
export async function setScene(options: SceneOptions = {}): Promise<Scene> {
  const { scene, close } = await openScene(options);
  onTestFinished(close);
  await options.begin?.();
  return scene;
}

/**
 * The `it` of a file of scenarios, which sets a scene before each test (`scope` test) or once before the first (file), ahead of
 * the file's `beforeEach`, and strikes it behind its `afterEach`. The parts stand for those of the test that runs, so that
 * the helpers of the file may close over them:
 *
 * ```ts
 * const { it, gateway, dfw } = scenario('test', { settings: { upstream: { retries: 0 } } });
 * const get = (path: string) => ask(`${gateway.url}/dfw/v2/700100${path}`);
 *
 * it('…', async () => {
 *   await get('/servers');
 *   expect(dfw.count('GET /servers')).toBe(1);
 * });
 * ```
 */
export function scenario(scope: 'test' | 'file', options: SceneOptions = {}) {
  let current: Scene | undefined;
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads in the pattern which fixtures this one needs
  const set = async ({}, use: (scene: Scene) => Promise<void>) => {
    const { scene, close } = await openScene(options);
    try {
      current = scene;
      await options.begin?.();
      await use(scene);
    } finally {
      await close();
    }
  };
  const it = test.extend<{ scene: Scene }>({ scene: [set, { auto: true, scope }] });
  const part = <K extends keyof Scene>(name: K): Scene[K] =>
    standIn(() => {
      if (current === undefined) throw new Error('there is no scene outside a test');
      return current[name];
    });
  return { it, upstream: part('upstream'), gateway: part('gateway'), dfw: part('dfw'), clock: part('clock') };
}

/** An object that is, at every use, the one `now` gives. */
function standIn<T extends object>(now: () => T): T {
  return new Proxy({} as T, {
    get(_, key) {
      const target = now();
      const value: unknown = Reflect.get(target, key);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

async function openScene(options: SceneOptions): Promise<{ scene: Scene; close: () => Promise<void> }> {
  const { standstill, script, credentials, settings, untilReady, environment } = options;
  const clock = new FakeClock(typeof standstill === 'number' ? standstill : Date.now());
  const time = standstill === undefined ? {} : { now: () => clock.now(), tokenLifeMs: THIRTY_DAYS_MS };
  const upstream = await startStubUpstream({ ...time, ...options });
  try {
    script?.(upstream);
    const gateway = await startGateway({
      identityUrl: upstream.identityUrl,
      ...(standstill === undefined ? {} : { clock }),
      ...(credentials === undefined ? {} : { credentials }),
      ...(settings === undefined ? {} : { settings }),
      ...(untilReady === undefined ? {} : { untilReady }),
      ...(environment === undefined ? {} : { environment }),
    });
    const close = async () => {
      await gateway.close();
      await upstream.close();
    };
    return { scene: { upstream, gateway, clock, dfw: standIn(() => upstream.region('DFW')) }, close };
  } catch (error) {
    await upstream.close();
    throw error;
  }
}
