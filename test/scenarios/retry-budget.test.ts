import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ask } from '../support/ask.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { unavailable } from '../support/stub-answers.ts';
import { type StubUpstream, startStubUpstream } from '../support/stub-upstream.ts';

let clock: FakeClock;
let upstream: StubUpstream;
let gateway: TestGateway;

beforeEach(async () => {
  clock = new FakeClock(Date.now());
  upstream = await startStubUpstream({ now: () => clock.now() });
  gateway = await startGateway({
    identityUrl: upstream.identityUrl,
    clock,
    settings: { upstream: { circuit: { failures: 0 } } },
  });
});

afterEach(async () => {
  await gateway.close();
  await upstream.close();
});

/** Asks one after the other, the clock turned while an answer is waited for. */
async function askAll(count: number, path: string): Promise<number[]> {
  const statuses: number[] = [];
  for (let index = 0; index < count; index++) {
    let isOver = false;
    const asked = ask(`${gateway.url}/dfw/v2/700100${path}`).finally(() => {
      isOver = true;
    });
    while (!isOver) {
      await settle();
      await clock.advance(1);
    }
    statuses.push((await asked).status);
  }
  return statuses;
}

describe('a region that is out of order', () => {
  it.each([
    ['an operation of the guide', '/servers'],
    ['a path that goes through', '/os-keypairs'],
  ])(
    'gets a fifth more requests of %s than callers send, ten at least, and not three times as many',
    async (_what, path) => {
      const dfw = upstream.region('DFW');
      dfw.on(`GET ${path}`, unavailable);
      const statuses = await askAll(40, path);
      expect(new Set(statuses)).toEqual(new Set([503]));
      expect(dfw.count(`GET ${path}`)).toBe(50);
    },
  );
});
