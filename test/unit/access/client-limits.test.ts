import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ClientLimits, clientLimitFault } from '../../../src/access/client-limits.ts';
import type { ClientLimitSettings } from '../../../src/access/settings.ts';
import type { Refusal } from '../../../src/limits/slot-request.ts';

const target = (path: string, query = '') => ({ path, fullPath: `/v2/42${path}`, query });
const limit = (verb: string, uri: string, value: number, unit: ClientLimitSettings['unit']) => ({
  verb,
  uri,
  value,
  unit,
});
const limits = (...own: ClientLimitSettings[]) => new ClientLimits([{ name: 'batch', limits: own }, BARE]);
const BARE = { name: 'web', limits: [] };

describe('the limits of a client’s own', () => {
  it('let so many through in any unit, and say when the next may come', () => {
    const own = limits(limit('POST', '/servers', 2, 'MINUTE'));
    const post = (now: number) => own.take('batch', 'POST', target('/servers'), now);
    expect(post(0)).toBeUndefined();
    expect(post(30_000)).toBeUndefined();
    expect(post(30_001)).toMatchObject({ refused: true, reason: 'spent', retryAfterSeconds: 30 });
    expect(post(59_999)).toMatchObject({ retryAfterSeconds: 1 });
    expect(post(60_030)).toBeUndefined();
    expect(post(60_031)).toMatchObject({ retryAfterSeconds: 30 });
  });

  it('are divided among the instances that share the accounts, one each at least', () => {
    const own = limits(limit('POST', '/servers', 7, 'DAY'), limit('DELETE', '*', 1, 'DAY'));
    const count = (method: string, instances: number) => {
      let through = 0;
      while (through < 20 && own.take('batch', method, target('/servers'), 0, instances) === undefined)
        through++;
      return through;
    };
    expect(count('POST', 3)).toBe(2);
    // One that is left alone goes on with the rest.
    expect(count('POST', 1)).toBe(5);
    expect(count('DELETE', 4)).toBe(1);
    expect(own.take('batch', 'POST', target('/servers'), 0, 1)).toMatchObject({ reason: 'spent' });
  });

  it('are the client’s own: others have none, or theirs', () => {
    const own = new ClientLimits(['a', 'b'].map((name) => ({ name, limits: [limit('ALL', '*', 1, 'DAY')] })));
    expect(own.take('a', 'GET', target('/servers'), 0)).toBeUndefined();
    expect(own.take('a', 'GET', target('/servers'), 1)).toMatchObject({ reason: 'spent' });
    expect(own.take('b', 'GET', target('/servers'), 1)).toBeUndefined();
    for (let again = 0; again < 10; again++)
      expect(own.take('web', 'GET', target('/servers'), 1)).toBeUndefined();
    expect(own.has('a')).toBe(true);
    expect(own.has('web')).toBe(false);
  });

  it.each([
    ['GET', '/servers', 'GET', '/servers/detail', true],
    ['GET', '/servers', 'HEAD', '/servers', true],
    ['get', '/servers', 'GET', '/servers', true],
    ['GET', '/servers', 'POST', '/servers', false],
    ['GET', '/servers', 'GET', '/images', false],
    ['ALL', '*', 'DELETE', '/anything', true],
    ['POST', '/servers/*/action', 'POST', '/servers/1/action', true],
    ['POST', '/servers/{id}/action', 'POST', '/servers/1/action', true],
  ] as const)('%s %s is about %s %s: %j', (verb, uri, method, path, isAbout) => {
    const own = limits(limit(verb, uri, 0, 'DAY'));
    expect(own.take('batch', method, target(path), 0)?.reason).toBe(isAbout ? 'forbidden' : undefined);
  });

  it('are taken of together or not at all', () => {
    const own = limits(limit('ALL', '*', 10, 'MINUTE'), limit('POST', '/servers', 1, 'DAY'));
    const ask = (method: string, now: number) => own.take('batch', method, target('/servers'), now);
    expect(ask('POST', 0)).toBeUndefined();
    for (let again = 0; again < 20; again++) expect(ask('POST', 1)).toMatchObject({ reason: 'spent' });
    for (let again = 0; again < 9; again++) expect(ask('GET', 2)).toBeUndefined();
    expect(ask('GET', 3)).toMatchObject({ limit: { unit: 'MINUTE' } });
  });

  it('name the one that stands in the way for longest', () => {
    const own = limits(limit('ALL', '*', 1, 'SECOND'), limit('ALL', '*', 1, 'HOUR'));
    own.take('batch', 'GET', target('/x'), 0);
    expect(own.take('batch', 'GET', target('/x'), 0)).toMatchObject({
      limit: { unit: 'HOUR' },
      retryAfterSeconds: 3600,
    });
  });

  it('outlive a reload with what was taken, and take their new value at once', () => {
    const own = limits(limit('ALL', '*', 2, 'DAY'));
    const ask = () => own.take('batch', 'GET', target('/x'), 0);
    ask();
    own.reload([{ name: 'batch', limits: [limit('ALL', '*', 3, 'DAY')] }]);
    expect([ask(), ask(), ask()].map((refused) => refused === undefined)).toEqual([true, true, false]);
    own.reload([{ name: 'batch', limits: [] }]);
    expect(ask()).toBeUndefined();
  });

  it('never let more through in any unit than their value, and always as many when asked for one at a time', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }),
        fc.array(fc.integer({ min: 0, max: 700 }), { maxLength: 60 }),
        (value, gaps) => {
          const own = limits(limit('ALL', '*', value, 'SECOND'));
          const allowed: number[] = [];
          let now = 0;
          for (const gap of gaps) {
            now += gap;
            if (own.take('batch', 'GET', target('/x'), now) === undefined) allowed.push(now);
            else expect(allowed.filter((at) => at > now - 1_001).length).toBeGreaterThanOrEqual(value);
            expect(allowed.filter((at) => at > now - 1_000).length).toBeLessThanOrEqual(value);
          }
        },
      ),
    );
  });
});

describe('the fault for a client over its own limit', () => {
  const refused: Refusal = {
    refused: true,
    reason: 'spent',
    retryAfterSeconds: 30,
    limit: limit('POST', '/servers', 2, 'MINUTE'),
  };

  it('says whose limit it is and when to come back', () => {
    const nowWall = Date.parse('2026-01-01T00:00:00Z');
    const fault = clientLimitFault('batch', refused, { overLimitStatus: 429, nowWall });
    expect(fault).toMatchObject({
      fault: 'overLimit',
      code: 429,
      retryAt: '2026-01-01T00:00:30Z',
      headers: { 'retry-after': '30' },
      message:
        "The limit of client batch's own, POST /servers, 2 per MINUTE, is used up. Send the request again after Retry-After.",
    });
  });

  it('says when there is no coming back', () => {
    const options = { overLimitStatus: 413, nowWall: 0 } as const;
    const fault = clientLimitFault('batch', { ...refused, reason: 'forbidden' }, options);
    expect(fault).toMatchObject({
      code: 413,
      message: expect.stringContaining('does not allow this request at all'),
    });
  });
});
