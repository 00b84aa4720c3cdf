import { beforeEach, describe, expect } from 'vitest';
import { ask } from '../support/ask.ts';
import { settle } from '../support/fake-clock.ts';
import { createGate } from '../support/gate.ts';
import { scenario } from '../support/scenario.ts';
import { type Answer, fault, hang, json, unavailable } from '../support/stub-answers.ts';
import { publishedAs } from '../support/stub-rates.ts';

const { it, gateway, dfw, clock } = scenario('test', {
  standstill: true,
  settings: { upstream: { retries: 0, hedge: { maxPercent: 5, minDelayMs: 100 } } },
  script(upstream) {
    const dfw = upstream.region('DFW');
    dfw.publish(
      publishedAs([{ verb: 'GET', uri: '/servers*', regex: '^/servers', value: 100, unit: 'MINUTE' }]),
    );
    dfw.on('GET /servers', json({ servers: [] }));
  },
  begin: () => get('/limits'),
});
const get = (path: string) => ask(`${gateway.url}/dfw/v2/700100${path}`);
const hedges = (outcome: string) =>
  gateway.metric('sluice_upstream_hedges_total', { account: 'main', region: 'DFW', outcome });
const sent = () => expect.poll(() => dfw.count('GET /servers'));
const left = () => gateway.metric('sluice_limit_remaining', { region: 'DFW', uri: '/servers*' });

/** An answer that comes when the test says so. */
function lateAnswer() {
  const gate = createGate();
  const answer: Answer = async (exchange) => {
    await gate.pass();
    await json({ servers: [] })(exchange);
  };
  return { answer, release: () => gate.open() };
}

/** Answers at once, until it is known how long they take; time stands still. */
beforeEach(async () => {
  for (let count = 0; count < 40; count++) expect((await get('/servers')).status).toBe(200);
});

describe('a read whose answer takes long', () => {
  it('is sent a second time, whose answer counts; the first is given up and stays charged', async () => {
    dfw.on('GET /servers', hang, json({ servers: [{ id: 'of the second' }] }));
    const asked = get('/servers');
    await sent().toBe(41);
    clock.tick(99);
    expect(dfw.count('GET /servers')).toBe(41);
    clock.tick(1);
    const answer = await asked;
    expect(answer.status).toBe(200);
    expect(answer.text).toContain('of the second');
    expect(dfw.count('GET /servers')).toBe(42);
    await expect.poll(() => dfw.requests('GET /servers').at(-2)!.aborted).toBe(true);
    await expect.poll(() => hedges('won')).toBe(1);
    expect(await left()).toBe(100 - 42);
    const counted = (status: string) =>
      gateway.metric('sluice_upstream_requests_total', { operation: 'listServers', status });
    expect([await counted('200'), await counted('superseded'), await counted('error')]).toEqual([41, 1, 0]);
  });

  it('is answered by the first after all when that is faster', async () => {
    const gate = dfw.hold('GET /servers');
    const asked = get('/servers');
    await sent().toBe(41);
    clock.tick(100);
    await sent().toBe(42);
    gate.open();
    expect((await asked).status).toBe(200);
    await expect.poll(async () => (await hedges('won')) + (await hedges('lost'))).toBe(1);
    expect(await left()).toBe(100 - 42);
  });

  it('is no worse off for a second that fails', async () => {
    const slow = lateAnswer();
    dfw.on('GET /servers', slow.answer, unavailable);
    const asked = get('/servers');
    await sent().toBe(41);
    clock.tick(100);
    await sent().toBe(42);
    await dfw.requests('GET /servers').at(-1)!.closed;
    await settle();
    slow.release();
    expect((await asked).status).toBe(200);
    await expect.poll(() => hedges('lost')).toBe(1);
    expect(dfw.count('GET /servers')).toBe(42);
  });

  it('goes with its caller, both of it', async () => {
    dfw.on('GET /servers', hang);
    const caller = new AbortController();
    const asked = ask(`${gateway.url}/dfw/v2/700100/servers`, { signal: caller.signal }).catch(() => 'left');
    await sent().toBe(41);
    clock.tick(100);
    await sent().toBe(42);
    caller.abort();
    expect(await asked).toBe('left');
    await expect
      .poll(() =>
        dfw
          .requests('GET /servers')
          .slice(-2)
          .map(({ aborted }) => aborted),
      )
      .toEqual([true, true]);
    await expect.poll(() => hedges('failed')).toBe(1);
    expect(await left()).toBe(100 - 42);
  });
});

describe('there is no second', () => {
  it('of what its row does not allow', async () => {
    for (let count = 0; count < 40; count++) await get('/servers/detail');
    const gate = dfw.hold('GET /servers/detail');
    const asked = get('/servers/detail');
    await expect.poll(() => dfw.count('GET /servers/detail')).toBe(41);
    clock.tick(10_000);
    gate.open();
    expect((await asked).status).toBe(200);
    expect(dfw.count('GET /servers/detail')).toBe(41);
  });

  it('beyond its share', async () => {
    const slow = lateAnswer();
    const quick = json({ servers: [] });
    dfw.on('GET /servers', hang, quick, hang, quick, slow.answer);
    for (const count of [42, 44]) {
      const asked = get('/servers');
      await sent().toBe(count - 1);
      clock.tick(100);
      expect((await asked).status).toBe(200);
      expect(dfw.count('GET /servers')).toBe(count);
    }
    const asked = get('/servers');
    await sent().toBe(45);
    clock.tick(100);
    await expect.poll(() => hedges('no-room')).toBe(1);
    slow.release();
    expect((await asked).status).toBe(200);
    expect(dfw.count('GET /servers')).toBe(45);
  });

  it('while less than a fifth of a limit is free', async () => {
    for (let count = 40; count < 79; count++) await get('/servers');
    const gate = dfw.hold('GET /servers');
    const asked = get('/servers');
    await sent().toBe(80);
    clock.tick(100);
    await expect.poll(() => hedges('no-room')).toBe(1);
    gate.open();
    expect((await asked).status).toBe(200);
    expect(dfw.count('GET /servers')).toBe(80);
  });

  it('of a refusal, which is waited out as ever', async () => {
    dfw.on('GET /servers', fault('itemNotFound', 404, 'no'));
    expect((await get('/servers')).status).toBe(404);
    clock.tick(1_000);
    expect(dfw.count('GET /servers')).toBe(41);
  });
});
