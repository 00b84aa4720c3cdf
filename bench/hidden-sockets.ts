import { setTimeout as pause } from 'node:timers/promises';
import { Pool } from 'undici';
import { startGateway, type TestGateway } from '../test/support/gateway.ts';
import { type RedisServer, startRedis } from '../test/support/redis-server.ts';
import { createReferenceLimiter, type LimiterKind } from '../test/support/reference-upstreams.ts';
import { json } from '../test/support/stub-answers.ts';
import { type StubUpstream, startStubUpstream } from '../test/support/stub-upstream.ts';
import type { Tally } from '../test/unit/limits/learned/hidden-world.ts';

const PATH = '/dfw/v2/700100/os-keypairs';
/** Neither the limit nor a Retry-After. */
const TOO_MANY = json({ error: { code: 429, title: 'Too Many Requests' } }, 429);

/** The same as the world of the fake clock, over real sockets: a region with a hidden limit, and whole gateways in front of it. */
export class SocketWorld {
  #tally: Tally = { sent: 0, accepted: 0, rejected: 0, refused: 0 };
  readonly #limiter;
  readonly #upstream: StubUpstream;
  readonly #gateways: TestGateway[] = [];
  readonly #pools: Pool[] = [];
  #redis: RedisServer | undefined;
  #isOver = false;
  #asked = 0;

  private constructor(upstream: StubUpstream, kind: LimiterKind, value: number) {
    this.#upstream = upstream;
    this.#limiter = createReferenceLimiter(kind, value, 1_000);
  }

  /** @param instances more than one share a Redis of their own */
  static async open(kind: LimiterKind, value: number, instances: number): Promise<SocketWorld> {
    const world = new SocketWorld(await startStubUpstream(), kind, value);
    world.#script();
    if (instances > 1) world.#redis = await startRedis();
    for (let index = 0; index < instances; index++) await world.#join();
    return world;
  }

  /** So many callers, shared out among the instances, begin to ask, each again as soon as it is answered. */
  start(callers: number): void {
    for (let index = 0; index < callers; index++) void this.#ask(this.#pools[index % this.#pools.length]!);
  }

  change(value: number): void {
    this.#limiter.change(value);
  }

  /** Answers what has happened in so long. */
  async run(ms: number): Promise<Tally> {
    this.#tally = { sent: 0, accepted: 0, rejected: 0, refused: 0 };
    await pause(ms);
    return { ...this.#tally };
  }

  async close(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#gateways.map((gateway) => gateway.close()));
    await Promise.all(this.#pools.map((pool) => pool.destroy()));
    await this.#upstream.close();
    await this.#redis?.stop();
  }

  #script(): void {
    const region = this.#upstream.region('DFW');
    region.publish([]);
    region.on('GET /os-keypairs', json({ keypairs: [] }));
    region.enforce({ refuse: () => this.#refuse() });
  }

  #refuse() {
    const isRefused = !this.#limiter.arrive(performance.now());
    this.#tally.sent++;
    if (isRefused) this.#tally.rejected++;
    else this.#tally.accepted++;
    return isRefused ? TOO_MANY : undefined;
  }

  async #join(): Promise<void> {
    const redis = this.#redis && {
      url: this.#redis.url,
      signingKeys: ['a key that all the instances have in common'],
    };
    const settings = { log: { requests: 'errors' }, ...(redis && { redis }) };
    const gateway = await startGateway({ identityUrl: this.#upstream.identityUrl, settings });
    this.#gateways.push(gateway);
    this.#pools.push(new Pool(gateway.url, { connections: 64 }));
  }

  async #ask(pool: Pool): Promise<void> {
    while (!this.#isOver) {
      // What is asked at the same time in the same words is one request upstream.
      const asked = pool.request({ method: 'GET', path: `${PATH}?n=${this.#asked++}` });
      const status = await asked.then(
        async ({ statusCode, body }) => {
          await body.dump();
          return statusCode;
        },
        () => 0,
      );
      if (status !== 200 && !this.#isOver) this.#tally.refused++;
    }
  }
}
