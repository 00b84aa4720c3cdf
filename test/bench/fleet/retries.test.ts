import { describe, expect, it } from 'vitest';
import { CLIENTS } from '../../../bench/fleet/clients.ts';
import { LIBCLOUD_RETRIES, NO_RETRY, terraformRetries } from '../../../bench/fleet/retries.ts';

const START = { repeated: 0, elapsedMs: 0, nowMs: Date.parse('2026-01-01T00:00:00Z') };
const refusal = (status: number, retryAfter?: string) => ({ status, retryAfter });

describe('what clients do by themselves when they are refused', () => {
  it('is nothing by default, whatever they are told', () => {
    for (const status of [413, 429, 503]) expect(NO_RETRY.next(refusal(status, '1'), START)).toBeUndefined();
  });

  it('is to wait for Retry-After where Terraform has max_retries, as often as that says', () => {
    const { next } = terraformRetries(2);
    expect(next(refusal(429, '7'), START)).toBe(7000);
    expect(next(refusal(498, 'Thu, 01 Jan 2026 00:00:30 GMT'), START)).toBe(30_000);
    expect(next(refusal(429, 'Wed, 31 Dec 2025 23:59:00 GMT'), START)).toBe(0);
    expect(next(refusal(429, '7'), { ...START, repeated: 1 })).toBe(7000);
    expect(next(refusal(429, '7'), { ...START, repeated: 2 })).toBeUndefined();
    for (const hopeless of [refusal(429), refusal(429, 'soon'), refusal(413, '7'), refusal(503, '7')])
      expect(next(hopeless, START)).toBeUndefined();
  });

  it('is to wait where libcloud has its retries on, for half a minute in all', () => {
    const { next } = LIBCLOUD_RETRIES;
    expect(next(refusal(429, '7'), START)).toBe(7000);
    expect([next(refusal(429), START), next(refusal(429, '0'), START)]).toEqual([2000, 2000]);
    expect(next(refusal(429, '7'), { ...START, elapsedMs: 29_999, repeated: 9 })).toBe(7000);
    expect(next(refusal(429, '7'), { ...START, elapsedMs: 30_000 })).toBeUndefined();
    expect(next(refusal(413, '7'), START)).toBeUndefined();
  });
});

describe('the clients', () => {
  const client = (name: string) => CLIENTS.find((one) => one.name === name)!;
  const turns = (name: string) => [0, 1, 2, 3, 7, 8, 20].map(client(name).polls.delayMs);

  it('look for ACTIVE at the turns of their sources', () => {
    expect(turns('openstackclient')).toEqual([0, 5000, 5000, 5000, 5000, 5000, 5000]);
    expect(turns('fog')).toEqual([0, 1000, 2000, 4000, 60_000, 60_000, 60_000]);
    expect(turns('Terraform')).toEqual([10_000, 3000, 3000, 3000, 6400, 10_000, 10_000]);
  });

  it('take for success what pkgcloud takes for it', () => {
    const { takesForSuccess } = client('pkgcloud');
    expect([405, 429, 502, 504].map(takesForSuccess)).toEqual([true, true, true, true]);
    expect([401, 404, 413, 500, 503].map(takesForSuccess)).toEqual([false, false, false, false, false]);
  });
});
