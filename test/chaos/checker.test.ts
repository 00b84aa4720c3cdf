import { describe, expect, it } from 'vitest';
import { check } from './checker.ts';
import type { Attempt, Disturbance, Logs } from './log.ts';
import {
  ALPHA,
  answer,
  at,
  attempt,
  BETA,
  exchange,
  failed,
  inTheEnd,
  logsOf,
  SERVERS,
} from './made-logs.ts';

const rulesOf = (logs: Partial<Logs>) => check(logsOf(logs)).map(({ rule }) => rule);
const texts = (logs: Partial<Logs>) => check(logsOf(logs)).map(({ text }) => text);

const out = (kind: string, fromMs: number, untilMs: number, instance = 'a'): Disturbance => ({
  ...{ lane: 'instance', kind, instance },
  ...{ fromMs: at(fromMs), untilMs: at(untilMs) },
});

const ITEM = `${SERVERS}/1`;
const IMAGES = `/dfw/v2/${ALPHA}/images`;

describe('what a read is answered', () => {
  const body = { server: { id: '1', links: [{ href: 'http://127.0.0.1:8090/dfw/v2/1' }] } };
  const read = (sentMs: number, given: Partial<Attempt> = {}) =>
    attempt(sentMs, { path: ITEM, outcome: answer(200, body), ...given });
  const had = (ms: number, what: unknown = body) => exchange(ms, 200, what, { path: ITEM });

  it('is what the region had meanwhile, wherever its links lead and in whatever order it stands', () => {
    const here = { server: { links: [{ href: 'http://127.0.0.1:9999/dfw/v2/1' }], id: '1' } };
    expect(rulesOf({ attempts: [read(0, { outcome: answer(200, here) })], exchanges: [had(50)] })).toEqual(
      [],
    );
  });

  it('may not be what it never had', () => {
    expect(rulesOf({ attempts: [read(0)], exchanges: [had(50, { server: { id: '2' } })] })).toEqual([
      'wrong answer',
    ]);
    expect(rulesOf({ attempts: [read(0)], exchanges: [] })).toEqual(['wrong answer']);
    expect(
      rulesOf({ attempts: [read(0, { outcome: answer(200, '{"server":{"id":') })], exchanges: [had(50)] }),
    ).toEqual(['wrong answer']);
  });

  it('may not be what it had before it was asked, or only later', () => {
    expect(texts({ attempts: [read(1_000)], exchanges: [had(900)] })).toEqual([
      expect.stringContaining('100 ms before it was asked for'),
    ]);
    expect(rulesOf({ attempts: [read(0)], exchanges: [had(200)] })).toEqual(['wrong answer']);
  });

  const list = { images: [] };
  const cached = (sentMs: number, given: Partial<Attempt> = {}) =>
    attempt(sentMs, { path: IMAGES, outcome: answer(200, list), ...given });
  const image = exchange(0, 200, list, { path: IMAGES });

  it('may be older where it may be cached, and not by more than that', () => {
    expect(rulesOf({ attempts: [cached(4_900)], exchanges: [image] })).toEqual([]);
    expect(rulesOf({ attempts: [cached(5_100)], exchanges: [image] })).toEqual(['wrong answer']);
  });

  const path = `${IMAGES}/7`;
  const deletion = (instance: string) =>
    attempt(1_000, { method: 'DELETE', path, instance, outcome: answer(204, '') });
  const done = exchange(1_050, 204, '', { method: 'DELETE', path });

  it('shows a write that was acknowledged before, at its own instance at once', () => {
    const exchanges = [image, done];
    expect(rulesOf({ attempts: [deletion('a'), cached(1_200)], exchanges })).toEqual(['wrong answer']);
    // Asked before the acknowledgement, or of another tenant's account, it may be older.
    expect(rulesOf({ attempts: [deletion('a'), cached(1_050)], exchanges })).toEqual([]);
    // Of items it is its own that it changes.
    const item = (id: string) => ({
      attempts: [deletion('a'), cached(1_200, { path: `${IMAGES}/${id}` })],
      exchanges: [exchange(0, 200, list, { path: `${IMAGES}/${id}` }), done],
    });
    expect(rulesOf(item('8'))).toEqual([]);
    expect(rulesOf(item('7'))).toEqual(['wrong answer']);
    const fresh = exchange(1_150, 200, list, { path: IMAGES });
    expect(rulesOf({ attempts: [deletion('a'), cached(1_200)], exchanges: [...exchanges, fresh] })).toEqual(
      [],
    );
  });

  it('shows it at the others while they can speak to each other', () => {
    const late = exchange(900, 200, list, { path: IMAGES });
    const exchanges = [late, done];
    expect(rulesOf({ attempts: [deletion('b'), cached(2_000)], exchanges })).toEqual([]);
    const terms = { ...logsOf({}).terms, staleMs: { images: 60_000 } };
    const reader = { attempts: [deletion('b'), cached(7_000)], exchanges, terms };
    expect(rulesOf(reader)).toEqual(['wrong answer']);
    const away: Disturbance = { lane: 'redis', kind: 'killed', fromMs: at(2_000), untilMs: at(3_000) };
    expect(rulesOf({ ...reader, disturbances: [away] })).toEqual([]);
  });
});

describe('what a write is answered', () => {
  const create = (sentMs: number, given: Partial<Attempt> = {}): Attempt =>
    attempt(sentMs, {
      ...{ method: 'POST', mark: 'mark-of-alpha-1', key: 'k', outcome: answer(202, { server: { id: '1' } }) },
      ...given,
    });
  const request = JSON.stringify({ server: { name: 'mark-of-alpha-1' } });
  const made = (ms: number, id = '1', given = {}) =>
    exchange(ms, 202, { server: { id } }, { method: 'POST', body: request, ...given });
  const final = inTheEnd([{ id: '1', name: 'mark-of-alpha-1', metadata: {} }]);

  it('is what the region has done, for that very request', () => {
    expect(rulesOf({ attempts: [create(0)], exchanges: [made(50)], final })).toEqual([]);
    expect(rulesOf({ attempts: [create(0)], exchanges: [], final })).toEqual(['wrong answer']);
    const other = made(50, '1', { body: request.replace('alpha-1', 'alpha-12') });
    expect(rulesOf({ attempts: [create(0)], exchanges: [other], final })).toEqual(['wrong answer']);
    expect(texts({ attempts: [create(0)], exchanges: [made(50, '9')], final })).toEqual([
      expect.stringContaining('it tells of 1, the region has made 9'),
    ]);
  });

  it('may be of an earlier attempt of the same call', () => {
    const first = create(0, { outcome: { kind: 'left' } });
    const again = create(5_000, { call: first.call });
    expect(rulesOf({ attempts: [first, again], exchanges: [made(50)], final })).toEqual([]);
  });

  it('is of one thing, however often it was sent', () => {
    const first = create(0, { outcome: answer(500, ''), endedMs: at(100) });
    const again = create(5_000, { call: first.call });
    const twice = [made(50, '1', { fate: 'reset', status: undefined }), made(5_050, '2')];
    const rules = rulesOf({ attempts: [first, again], exchanges: twice, final });
    expect(rules).toContain('duplicate create');
  });

  it('may be done twice where one is deleted again before any caller hears of it', () => {
    const first = create(0, { outcome: { kind: 'left' } });
    const again = create(5_000, { call: first.call });
    const [kept, later] = [made(50, '1'), made(5_050, '2')];
    const deletion = exchange(6_000, 204, '', { method: 'DELETE', path: `${SERVERS}/2` });
    const world = { attempts: [first, again], final };
    expect(rulesOf({ ...world, exchanges: [kept, later, deletion] })).toEqual([]);
    expect(rulesOf({ ...world, exchanges: [kept, later] })).toContain('duplicate create');
    const ofFirst = exchange(6_000, 204, '', { method: 'DELETE', path: `${SERVERS}/1` });
    expect(rulesOf({ ...world, exchanges: [kept, later, ofFirst] })).toContain('duplicate create');
  });

  it('without a key is done once for each attempt that may have been done', () => {
    const attempts = [
      create(0, { key: undefined, outcome: answer(503, '') }),
      create(5_000, { key: undefined }),
    ];
    const exchanges = [made(50, '1', { fate: 'reset', status: undefined }), made(5_050)];
    expect(rulesOf({ attempts, exchanges, final })).toContain('duplicate create');
    const lost = [create(0, { key: undefined, outcome: answer(500, '') }), attempts[1]!];
    expect(rulesOf({ attempts: lost, exchanges, final })).not.toContain('duplicate create');
  });

  it('is not lost once it is acknowledged, until somebody deletes it', () => {
    const world = { attempts: [create(0)], exchanges: [made(50)] };
    expect(rulesOf({ ...world, final: inTheEnd([]) })).toEqual(['lost write']);
    const path = `${SERVERS}/1`;
    const gone = attempt(500, { method: 'DELETE', path, outcome: answer(204, '') });
    const exchanges = [made(50), exchange(550, 204, '', { method: 'DELETE', path })];
    expect(rulesOf({ attempts: [create(0), gone], exchanges, final: inTheEnd([]) })).toEqual([]);
    expect(rulesOf({ attempts: [create(0), gone], exchanges, final })).toEqual(['lost write']);
  });

  it('keeps the last value that was acknowledged, or one whose fate nobody knows', () => {
    const path = `${SERVERS}/1/metadata/round`;
    const put = (ms: number, mark: string, outcome = answer(200, {})) =>
      attempt(ms, { method: 'PUT', path, mark, outcome });
    const set = (ms: number, mark: string) =>
      exchange(ms, 200, {}, { method: 'PUT', path, body: JSON.stringify({ meta: { round: mark } }) });
    const end = (round: string) => inTheEnd([{ id: '1', name: 'n', metadata: { round } }]);
    const exchanges = [set(50, 'one'), set(1_050, 'two')];
    const both = [put(0, 'one'), put(1_000, 'two')];
    expect(rulesOf({ attempts: both, exchanges, final: end('two') })).toEqual([]);
    expect(rulesOf({ attempts: both, exchanges, final: end('one') })).toEqual(['lost write']);
    const unknown = [put(0, 'one', { kind: 'left' }), put(1_000, 'two')];
    expect(rulesOf({ attempts: unknown, exchanges, final: end('one') })).toEqual([]);
  });
});

describe('a status', () => {
  const got = (status: number, given: Partial<Attempt> = {}) =>
    attempt(5_000, { outcome: answer(status, ''), ...given });
  const said = (status: number) => exchange(5_050, status, '');

  it.each([404, 400, 409])('%d is one that the region said', (status) => {
    expect(rulesOf({ attempts: [got(status)], exchanges: [said(status)] })).toEqual([]);
    expect(rulesOf({ attempts: [got(status)], exchanges: [said(410)] })).toEqual(['unexplained status']);
  });

  it.each([401, 403])('%d is never one, whatever the region says', (status) => {
    const exchanges = [said(status), said(status)];
    expect(rulesOf({ attempts: [got(status)], exchanges })).toEqual(['unexplained status']);
  });

  it('503 comes when the region has refused two tokens of one request', () => {
    expect(rulesOf({ attempts: [got(503)], exchanges: [said(401), said(401)] })).toEqual([]);
  });

  it.each([500, 502, 503, 504])('%d has a reason at the region, at identity or at the instance', (status) => {
    const attempts = [got(status)];
    expect(rulesOf({ attempts })).toEqual(['unexplained status']);
    expect(rulesOf({ attempts, exchanges: [failed(4_000, {})] })).toEqual([]);
    expect(rulesOf({ attempts, exchanges: [failed(4_000, { region: null, path: '/v2.0/tokens' })] })).toEqual(
      [],
    );
    expect(rulesOf({ attempts, exchanges: [failed(4_000, { region: 'ORD' })] })).toEqual([
      'unexplained status',
    ]);
    expect(rulesOf({ attempts, exchanges: [failed(6_000, {})] })).toEqual(['unexplained status']);
    expect(rulesOf({ attempts, disturbances: [out('restarted', 4_000, 6_000)] })).toEqual([]);
    expect(rulesOf({ attempts, disturbances: [out('restarted', 4_000, 6_000, 'b')] })).toEqual([
      'unexplained status',
    ]);
    expect(rulesOf({ attempts, disturbances: [out('reloaded', 4_000, 6_000)] })).toEqual([
      'unexplained status',
    ]);
  });

  it('409 of a key comes while another attempt with it may run', () => {
    const again = got(409, { key: 'k', method: 'POST' });
    expect(rulesOf({ attempts: [again] })).toEqual(['unexplained status']);
    const first = attempt(0, { call: again.call, key: 'k', method: 'POST', outcome: { kind: 'left' } });
    expect(rulesOf({ attempts: [first, again] })).toEqual([]);
  });
});

describe('a byte', () => {
  it.each(['mark-of-beta-7', BETA, 'a-token-of-the-cloud'])('of %s is not alpha’s to see', (text) => {
    const body = { servers: [{ name: text }] };
    const exchanges = [exchange(50, 200, body)];
    expect(rulesOf({ attempts: [attempt(0, { outcome: answer(200, body) })], exchanges })).toEqual([
      'foreign byte',
    ]);
    const header = attempt(0, { outcome: answer(200, {}, { location: text }) });
    expect(rulesOf({ attempts: [header], exchanges: [exchange(50, 200, {})] })).toEqual(['foreign byte']);
  });

  it('of a caller’s key is not the region’s to hear', () => {
    const heard = exchange(50, 200, {}, { token: 'a-key-of-alpha' });
    expect(rulesOf({ exchanges: [heard] })).toEqual(['foreign byte']);
  });
});

describe('a refusal', () => {
  /** The run began some time before. */
  const start = attempt(0, { outcome: { kind: 'left' } });
  const refused = (given: Partial<Attempt> = {}) =>
    attempt(5_000, { maxWaitMs: 1_700, outcome: answer(413, '', { 'retry-after': '1' }), ...given });
  const used = (count: number, ms = 4_800) => Array.from({ length: count }, () => exchange(ms, 200, {}));
  const rules = (attempts: Attempt[], given: Partial<Logs>) =>
    rulesOf({ attempts: [start, ...attempts], ...given });

  it('comes when the second is used, and says when to come again', () => {
    expect(rules([refused()], { exchanges: used(20) })).toEqual([]);
    const silent = refused({ outcome: answer(413, '') });
    expect(rules([silent], { exchanges: used(20) })).toEqual(['early refusal']);
  });

  it('does not come while there is room, but for what is on its way between instances', () => {
    expect(rules([refused()], { exchanges: used(14) })).toEqual([]);
    expect(rules([refused()], { exchanges: used(13) })).toEqual(['early refusal']);
    expect(rules([refused()], { exchanges: [...used(10), ...used(10, 5_800)] })).toEqual(['early refusal']);
    expect(rules([refused()], { exchanges: used(20, 2_000) })).toEqual(['early refusal']);
    expect(rules([refused()], { exchanges: used(20, 8_000) })).toEqual(['early refusal']);
    const elsewhere = used(20).map((one) => ({ ...one, path: `/ord/v2/${ALPHA}/servers` }));
    expect(rules([refused()], { exchanges: elsewhere })).toEqual(['early refusal']);
  });

  it('looks at all the time that the caller would have waited, and at what is in doubt', () => {
    const exchanges = used(20, 6_500);
    expect(rules([refused()], { exchanges })).toEqual([]);
    expect(rules([refused({ maxWaitMs: 1_200 })], { exchanges })).toEqual(['early refusal']);
    const hung = Array.from({ length: 10 }, () => failed(1_000, { fate: 'hang' }));
    expect(rules([refused()], { exchanges: [...hung, ...used(10)] })).toEqual([]);
  });

  it('may come at half for who waits less long than promises are held, and where the region stood still', () => {
    expect(rules([refused({ maxWaitMs: 700 })], { exchanges: used(10) })).toEqual([]);
    expect(rules([refused({ maxWaitMs: 700 })], { exchanges: used(9) })).toEqual(['early refusal']);
    const standstills = [{ fromMs: at(5_000), untilMs: at(5_300) }];
    expect(rules([refused()], { exchanges: used(10), standstills })).toEqual([]);
    expect(rules([refused()], { exchanges: used(9), standstills })).toEqual(['early refusal']);
  });

  it('may come at half a part after an instance was gone, and is not judged just after Redis was', () => {
    const lane = (lane: 'redis' | 'instance', untilMs: number): Partial<Logs> => ({
      disturbances: [{ lane, kind: 'killed', fromMs: at(untilMs - 1_000), untilMs: at(untilMs) }],
    });
    const late = refused({ sentMs: at(15_000), endedMs: at(15_100) });
    const usedBy = (count: number) => ({ exchanges: used(count, 14_800) });
    for (const lost of [lane('instance', 14_000), lane('instance', 1_000), lane('redis', 2_000)]) {
      expect(rules([late], { ...lost, ...usedBy(3) })).toEqual([]);
      expect(rules([late], { ...lost, ...usedBy(2) })).toEqual(['early refusal']);
    }
    expect(rules([late], { ...lane('redis', 9_000), ...usedBy(0) })).toEqual([]);
  });
});

describe('a caller', () => {
  it.each(['timeout', 'cut', 'unreached'] as const)(
    'is not left with %s by an instance that lives',
    (kind) => {
      const attempts = [attempt(5_000, { outcome: { kind } })];
      expect(rulesOf({ attempts })).toEqual(['no answer']);
      expect(rulesOf({ attempts, disturbances: [out('killed', 5_050, 6_000)] })).toEqual([]);
      expect(rulesOf({ attempts, disturbances: [out('killed', 50_000, 60_000)] })).toEqual(['no answer']);
    },
  );

  it('is not answered after its patience', () => {
    const exchanges = [exchange(20_000, 200, {})];
    expect(rulesOf({ attempts: [attempt(0, { endedMs: at(20_050) })], exchanges })).toEqual(['no answer']);
  });
});
