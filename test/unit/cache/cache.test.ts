import { beforeEach, describe, expect, it } from 'vitest';
import { type CacheRequest, createCache, type ResponseCache, type Stored } from '../../../src/cache/cache.ts';
import { silentObserver } from '../../../src/cache/observer.ts';
import { Fault } from '../../../src/faults/faults.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { SharedDouble } from './shared-double.ts';
import { askFor, cacheSettings, FLAVORS, flavorsDetail, flavorText, gate, imageText } from './support.ts';

const ok = (body: string): Stored => ({ status: 200, body, headers: {} });
const answer = (status: number): Stored => ({ status, body: '{}', headers: {} });
const HOUR = 3_600_000;

let clock: FakeClock;
let cache: ResponseCache;
let loads: number;

beforeEach(() => {
  clock = new FakeClock();
  loads = 0;
  cache = createCache({ settings: cacheSettings(), clock, observe: silentObserver });
});

const loading = (result: Stored | Error) => async () => {
  loads++;
  if (result instanceof Error) throw result;
  return result;
};
const fetch = (ask: CacheRequest, result: Stored | Error) => cache.fetch(cache.lookup(ask), loading(result));
const verdict = (ask: CacheRequest) => {
  const { verdict, reason } = cache.lookup(ask);
  return `${verdict}: ${reason}`;
};
const detail = askFor('/flavors/detail');
const image = askFor('/images/a');
const images = askFor('/images');

describe('fetching', () => {
  it('asks the upstream once for 200 callers of a cold list', async () => {
    const work = gate<Stored>();
    const lookups = Array.from({ length: 200 }, () => cache.lookup(detail));
    const fetched = lookups.map((lookup) =>
      cache.fetch(lookup, () => {
        loads++;
        return work.promise;
      }),
    );
    work.open(ok(flavorsDetail()));
    const verdicts = (await Promise.all(fetched)).map((one) => one.verdict);
    expect(loads).toBe(1);
    expect(verdicts.filter((one) => one === 'coalesced')).toHaveLength(199);
    expect(verdict(detail)).toBe('hit: fresh');
  });

  it('never shows one tenant, account or region what belongs to another', async () => {
    await fetch(detail, ok(flavorsDetail()));
    for (const other of [{ tenant: '1' }, { account: 'b' }, { region: 'ORD' }, { variant: 'x' }])
      expect(verdict({ ...detail, ...other })).toBe('miss: absent');
  });

  it('hands out uncacheable answers without keeping them', async () => {
    const fetched = await fetch(detail, answer(403));
    expect([fetched.entry.status, fetched.stored, fetched.verdict]).toEqual([403, false, 'miss']);
    expect(verdict(detail)).toBe('miss: absent');
  });

  it('remembers for seconds that there is no such item', async () => {
    await fetch(image, answer(404));
    expect(verdict(image)).toBe('hit: fresh');
    clock.tick(10_000);
    expect(verdict(image)).toBe('miss: expired');
  });

  it('forgets an answer that the upstream has taken back, even when it keeps no 404s', async () => {
    cache = createCache({
      settings: cacheSettings({ notFound: { ttl: 0 } }),
      clock,
      observe: silentObserver,
    });
    await fetch(image, ok(`{"image": ${imageText({ id: 'a' })}}`));
    clock.tick(2 * HOUR);
    const gone = await fetch(image, answer(404));
    expect([gone.entry.status, gone.stored]).toEqual([404, false]);
    expect((await fetch(image, answer(503))).entry.status).toBe(503);
  });

  it('keeps images that are being saved for seconds only', async () => {
    await fetch(image, ok(`{"image": ${imageText({ id: 'a', status: 'SAVING' })}}`));
    clock.tick(5000);
    expect(verdict(image)).toBe('miss: expired');
  });

  it('reads and writes nothing for no-store and changes-since', async () => {
    await fetch(images, ok('{"images": []}'));
    expect(verdict({ ...images, cacheControl: 'no-store' })).toBe('pass: no-store');
    const since = askFor('/images?changes-since=2026-01-01T00:00:00Z');
    const fetched = await fetch(since, ok('{"images": []}'));
    expect([fetched.verdict, fetched.stored, verdict(since)]).toEqual(['pass', false, 'pass: changes-since']);
  });

  it('answers only-if-cached with 504 when there is nothing, without asking the upstream', async () => {
    const ask = { ...detail, cacheControl: 'only-if-cached' };
    await expect(fetch(ask, ok('{}'))).rejects.toMatchObject({ code: 504 });
    expect(loads).toBe(0);
  });

  it('asks the upstream for whoever wants a new answer, though others who wait are content with a peer`s', async () => {
    const peers = new SharedDouble(clock);
    const open = () =>
      createCache({ settings: cacheSettings(), clock, observe: silentObserver, shared: peers.open });
    const peer = open();
    await peer.fetch(peer.lookup(images), loading(ok('"old"')));
    await settle();
    clock.tick(60_000);
    cache = open();
    const asks = [images, ...['no-cache', 'max-age=5'].map((cacheControl) => ({ ...images, cacheControl }))];
    const fetched = await Promise.all(asks.map((ask) => fetch(ask, ok('"new"'))));
    expect(fetched.map(({ entry, verdict }) => `${entry.body} ${verdict}`)).toEqual([
      '"old" hit',
      '"new" miss',
      '"new" coalesced',
    ]);
    expect(loads).toBe(2);
  });

  it('lets the last caller that leaves cancel the request to the upstream, and the next one starts anew', async () => {
    const caller = new AbortController();
    let seen: AbortSignal | undefined;
    const fetched = cache.fetch(
      cache.lookup(detail),
      (signal) => {
        seen = signal;
        return gate<Stored>().promise;
      },
      caller.signal,
    );
    await settle();
    caller.abort(new Error('gone'));
    await expect(fetched).rejects.toThrow('gone');
    expect(seen?.aborted).toBe(true);
    expect((await fetch(detail, ok(flavorsDetail()))).verdict).toBe('miss');
  });
});

describe('old answers', () => {
  beforeEach(() => fetch(detail, ok(flavorsDetail())));

  it('are served at once while one request refreshes them', async () => {
    clock.tick(HOUR);
    const work = gate<Stored>();
    for (let caller = 0; caller < 10; caller++) {
      const lookup = cache.lookup(detail);
      expect(lookup.verdict).toBe('stale');
      cache.revalidate(lookup, () => {
        loads++;
        return work.promise;
      });
    }
    work.open(ok(flavorsDetail([FLAVORS[0]!])));
    await settle();
    expect(loads).toBe(2);
    const lookup = cache.lookup(detail);
    expect(lookup.verdict === 'hit' && lookup.entry.body).toBe(flavorsDetail([FLAVORS[0]!]));
  });

  it('stay when their refresh fails', async () => {
    clock.tick(HOUR);
    cache.revalidate(cache.lookup(detail), loading(answer(503)));
    await settle();
    clock.tick(1000);
    cache.revalidate(cache.lookup(detail), loading(new Error('reset')));
    await settle();
    expect([verdict(detail), loads]).toEqual(['stale: stale-while-revalidate', 3]);
  });

  it('are refreshed ever more seldom while that fails, a minute apart at most, and as before once it works', async () => {
    const refreshedAt: number[] = [];
    const start = clock.now() + HOUR;
    const load = (result: Stored) => async () => {
      refreshedAt.push((clock.now() - start) / 1000);
      return result;
    };
    clock.tick(HOUR);
    for (let second = 0; second <= 250; second++) {
      for (let caller = 0; caller < 3; caller++) cache.revalidate(cache.lookup(detail), load(answer(503)));
      await settle();
      clock.tick(1000);
    }
    expect(refreshedAt).toEqual([0, 1, 3, 7, 15, 31, 63, 123, 183, 243]);
    clock.tick(60_000);
    cache.revalidate(cache.lookup(detail), load(ok(flavorsDetail())));
    await settle();
    expect(verdict(detail)).toBe('hit: fresh');
    clock.tick(HOUR);
    const { length } = refreshedAt;
    cache.revalidate(cache.lookup(detail), load(answer(503)));
    await settle();
    clock.tick(1000);
    cache.revalidate(cache.lookup(detail), load(answer(503)));
    await settle();
    expect(refreshedAt.length - length).toBe(2);
  });

  it('back off key by key', async () => {
    await fetch(images, ok('{"images": []}'));
    clock.tick(HOUR);
    cache.revalidate(cache.lookup(detail), loading(answer(503)));
    cache.revalidate(cache.lookup(images), loading(ok('{"images": []}')));
    await settle();
    expect([verdict(detail), verdict(images)]).toEqual(['stale: stale-while-revalidate', 'hit: fresh']);
  });

  it.each([
    ['a 503', answer(503)],
    ['a limit', answer(413)],
    ['a fault of the gateway', new Fault('serviceUnavailable', 'no token')],
    ['a broken connection', new Error('reset')],
  ])('stand in for %s', async (_, failure) => {
    cache = createCache({
      settings: cacheSettings({ flavors: { ttl: 1, staleWhileRevalidate: 0, staleIfError: 60 } }),
      clock,
      observe: silentObserver,
    });
    await fetch(detail, ok(flavorsDetail()));
    clock.tick(30_000);
    const fetched = await fetch(detail, failure);
    expect([fetched.verdict, fetched.reason, fetched.entry.body]).toEqual([
      'stale',
      'stale-if-error',
      flavorsDetail(),
    ]);
    clock.tick(31_000);
    const late = fetch(detail, failure);
    if (failure instanceof Error) await expect(late).rejects.toBe(failure);
    else expect((await late).entry.status).toBe(failure.status);
  });

  it('do not stand in for a refusal, nor for a caller that wants a new one', async () => {
    const revalidating = { ...detail, cacheControl: 'no-cache' };
    expect((await fetch(revalidating, answer(503))).entry.status).toBe(503);
    clock.tick(26 * HOUR);
    expect((await fetch(detail, answer(401))).entry.status).toBe(401);
  });
});

describe('a detail list', () => {
  it('answers lists and items of flavors without the upstream, the second time as an ordinary hit', async () => {
    await fetch(detail, ok(flavorsDetail()));
    for (const url of ['/flavors', '/flavors/3', '/flavors?minRam=1024', '/flavors/detail?limit=2']) {
      expect(verdict(askFor(url)), url).toBe('hit: derived');
      expect(verdict(askFor(url)), url).toBe('hit: fresh');
    }
    expect(verdict(askFor('/flavors/99'))).toBe('miss: absent');
    expect(verdict(askFor('/flavors/3', { tenant: 'other' }))).toBe('miss: absent');
  });

  it('answers nothing once it is not fresh, and passes its age on', async () => {
    await fetch(detail, ok(flavorsDetail()));
    clock.tick(HOUR - 1000);
    expect(verdict(askFor('/flavors/3'))).toBe('hit: derived');
    clock.tick(1000);
    expect(verdict(askFor('/flavors/3'))).toBe('stale: stale-while-revalidate');
    expect(verdict(askFor('/flavors/2'))).toBe('miss: absent');
  });

  it('outdates what was known of its members before', async () => {
    await fetch(askFor('/flavors/3'), ok(`{"flavor": ${FLAVORS[1]}}`));
    clock.tick(1000);
    const changed = flavorText('3', 4096, 40);
    await fetch(detail, ok(flavorsDetail([changed])));
    const lookup = cache.lookup(askFor('/flavors/3'));
    expect(lookup.verdict === 'hit' && lookup.entry.body).toBe(`{"flavor": ${changed}}`);
  });

  it('of images answers others only where it is switched on', async () => {
    const list = ok(`{"images": [${imageText({ id: 'a' })}]}`);
    await fetch(askFor('/images/detail'), list);
    expect(verdict(image)).toBe('miss: absent');
    const derive = { flavors: false, images: true };
    cache = createCache({ settings: cacheSettings({ derive }), clock, observe: silentObserver });
    await fetch(askFor('/images/detail'), list);
    await fetch(detail, ok(flavorsDetail()));
    expect([verdict(image), verdict(askFor('/flavors'))]).toEqual(['hit: derived', 'miss: absent']);
  });
});

describe('a write', () => {
  const write = { account: 'main', region: 'DFW', params: { image_id: 'a' } };
  const fill = async () => {
    const asks = [image, images, askFor('/images/a/metadata'), askFor('/images/b'), detail];
    for (const ask of asks) await fetch(ask, ok('{}'));
    await fetch(askFor('/images/c'), answer(404));
    return [...asks, askFor('/images/c')].map((ask) => () => cache.lookup(ask).verdict);
  };

  it('to an image drops it, its metadata and every list, and nothing else', async () => {
    const verdicts = await fill();
    await cache.invalidate({ ...write, invalidates: ['image', 'imageLists'] });
    expect(verdicts.map((now) => now())).toEqual(['miss', 'miss', 'miss', 'hit', 'hit', 'miss']);
  });

  it('that makes an image drops lists and every 404, because one of them may be it', async () => {
    const verdicts = await fill();
    await cache.invalidate({ ...write, params: { server_id: 'a' }, invalidates: ['imageLists'] });
    expect(verdicts.map((now) => now())).toEqual(['hit', 'miss', 'hit', 'hit', 'hit', 'miss']);
  });

  it('keeps an answer that was asked for before it from being kept, or given to later callers', async () => {
    const work = gate<Stored>();
    const early = cache.fetch(cache.lookup(image), () => work.promise);
    await settle();
    await cache.invalidate({ ...write, invalidates: ['image'] });
    const late = await fetch(image, ok('"new"'));
    work.open(ok('"old"'));
    const first = await early;
    expect([first.entry.body, first.stored, late.entry.body]).toEqual(['"old"', false, '"new"']);
    const lookup = cache.lookup(image);
    expect(lookup.verdict === 'hit' && lookup.entry.body).toBe('"new"');
  });

  it('takes an older answer out of service as a stand-in, too', async () => {
    await fetch(image, ok('"old"'));
    await cache.invalidate({ ...write, invalidates: ['image'] });
    expect((await fetch(image, answer(503))).entry.status).toBe(503);
  });

  it('whose answer was lost drops what was read while the upstream may still have been at it', async () => {
    await cache.invalidate({ ...write, invalidates: ['image'], isLost: true });
    await fetch(image, ok('"perhaps old"'));
    await clock.advance(30_000);
    expect(verdict(image)).toBe('miss: absent');
  });

  it('leaves other regions and accounts alone', async () => {
    await fetch({ ...image, region: 'ORD' }, ok('{}'));
    await cache.invalidate({ ...write, invalidates: ['image'] });
    expect(verdict({ ...image, region: 'ORD' })).toBe('hit: fresh');
  });
});

describe('a purge', () => {
  it('drops what it means, counts it, and means everything when it says nothing', async () => {
    for (const region of ['DFW', 'ORD'])
      for (const ask of [image, detail]) await fetch({ ...ask, region }, ok('{}'));
    expect(await cache.purge({ region: 'dfw', resource: 'images' })).toBe(1);
    expect([verdict(image), verdict({ ...image, region: 'ORD' })]).toEqual(['miss: absent', 'hit: fresh']);
    expect(await cache.purge({ account: 'nobody' })).toBe(0);
    expect(await cache.purge({})).toBe(3);
    expect(cache.stats()).toMatchObject({ entries: 0, bytes: 0 });
  });
});
