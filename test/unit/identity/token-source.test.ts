import { describe, expect, it } from 'vitest';
import { Fault } from '../../../src/faults/faults.ts';
import { LoginError } from '../../../src/identity/login-error.ts';
import { settle } from '../../support/fake-clock.ts';
import { ACCOUNT, HOUR_MS, newRig, readyRig } from './token-fixture.ts';

const down = () => new LoginError('unreachable', 'The identity service cannot be reached (ECONNREFUSED).');
const wrong = () => new LoginError('refused', 'The identity service refuses the credentials (HTTP 401): no.');

/** The fault a promise ends in. */
async function faultOf(promise: Promise<unknown>): Promise<Fault> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof Fault)) throw new Error(`expected a fault, got ${String(error)}`);
  return error;
}

describe('a token', () => {
  it('is cached until it expires', async () => {
    const { source, clock, token } = await readyRig(HOUR_MS);
    clock.tick(HOUR_MS - 1);
    expect(source.peek()).toEqual(token);
    expect(source.state).toBe('ready');
    clock.tick(1);
    expect(source.peek()).toBeUndefined();
  });

  it('is given at once, without a login, while it is good', async () => {
    const rig = await readyRig();
    expect(await rig.source.get()).toEqual(rig.token);
    expect(rig.logins()).toBe(1);
  });

  it('is renewed ahead in the background, between 80 and 90 percent of its life', async () => {
    for (const [random, share] of [
      [0, 0.8],
      [0.5, 0.85],
      [0.999, 0.9],
    ] as const) {
      const rig = newRig(() => random);
      rig.source.start();
      await settle();
      await rig.answer('first', 10 * HOUR_MS);
      expect(rig.clock.nextIn()).toBeCloseTo(share * 10 * HOUR_MS, -5);
    }
  });

  it('serves on while its renewal runs, and is replaced when that ends', async () => {
    const { source, clock, token, answer, logins } = await readyRig(10 * HOUR_MS);
    await clock.advance(8.5 * HOUR_MS);
    expect(logins()).toBe(2);
    expect(source.peek()).toEqual(token);
    await answer('second');
    expect(source.peek()?.id).toBe('second');
  });

  it('that the identity service hands out again keeps its age and does not speed up renewals without bound', async () => {
    const { source, clock, token, answer } = await readyRig(100_000);
    await clock.advance(85_000);
    await answer('first', 15_000);
    expect(source.peek()?.issuedAtMs).toBe(token.issuedAtMs);
    await clock.advance(12_750);
    await answer('first', 2_000);
    await clock.advance(1_700);
    await answer('first', 300);
    expect(clock.nextIn()).toBe(1_000);
  });

  it('is told to whoever follows it, from the current one on', async () => {
    const { source, clock, answer } = await readyRig(HOUR_MS);
    const seen: string[] = [];
    const stop = source.onToken((token) => seen.push(token.id));
    source.onToken(() => {
      throw new Error('a follower of its own troubles');
    });
    await clock.advance(HOUR_MS);
    await answer('second', HOUR_MS);
    stop();
    await clock.advance(HOUR_MS);
    await answer('third');
    expect(seen).toEqual(['first', 'second']);
    expect(source.peek()?.id).toBe('third');
  });
});

describe('one login', () => {
  it('serves any number of waiting requests', async () => {
    const rig = newRig();
    const waiting = Array.from({ length: 200 }, () => rig.source.get());
    rig.source.start();
    await settle();
    await rig.answer('only');
    const ids = (await Promise.all(waiting)).map((token) => token.id);
    expect(new Set(ids)).toEqual(new Set(['only']));
    expect(rig.logins()).toBe(1);
  });

  it('goes on for the others when one caller leaves', async () => {
    const rig = newRig();
    const leaver = new AbortController();
    const left = rig.source.get(leaver.signal);
    const stayed = rig.source.get();
    leaver.abort(new Error('caller left'));
    await expect(left).rejects.toThrow('caller left');
    await rig.answer('kept');
    expect((await stayed).id).toBe('kept');
    expect(rig.pending).toHaveLength(0);
  });

  it('is not waited for by a caller that had left before', async () => {
    const rig = newRig();
    await expect(rig.source.get(AbortSignal.abort(new Error('gone')))).rejects.toThrow('gone');
  });
});

describe('a 401 from a region', () => {
  it('causes one refresh for all', async () => {
    const { source, clock, token, answer, logins } = await readyRig();
    clock.tick(60_000);
    const renewed = Array.from({ length: 50 }, () => source.refused(token));
    await settle();
    expect(logins()).toBe(2);
    await answer('second');
    for (const result of await Promise.all(renewed)) expect(result.id).toBe('second');
    expect(logins()).toBe(2);
  });

  it('that comes late, when the token has been replaced, costs no login', async () => {
    const { source, clock, token, answer, logins } = await readyRig();
    clock.tick(60_000);
    const renewed = source.refused(token);
    await settle();
    await answer('second');
    await renewed;
    expect((await source.refused(token)).id).toBe('second');
    expect(logins()).toBe(2);
  });

  it('for a token younger than 5 s: tries the same token after a moment, and only then logs in', async () => {
    const { source, clock, token, answer, logins } = await readyRig();
    clock.tick(4_999);
    const again = [source.refused(token), source.refused(token)];
    await clock.advance(999);
    expect(logins()).toBe(1);
    await clock.advance(1);
    for (const same of await Promise.all(again)) expect(same.id).toBe('first');
    expect(logins()).toBe(1);
    const renewed = source.refused(token);
    await settle();
    expect(logins()).toBe(2);
    await answer('second');
    expect((await renewed).id).toBe('second');
  });

  it('for a token of 5 s: logs in at once', async () => {
    const { source, clock, token, logins } = await readyRig();
    clock.tick(5_000);
    void source.refused(token).catch(() => undefined);
    await settle();
    expect(logins()).toBe(2);
  });

  it('never becomes a storm of logins when a region refuses everything', async () => {
    const { source, clock, pending, logins } = await readyRig();
    await clock.advance(60_000);
    for (let second = 0; second < 600; second++) {
      const token = source.peek();
      if (token) source.refused(token).catch(() => undefined);
      await clock.advance(1_000);
      pending.shift()?.resolve({ ...token!, id: `token ${logins()}`, issuedAtMs: clock.now() });
      await settle();
    }
    expect(logins()).toBeGreaterThan(3);
    expect(logins()).toBeLessThan(12);
  });

  it('tells the caller when to come back while a region refuses everything', async () => {
    const { source, clock, token, answer } = await readyRig();
    clock.tick(60_000);
    const renewed = source.refused(token);
    await settle();
    const second = await answer('second');
    await renewed;
    const again = source.refused(second);
    await clock.advance(1_000);
    await again;
    const fault = await faultOf(source.refused(second));
    expect(fault.code).toBe(503);
    expect(Number(fault.headers['retry-after'])).toBe(4);
    expect(source.peek()?.id).toBe('second');
  });

  it('is replaced at once again after a request that was refused has been answered with the new token', async () => {
    const { source, clock, token, answer, logins } = await readyRig();
    let current = token;
    for (const id of ['second', 'third', 'fourth']) {
      clock.tick(6_000);
      const renewed = source.refused(current);
      await settle();
      await answer(id);
      current = await renewed;
      expect(current.id).toBe(id);
      source.accepted(current);
    }
    expect(logins()).toBe(4);
    clock.tick(6_000);
    source.accepted(token);
    const renewed = source.refused(current);
    await settle();
    current = await answer('fifth');
    await renewed;
    clock.tick(6_000);
    source.accepted(token);
    const again = source.refused(current);
    await settle();
    await answer('sixth');
    current = await again;
    clock.tick(6_000);
    expect((await faultOf(source.refused(current))).code).toBe(503);
  });

  it('is a fault for that request, and the token still serves other regions, when the new login fails', async () => {
    const { source, clock, token, fail, logins } = await readyRig();
    clock.tick(60_000);
    const first = faultOf(source.refused(token));
    await settle();
    await fail(down());
    expect((await first).code).toBe(503);
    expect(source.peek()).toEqual(token);
    expect((await faultOf(source.refused(token))).code).toBe(503);
    expect(logins()).toBe(2);
  });
});

describe('while the identity service is down', () => {
  it('the old token serves until it expires', async () => {
    const { source, clock, token, fail, lines } = await readyRig(HOUR_MS);
    await clock.advance(0.85 * HOUR_MS);
    await fail(down());
    expect(await source.get()).toEqual(token);
    expect(source.state).toBe('ready');
    expect(lines.at(-1)).toMatchObject({ level: 'warn' });
    expect(lines.at(-1)?.message).toContain('The old token serves until 2026-01-01T01:00:00.000Z');
    clock.tick(0.15 * HOUR_MS);
    await settle();
    expect(source.peek()).toBeUndefined();
    expect(source.state).toBe('failing');
  });

  it('start-up stays alive, and requests get a 503 fault at once until there is a token', async () => {
    const rig = newRig();
    rig.source.start();
    expect(rig.source.state).toBe('starting');
    const early = faultOf(rig.source.get());
    await settle();
    await rig.fail(down());
    expect((await early).code).toBe(503);
    const fault = await faultOf(rig.source.get());
    expect(fault).toMatchObject({ fault: 'serviceUnavailable', code: 503 });
    expect(fault.headers['retry-after']).toBe('1');
    expect(rig.source.state).toBe('failing');
    await rig.clock.advance(1_000);
    await rig.answer('at last');
    expect((await rig.source.get()).id).toBe('at last');
    expect(rig.source.state).toBe('ready');
    expect(rig.source.lastFailure).toBeUndefined();
    expect(rig.lines.at(-1)?.message).toContain('is back');
  });

  it('logins are tried again with growing pauses, at least once a minute', async () => {
    const rig = newRig();
    rig.source.start();
    await settle();
    const pauses: (number | undefined)[] = [];
    for (let attempt = 0; attempt < 9; attempt++) {
      await rig.fail(down());
      pauses.push(rig.clock.nextIn());
      await rig.clock.advance(rig.clock.nextIn() ?? 0);
    }
    expect(pauses).toEqual([750, 1_500, 3_000, 6_000, 12_000, 24_000, 45_000, 45_000, 45_000]);
    expect(rig.results).toEqual(Array(9).fill('unreachable'));
  });

  it('a Retry-After is honoured', async () => {
    const rig = newRig();
    rig.source.start();
    await settle();
    await rig.fail(new LoginError('limited', 'asks for a pause', { retryAfterMs: 30_000 }));
    await rig.clock.advance(30_000);
    expect(rig.logins()).toBe(1);
    expect((await faultOf(rig.source.get())).headers['retry-after']).toBe('2');
    await rig.clock.advance(2_000);
    expect(rig.logins()).toBe(2);
  });

  it('a token that expired unnoticed (the machine slept) is replaced by the next request', async () => {
    const { source, clock, answer, logins } = await readyRig(HOUR_MS);
    Object.defineProperty(clock, 'now', { value: () => Date.parse('2026-01-02T00:00:00Z') });
    const waiting = source.get();
    await settle();
    expect(logins()).toBe(2);
    const token = await answer('second');
    expect(await waiting).toEqual(token);
  });
});

describe('when the credentials are refused', () => {
  it('the fault says so, and the account is not locked by quick retries', async () => {
    const rig = newRig();
    rig.source.start();
    await settle();
    await rig.fail(wrong());
    expect(rig.source.state).toBe('refused');
    const fault = await faultOf(rig.source.get());
    expect(fault.code).toBe(503);
    expect(fault.message).toContain('refuses the credentials');
    expect(rig.clock.nextIn()).toBe(22_500);
    expect(rig.lines.at(-1)).toMatchObject({ level: 'error', fields: { reason: 'refused' } });
  });

  it('no line of the log holds the key or a token', async () => {
    const { source, clock, token, answer, fail, lines } = await readyRig(HOUR_MS);
    await clock.advance(HOUR_MS);
    await fail(wrong());
    await clock.advance(60_000);
    const second = await answer('second-token-id');
    clock.tick(10_000);
    const renewed = faultOf(source.refused(second));
    await settle();
    await fail(down());
    await renewed;
    const log = JSON.stringify(lines);
    expect(lines.length).toBeGreaterThan(3);
    for (const secret of [ACCOUNT.apiKey, token.id, second.id]) expect(log).not.toContain(secret);
  });
});

describe('closing', () => {
  it('ends the login, its waiters and every timer', async () => {
    const rig = newRig();
    const waiting = faultOf(rig.source.get());
    await settle();
    rig.source.close();
    expect((await waiting).message).toContain('shutting down');
    expect(rig.pending[0]?.signal.aborted).toBe(true);
    expect(rig.clock.pending).toBe(0);
    expect(rig.source.state).toBe('closed');
    expect((await faultOf(rig.source.get())).code).toBe(503);
    await rig.answer('too late');
    expect(rig.source.peek()).toBeUndefined();
    expect(rig.clock.pending).toBe(0);
  });

  it('lets go of requests that give a fresh token its moment', async () => {
    const { source, token, clock } = await readyRig();
    const waiting = faultOf(source.refused(token));
    await settle();
    source.close();
    expect((await waiting).message).toContain('shutting down');
    expect(clock.pending).toBe(0);
  });
});
