import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { JsonValue } from '../../../src/json.ts';
import { createLimits, type LimitPlace, type LimitsOptions } from '../../../src/limits/limits.ts';
import { silentObserver } from '../../../src/limits/queue/shaper-contract.ts';
import type { LimitsSettings } from '../../../src/limits/settings.ts';
import type { Permit } from '../../../src/limits/slot-request.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { permitted, refused, requestFor } from './harness.ts';

const SETTINGS: LimitsSettings = {
  enabled: true,
  source: 'published',
  static: [],
  preset: null,
  presetLimits: [],
  maxWaitMs: 30_000,
  maxQueue: 1000,
  maxQueuePerClient: 1000,
  overLimitStatus: 413,
  marginMs: 5,
  instances: 1,
  ledger: null,
};

const place = (account = 'main', region = 'DFW'): LimitPlace => ({
  account: { name: account },
  endpoint: { region, basePath: '/v2/7142' },
});

/** A published document with one limit on everything. */
function published(value: number, remaining = value - 1, absolute = {}): JsonValue {
  const row = { verb: 'ALL', value, remaining, unit: 'MINUTE', 'next-available': '2026-01-01T00:00:00Z' };
  return { limits: { rate: [{ uri: '*', regex: '.*', limit: [row] }], absolute } };
}

interface Fetch {
  place: LimitPlace;
  answer(document: JsonValue): Promise<void>;
  fail(message: string): Promise<void>;
}

/** Limits whose GET /limits are answered by hand. */
function create(overrides: Partial<LimitsSettings> = {}, more: Partial<LimitsOptions<LimitPlace>> = {}) {
  const clock = new FakeClock();
  const fetches: Fetch[] = [];
  const warnings: string[] = [];
  const limits = createLimits<LimitPlace>({
    settings: { ...SETTINGS, ...overrides },
    clock,
    userOf: () => 'someone',
    fetchLimits: (asked: LimitPlace, permit: Permit) =>
      new Promise((resolve, reject) => {
        fetches.push({
          place: asked,
          async answer(document) {
            permit.answered(200);
            resolve(document);
            await settle();
          },
          async fail(message) {
            permit.answered(500);
            reject(new Error(message));
            await settle();
          },
        });
      }),
    shares: () => 1,
    observe: () => silentObserver,
    warn: (line) => void warnings.push(line),
    ...more,
  });
  return { clock, fetches, limits, warnings };
}

describe('limits of a region', () => {
  it('are asked for before the first request leaves, and hold from then on', async () => {
    const { limits, fetches } = create();
    const first = limits.acquire(place(), requestFor('/servers'));
    expect(first).toBeInstanceOf(Promise);
    await settle();
    await fetches[0]!.answer(published(3));
    expect((await first).refused).toBeUndefined();
    permitted(limits.acquire(place(), requestFor('/servers')));
    expect(refused(limits.acquire(place(), requestFor('/servers'))).reason).toBe('wait');
  });

  it('are the defaults of the guide when the region does not answer in time', async () => {
    const { limits, clock } = create();
    const first = limits.acquire(place(), requestFor('/servers'));
    await clock.advance(3001);
    expect((await first).refused).toBeUndefined();
    expect(refused(limits.acquire(place(), requestFor('/os-networksv2')))).toMatchObject({
      reason: 'forbidden',
    });
  });

  it('are asked for again after a failure, and hourly', async () => {
    const { limits, fetches, clock, warnings } = create();
    limits.warm(place());
    await settle();
    await fetches[0]!.fail('status 500');
    expect(warnings).toEqual(['main DFW: GET /limits failed, what is known holds: status 500']);
    await clock.advance(15_000);
    expect(fetches).toHaveLength(2);
    await fetches[1]!.answer(published(20));
    await clock.advance(3_599_000);
    expect(fetches).toHaveLength(2);
    await clock.advance(2_000);
    expect(fetches).toHaveLength(3);
  });

  it('are asked for again when a spent DAY limit has room by the word of the region', async () => {
    const { limits, fetches, clock } = create();
    const row = (remaining: number) => ({
      verb: 'ALL',
      value: 50,
      remaining,
      unit: 'DAY',
      'next-available': '2026-01-01T00:30:00Z',
    });
    const document = (remaining: number) => ({
      limits: { rate: [{ uri: '*', regex: '.*', limit: [row(remaining)] }], absolute: {} },
    });
    limits.warm(place());
    await settle();
    clock.tick(20);
    await fetches[0]!.answer(document(0));
    const { reason, retryAfterSeconds } = refused(limits.acquire(place(), requestFor('/servers')));
    expect(reason).toBe('spent');
    expect(retryAfterSeconds).toBe(1802);
    await clock.advance(1_801_000);
    expect(refused(limits.acquire(place(), requestFor('/servers'))).reason).toBe('spent');
    // The question itself takes the slot that is sure to be free, whichever way the region counts.
    await clock.advance(3_000);
    expect(fetches).toHaveLength(2);
    expect(refused(limits.acquire(place(), requestFor('/servers'))).reason).toBe('spent');
    clock.tick(20);
    await fetches[1]!.answer(document(49));
    // The first question has left the region's window, by its own word.
    for (let index = 0; index < 49; index++) permitted(limits.acquire(place(), requestFor('/servers')));
    expect(refused(limits.acquire(place(), requestFor('/servers'))).reason).toBe('spent');
  });

  it('are not asked for again for the sake of a limit of 0, which never has room', async () => {
    const { limits, fetches, clock } = create();
    const rows = [
      { verb: 'ALL', value: 50, remaining: 49, unit: 'MINUTE' },
      { verb: 'DELETE', value: 0, remaining: 0, unit: 'DAY' },
    ].map((row) => ({ ...row, 'next-available': '2026-01-01T00:00:00Z' }));
    limits.warm(place());
    await settle();
    await fetches[0]!.answer({
      limits: { rate: [{ uri: '*', regex: '.*', limit: rows }], absolute: {} },
    });
    await clock.advance(3_000_000);
    expect(fetches).toHaveLength(1);
  });

  it("are those of the guide's Example 1.23, whose expressions match nothing: a limit of 0 is obeyed unasked", async () => {
    const lines: string[] = [];
    const { limits, fetches, clock } = create(
      {},
      { observe: () => ({ ...silentObserver, problem: (line) => lines.push(line) }) },
    );
    const rate = (uri: string, regex: string, verb: string, value: number, unit: string) => ({
      uri,
      regex,
      limit: [{ verb, value, remaining: value, unit, 'next-available': '2012-09-10T20:11:45.146Z' }],
    });
    const document = {
      limits: {
        rate: [
          rate('/rax-networks', '/v[^/](\\d+)/(rax-networks)/?.*', 'POST', 0, 'DAY'),
          rate('/servers', '/v[^/](\\d+)/servers)?.*', 'POST', 2, 'DAY'),
          rate('', '/v[^/](\\d+)/?.*', 'ALL', 4, 'MINUTE'),
        ],
        absolute: {},
      },
    };
    limits.warm(place());
    await settle();
    clock.tick(20);
    await fetches[0]!.answer(document);
    const post = (path: string) => limits.acquire(place(), requestFor(path, { method: 'POST' }));
    expect(refused(post('/rax-networks'))).toMatchObject({ reason: 'forbidden' });
    permitted(post('/servers'));
    permitted(post('/servers'));
    expect(refused(post('/servers'))).toMatchObject({ reason: 'spent', limit: { uri: '/servers' } });
    // One of the four was GET /limits.
    permitted(limits.acquire(place(), requestFor('/flavors')));
    expect(refused(limits.acquire(place(), requestFor('/flavors'))).reason).toBe('wait');
    expect(lines).toHaveLength(3);
    // Told once, however often they are published.
    await clock.advance(3_600_000);
    await fetches[1]!.answer(document);
    expect(lines).toHaveLength(3);
  });

  describe('after attempts without an answer', () => {
    const day = (remaining: number, value = 30) => {
      const row = { verb: 'GET', value, remaining, unit: 'DAY', 'next-available': '2026-01-01T00:00:00Z' };
      return {
        limits: { rate: [{ uri: '/servers', regex: '^/servers', limit: [row] }], absolute: {} },
      };
    };

    async function outage(made: ReturnType<typeof create>) {
      const { limits, fetches, clock } = made;
      limits.warm(place());
      await settle();
      clock.tick(20);
      await fetches[0]!.answer(day(30));
      await clock.advance(20_000);
      for (let index = 0; index < 30; index++)
        permitted(limits.acquire(place(), requestFor('/servers'))).answered();
      const refusal = refused(limits.acquire(place(), requestFor('/servers')));
      expect(refusal).toMatchObject({ reason: 'spent', retryAfterSeconds: 10 });
    }

    it('are asked for within seconds, and an outage has not spent the day', async () => {
      const made = create();
      const { limits, fetches, clock } = made;
      await outage(made);
      await clock.advance(2_000);
      expect(fetches).toHaveLength(2);
      await fetches[1]!.answer(day(30));
      for (let index = 0; index < 30; index++)
        permitted(limits.acquire(place(), requestFor('/servers'))).answered(200);
      expect(refused(limits.acquire(place(), requestFor('/servers'))).retryAfterSeconds).toBeGreaterThan(
        86_000,
      );
    });

    it('are asked for again and again, a minute apart at most, until the region answers', async () => {
      const made = create();
      const { limits, fetches, clock } = made;
      await outage(made);
      for (let turn = 1; turn <= 12; turn++) {
        await clock.advance(61_000);
        expect(fetches.length).toBeGreaterThan(turn);
        await fetches.at(-1)!.fail('no answer');
      }
      await clock.advance(61_000);
      await fetches.at(-1)!.answer(day(30));
      permitted(limits.acquire(place(), requestFor('/servers')));
    });

    it('are followed when a caller asks for them', async () => {
      const made = create();
      const { limits, fetches, clock } = made;
      await outage(made);
      clock.tick(1_400);
      const document = limits.document(place());
      await settle();
      await fetches.at(-1)!.answer(day(30));
      expect(await document).toMatchObject({ limits: { rate: [{ limit: [{ remaining: 30 }] }] } });
    });
  });

  describe('asked for by an operator', () => {
    it('are taken for true, and nothing the region refused before holds', async () => {
      const { limits, fetches } = create({ maxWaitMs: 0 });
      limits.warm(place());
      await settle();
      await fetches[0]!.answer(published(5));
      const used = () => permitted(limits.acquire(place(), requestFor('/servers')));
      for (let index = 0; index < 3; index++) used().answered(200);
      used().answered(413, { 'retry-after': '40' });
      expect(refused(limits.acquire(place(), requestFor('/servers'))).reason).toBe('wait');
      const resynced = limits.resync();
      await settle();
      await fetches[1]!.answer(published(5, 4));
      expect(await resynced).toEqual([{ account: 'main', region: 'DFW' }]);
      for (let index = 0; index < 4; index++) used();
      expect(refused(limits.acquire(place(), requestFor('/servers'))).reason).toBe('wait');
    });

    it('are asked of the account and region that is named, in any case', async () => {
      const { limits, fetches } = create({}, { userOf: (account) => account });
      for (const [account, region] of [
        ['main', 'DFW'],
        ['main', 'ORD'],
        ['second', 'DFW'],
      ] as const)
        limits.warm(place(account, region));
      await settle();
      for (const fetch of [...fetches]) await fetch.answer(published(5));
      const resynced = limits.resync({ account: 'main', region: 'ord' });
      await settle();
      expect(fetches).toHaveLength(4);
      await fetches[3]!.answer(published(5));
      expect(await resynced).toEqual([{ account: 'main', region: 'ORD' }]);
      expect(await limits.resync({ account: 'nobody' })).toEqual([]);
    });

    it('say why they could not be had', async () => {
      const { limits, fetches } = create();
      limits.warm(place());
      await settle();
      await fetches[0]!.answer(published(5));
      const resynced = limits.resync();
      await settle();
      await fetches[1]!.fail('status 500');
      expect(await resynced).toEqual([{ account: 'main', region: 'DFW', problem: 'status 500' }]);
      const { limits: fixed } = create({ source: 'static' });
      fixed.warm(place());
      expect(await fixed.resync()).toEqual([
        { account: 'main', region: 'DFW', problem: 'the limits are static' },
      ]);
    });
  });

  it('are asked for soon after an unforeseen refusal, which is waited out', async () => {
    const { limits, fetches, clock } = create();
    limits.warm(place());
    await settle();
    await fetches[0]!.answer(published(50));
    const again = { ...requestFor('/servers', { method: 'POST' }), again: true };
    permitted(limits.acquire(place(), again)).answered(413, { 'retry-after': '4' });
    const answer = {
      status: 413,
      headers: { 'retry-after': '4' },
      body: { overLimit: { code: 413, message: 'later' } },
    };
    expect(limits.overLimit(place(), again, answer)).toBe(true);
    const waiting = limits.acquire(place(), again);
    await clock.advance(4_001);
    expect((await waiting).refused).toBeUndefined();
    await clock.advance(10_000);
    expect(fetches).toHaveLength(2);
  });

  it('do not take a quota for a rate', async () => {
    const { limits, fetches } = create();
    limits.warm(place());
    await settle();
    await fetches[0]!.answer(published(50));
    const body = { overLimit: { code: 413, message: 'Quota exceeded for instances' } };
    expect(
      limits.overLimit(place(), requestFor('/servers'), {
        status: 413,
        headers: { 'retry-after': '0' },
        body,
      }),
    ).toBe(false);
  });

  it('are one budget for two accounts of one user, and another per region', async () => {
    const { limits, fetches } = create();
    for (const at of [place('main'), place('second'), place('main', 'ORD')]) limits.warm(at);
    await settle();
    expect(fetches.map((fetch) => fetch.place.endpoint.region)).toEqual(['DFW', 'ORD']);
    await fetches[0]!.answer(published(3));
    permitted(limits.acquire(place('main'), requestFor('/a')));
    permitted(limits.acquire(place('second'), requestFor('/a')));
    expect(refused(limits.acquire(place('main'), requestFor('/a'))).reason).toBe('wait');
    expect(limits.standings().map(({ account, region }) => [account, region])).toEqual([
      ['main', 'DFW'],
      ['main', 'ORD'],
    ]);
  });

  it('are remembered while no account uses them, asked for no more, and forgotten once they are empty', async () => {
    const users = new Map([['main', 'someone']]);
    const { limits, fetches, clock } = create({}, { userOf: (account) => users.get(account) });
    limits.warm(place());
    await settle();
    await fetches[0]!.answer(published(4));
    for (let index = 0; index < 2; index++)
      permitted(limits.acquire(place(), requestFor('/a'))).answered(200);
    users.clear();
    limits.reload();
    expect(limits.standings()).toEqual([]);
    await clock.advance(30_000);
    users.set('second', 'someone');
    limits.reload();
    limits.warm(place('second'));
    await settle();
    // GET /limits took the last of the four.
    expect(refused(limits.acquire(place('second'), requestFor('/a'))).reason).toBe('wait');
    expect(fetches.map((fetch) => fetch.place.account.name)).toEqual(['main', 'second']);
    await fetches[1]!.answer(published(4, 0));
    users.clear();
    limits.reload();
    await clock.advance(2 * 3_600_000);
    expect(fetches).toHaveLength(2);
    users.set('second', 'someone');
    limits.reload();
    limits.warm(place('second'));
    await settle();
    // Made anew: nothing leaves before the region has said what its limits are.
    expect(limits.acquire(place('second'), requestFor('/a'))).toBeInstanceOf(Promise);
    expect(fetches).toHaveLength(3);
  });

  describe('whose Redis has not been reached since the start', () => {
    const store = { exchange: () => Promise.reject(new Error('Redis is away')) };

    it('are taken in the part of one among limits.instances, and the log says what to set', async () => {
      const { limits, fetches, clock, warnings } = create({ instances: 3 }, { store });
      limits.warm(place());
      await clock.advance(2_600);
      await fetches[0]!.answer(published(9));
      for (let index = 0; index < 2; index++)
        permitted(limits.acquire(place(), requestFor('/a'))).answered(200);
      await clock.advance(200);
      expect(refused(limits.acquire(place(), requestFor('/a', { maxWaitMs: 0 }))).reason).toBe('wait');
      expect(warnings).toEqual([
        expect.stringMatching(/Redis has not been reached.*1\/3.*limits\.instances/),
      ]);
    });

    it('are taken in the part of one among those that were there before the restart', async () => {
      const path = join(await mkdtemp(join(tmpdir(), 'sluice-limits-')), 'ledger.json');
      await writeFile(path, '{"instances":{"someone|DFW":4}}');
      const { limits, fetches, clock, warnings } = create({ ledger: path }, { store });
      limits.warm(place());
      await clock.advance(2_600);
      await fetches[0]!.answer(published(8));
      permitted(limits.acquire(place(), requestFor('/a')));
      expect(refused(limits.acquire(place(), requestFor('/a', { maxWaitMs: 0 }))).reason).toBe('wait');
      expect(warnings).toEqual([expect.stringContaining('takes 1/4 of the limits')]);
      await limits.close();
      await rm(dirname(path), { recursive: true });
    });

    it('are taken less what the region says is used', async () => {
      const { limits, fetches, clock } = create({}, { store });
      limits.warm(place());
      await clock.advance(2_600);
      await fetches[0]!.answer(published(9, 2));
      for (let index = 0; index < 2; index++) permitted(limits.acquire(place(), requestFor('/a')));
      expect(refused(limits.acquire(place(), requestFor('/a', { maxWaitMs: 0 }))).reason).toBe('wait');
    });
  });

  it('are shown to callers as they are now, without a request while absolute limits are fresh', async () => {
    const { limits, fetches, clock } = create();
    limits.warm(place());
    await settle();
    await fetches[0]!.answer(published(9, 8, { maxTotalInstances: 11 }));
    permitted(limits.acquire(place(), requestFor('/servers'))).answered(200);
    permitted(limits.acquire(place(), requestFor('/servers'))).answered(200);
    expect(await limits.document(place())).toMatchObject({
      limits: {
        absolute: { maxTotalInstances: 11 },
        rate: [{ uri: '*', regex: '.*', limit: [{ verb: 'ALL', value: 9, remaining: 6, unit: 'MINUTE' }] }],
      },
    });
    expect(fetches).toHaveLength(1);
    await clock.advance(6_000);
    const later = limits.document(place());
    await settle();
    await fetches[1]!.answer(published(9, 8, { maxTotalInstances: 12 }));
    expect(await later).toMatchObject({ limits: { absolute: { maxTotalInstances: 12 } } });
  });

  it('are none when the region publishes an empty list', async () => {
    const { limits, fetches } = create();
    limits.warm(place());
    await settle();
    await fetches[0]!.answer({ limits: { rate: [], absolute: {} } });
    for (let index = 0; index < 500; index++)
      permitted(limits.acquire(place(), requestFor('/os-networksv2')));
  });

  it('are never asked for when they are static', () => {
    const { limits, fetches } = create({
      source: 'static',
      static: [{ service: 'compute', verb: 'get', uri: '/servers', value: 1, unit: 'DAY' }],
    });
    permitted(limits.acquire(place(), requestFor('/servers')));
    expect(refused(limits.acquire(place(), requestFor('/servers'))).reason).toBe('spent');
    expect(fetches).toEqual([]);
  });

  it('are static beside the absolute limits of the region, which are asked for when somebody wants them', async () => {
    const { limits, fetches, clock } = create({
      source: 'static',
      static: [{ service: 'compute', verb: 'ALL', uri: '*', value: 5, unit: 'MINUTE' }],
    });
    const asked = limits.document(place());
    await settle();
    await fetches[0]!.answer(published(9, 8, { maxTotalInstances: 11 }));
    expect(await asked).toMatchObject({
      limits: { absolute: { maxTotalInstances: 11 }, rate: [{ limit: [{ value: 5, remaining: 4 }] }] },
    });
    await clock.advance(2 * 3_600_000);
    expect(fetches).toHaveLength(1);
  });

  it('cost nothing when they are off', () => {
    const { limits } = create({ enabled: false });
    expect(limits.acquire(place(), requestFor('/servers'))).toBe(limits.free);
    expect(limits.isEnabled).toBe(false);
  });

  it('are told in the headers of an answer that used them', async () => {
    const { limits, fetches } = create();
    limits.warm(place());
    await settle();
    await fetches[0]!.answer(published(9));
    const { charges } = permitted(limits.acquire(place(), requestFor('/servers')));
    expect(limits.headers(charges)).toEqual([
      ['RateLimit-Policy', '"ALL * MINUTE";q=9;w=60'],
      ['RateLimit', '"ALL * MINUTE";r=7;t=61'],
    ]);
    expect(limits.headers([])).toEqual([]);
  });
});
