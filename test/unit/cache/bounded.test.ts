import { describe, expect, it } from 'vitest';
import { createBackOff } from '../../../src/cache/back-off.ts';
import { createCache } from '../../../src/cache/cache.ts';
import { Entry } from '../../../src/cache/entry.ts';
import { silentObserver } from '../../../src/cache/observer.ts';
import { Fault } from '../../../src/faults/faults.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { ok } from './instances.ts';
import { askFor, cacheSettings, FLAVORS, flavorsDetail } from './support.ts';

/** What callers can invent is counted in bytes, whatever of it they make long. */

const LONG = 'x'.repeat(8000);
const MAX_BYTES = 1_000_000;

const open = (changes = {}) =>
  createCache({
    settings: cacheSettings({ maxBytes: MAX_BYTES, ...changes }),
    clock: new FakeClock(),
    observe: silentObserver,
  });

const fields = {
  key: 'key',
  scope: 'scope',
  tenant: '4711',
  subject: undefined,
  query: '',
  status: 200,
  body: '{}',
  headers: {},
  storedAt: 0,
  freshUntil: 1,
  staleUntil: 1,
  errorUntil: 1,
};
const sizeOf = (changes: object) => new Entry({ ...fields, ...changes }).size;

describe('what an entry is counted as', () => {
  it.each([
    ['its key', { key: LONG }],
    ['its query', { query: LONG }],
    ['its id', { subject: LONG }],
    ['its headers', { headers: { 'retry-after': LONG } }],
    ['its text', { body: LONG }],
  ])('grows with %s', (_, changes) => {
    expect(sizeOf(changes)).toBeGreaterThanOrEqual(sizeOf({}) + LONG.length - 10);
  });

  it('is two bytes for each character that is none of Latin-1', () => {
    expect(sizeOf({ query: 'ā'.repeat(1000) })).toBeGreaterThanOrEqual(
      sizeOf({ query: 'a'.repeat(1000) }) + 1000,
    );
  });

  it('grows with what a caller makes of the gateway`s address', () => {
    const entry = new Entry(fields);
    entry.rendition('json http://a', () => '{}');
    const before = entry.size;
    entry.rendition(`json http://${LONG}`, () => '{}');
    expect(entry.size).toBeGreaterThanOrEqual(before + LONG.length);
  });
});

describe('memory stays bounded', () => {
  it.each([
    ['queries', (at: number) => askFor(`/flavors?${LONG}=${at}`)],
    ['microversions', (at: number) => askFor('/flavors', { variant: `${LONG}${at}` })],
    ['tenants', (at: number) => askFor('/flavors', { tenant: `${LONG}${at}` })],
  ])('by however many %s', async (_, ask) => {
    const cache = open();
    for (let at = 0; at < 400; at++) {
      await cache.fetch(cache.lookup(ask(at)), async () => ok('{"flavors": []}'));
      expect(cache.stats().bytes).toBeLessThanOrEqual(MAX_BYTES);
    }
    expect(cache.stats().entries * LONG.length).toBeLessThanOrEqual(MAX_BYTES);
  });

  it('by items that are computed from lists, each of which is counted with its own text', async () => {
    const cache = open({ derive: { flavors: true, images: false } });
    await cache.fetch(cache.lookup(askFor('/flavors/detail')), async () => ok(flavorsDetail()));
    const { bytes } = cache.stats();
    const lookup = cache.lookup(askFor('/flavors/3'));
    expect(lookup.reason).toBe('derived');
    expect(cache.stats().bytes).toBeGreaterThan(bytes + FLAVORS[1]!.length);
  });

  it('by failed refreshes of however many keys', () => {
    const backOff = createBackOff();
    for (let at = 0; at < 20_000; at++) backOff.failed(`${LONG}${at}`, 0);
    const held = Array.from({ length: 20_000 }, (_, at) => backOff.mayTry(`${LONG}${at}`, 1)).filter(
      (may) => !may,
    );
    expect(held.length).toBeGreaterThan(50);
    expect(held.length * LONG.length).toBeLessThan(4_000_000);
  });
});

it.each([
  ['a refusal for being over a limit', new Fault('overLimit', 'Wait.')],
  ['a refusal of the region', new Fault('unauthorized', 'No.')],
  ['a failure', new Error('reset')],
])('nothing is kept of a request that ended in %s', async (_, error) => {
  const cache = open();
  for (let at = 0; at < 100; at++)
    await expect(
      cache.fetch(cache.lookup(askFor(`/flavors/${at}`)), () => Promise.reject(error)),
    ).rejects.toBe(error);
  expect(cache.stats()).toMatchObject({ entries: 0, bytes: 0, fetches: 0 });
});

it.each([401, 403, 413, 429, 500, 503])(
  'nothing is kept of a request that was answered %s',
  async (status) => {
    const cache = open();
    for (let at = 0; at < 100; at++)
      await cache.fetch(cache.lookup(askFor(`/flavors/${at}`)), async () => ({
        status,
        body: '{}',
        headers: {},
      }));
    expect(cache.stats()).toMatchObject({ entries: 0, bytes: 0, fetches: 0 });
  },
);
