import { describe, expect, it } from 'vitest';
import { CLASSES } from '../../../src/cache/classes.ts';
import { parseDirectives } from '../../../src/cache/directives.ts';
import {
  decide,
  decideFreshness,
  decidePass,
  type Freshness,
  isOutage,
  mayServeOnError,
} from '../../../src/cache/policy.ts';
import { isTransient } from '../../../src/cache/transient.ts';
import { operationNamed } from '../../../src/operations/match.ts';
import { OPERATIONS } from '../../../src/operations/table.ts';
import { cacheSettings, imagesDetail, imageText } from './support.ts';

const settings = cacheSettings();
const nothing = parseDirectives(undefined);
const at = (freshness: Partial<Freshness>): Freshness => ({
  storedAt: 0,
  freshUntil: 1000,
  staleUntil: 2000,
  errorUntil: 3000,
  ...freshness,
});

describe('decide', () => {
  it.each([
    [0, 'hit', 'fresh'],
    [999, 'hit', 'fresh'],
    [1000, 'stale', 'stale-while-revalidate'],
    [1999, 'stale', 'stale-while-revalidate'],
    [2000, 'miss', 'expired'],
  ])('at %d ms an answer of 0 ms is a %s: %s', (now, verdict, reason) => {
    expect(decide(at({}), nothing, now)).toEqual({ verdict, reason });
  });

  it('misses what is not there', () => {
    expect(decide(undefined, nothing, 0)).toEqual({ verdict: 'miss', reason: 'absent' });
  });

  it.each(['no-cache', 'max-age=0', 'No-Cache, foo', 'max-age="0"'])('obeys %s', (header) => {
    expect(decide(at({}), parseDirectives(header), 1).reason).toBe('revalidate');
  });

  it('obeys max-age=n', () => {
    const entry = at({ freshUntil: 60_000 });
    expect(decide(entry, parseDirectives('max-age=5'), 5000).verdict).toBe('hit');
    expect(decide(entry, parseDirectives('max-age=5'), 5001)).toEqual({ verdict: 'miss', reason: 'max-age' });
    expect(decide(entry, parseDirectives('max-age=five'), 50_000).verdict).toBe('hit');
  });
});

describe('decidePass', () => {
  it('passes every operation without a cache class and none with one', () => {
    for (const operation of OPERATIONS) {
      const expected = operation.cache === null ? 'uncacheable' : null;
      expect(decidePass(true, operation, nothing, false), operation.name).toBe(expected);
    }
  });

  it('passes no-store, changes-since and everything when switched off', () => {
    const operation = operationNamed('listImages');
    expect(decidePass(true, operation, parseDirectives('no-store'), false)).toBe('no-store');
    expect(decidePass(true, operation, nothing, true)).toBe('changes-since');
    expect(decidePass(false, operation, nothing, false)).toBe('disabled');
  });
});

describe('decideFreshness', () => {
  const ok = { status: 200, isItem: false, isTransient: false };

  it('counts the windows from when the upstream was asked', () => {
    expect(decideFreshness(settings, 'images', ok, 1000)).toEqual({
      storedAt: 1000,
      freshUntil: 301_000,
      staleUntil: 3_901_000,
      errorUntil: 86_701_000,
    });
  });

  it('gives changing images seconds and never serves them while refreshing', () => {
    const kept = decideFreshness(settings, 'images', { ...ok, isTransient: true }, 0)!;
    expect(kept.freshUntil).toBeLessThanOrEqual(5000);
    expect(kept.staleUntil).toBe(kept.freshUntil);
  });

  it('keeps the 404 of an item for notFound.ttl, and no other', () => {
    expect(decideFreshness(settings, 'flavors', { ...ok, status: 404, isItem: true }, 0)).toEqual({
      storedAt: 0,
      freshUntil: 10_000,
      staleUntil: 10_000,
      errorUntil: 10_000,
    });
    expect(decideFreshness(settings, 'flavors', { ...ok, status: 404 }, 0)).toBeNull();
  });

  it.each([203, 300, 400, 401, 403, 413, 429, 500, 503])('never keeps a %d', (status) => {
    expect(decideFreshness(settings, 'flavors', { ...ok, status, isItem: true }, 0)).toBeNull();
  });

  it('keeps nothing when all windows are zero', () => {
    const none = { ttl: 0, staleWhileRevalidate: 0, staleIfError: 0 };
    expect(decideFreshness(cacheSettings({ flavors: none }), 'flavors', ok, 0)).toBeNull();
  });
});

describe('failures', () => {
  it('knows what means that the upstream cannot answer', () => {
    expect([500, 502, 503, 504, 413, 429].every(isOutage)).toBe(true);
    expect([200, 400, 401, 403, 404].some(isOutage)).toBe(false);
  });

  it('serves old answers on errors within the window, not to who asked to revalidate', () => {
    expect(mayServeOnError(at({}), nothing, 2999)).toBe(true);
    expect(mayServeOnError(at({}), nothing, 3000)).toBe(false);
    expect(mayServeOnError(at({}), parseDirectives('no-cache'), 10)).toBe(false);
    expect(mayServeOnError(at({}), parseDirectives('max-age=1'), 1500)).toBe(false);
  });
});

describe('isTransient', () => {
  const saving = imageText({ id: 'a', status: 'SAVING' });
  const active = imageText({ id: 'b' });

  it('sees an image that is not ACTIVE, alone or in a list', () => {
    expect(isTransient(CLASSES.images, `{"image": ${saving}}`, '', 0)).toBe(true);
    expect(isTransient(CLASSES.images, imagesDetail([active, saving]), '', 0)).toBe(true);
    expect(isTransient(CLASSES.images, imagesDetail([active]), '', 0)).toBe(false);
  });

  it('is not fooled by metadata, other classes or broken text', () => {
    expect(
      isTransient(CLASSES.images, '{"image": {"status": "ACTIVE", "metadata": {"status": "odd"}}}', '', 0),
    ).toBe(false);
    expect(isTransient(CLASSES.flavors, `{"image": ${saving}}`, '', 0)).toBe(false);
    expect(isTransient(CLASSES.images, '{"status": "SAVING"', '', 0)).toBe(false);
  });

  it('waits for an image of a list that is in the making, and not for one that has been so for minutes', () => {
    const now = Date.UTC(2026, 0, 1);
    const listed = (ageMs: number, count = 0) => {
      const ready = Array.from({ length: count }, (_, at) => ({ id: `${at}`, status: 'active' }));
      const changed = new Date(now - ageMs).toISOString();
      return JSON.stringify({ images: [...ready, { id: 'a', status: 'queued', updated_at: changed }] });
    };
    const { glanceImages } = CLASSES;
    expect(isTransient(glanceImages, listed(60_000), '', now)).toBe(true);
    expect(isTransient(glanceImages, listed(180_000), '', now)).toBe(false);
    expect(isTransient(glanceImages, listed(60_000).replace(/,"updated_at":"[^"]*"/, ''), '', now)).toBe(
      true,
    );
  });

  it('says the same of a list that is so long that it is read in turns', async () => {
    const images = Array.from({ length: 3_000 }, (_, at) =>
      imageText({ id: `${at}`, name: 'x'.repeat(100) }),
    );
    const changing = isTransient(CLASSES.images, imagesDetail([...images, saving]), '', 0);
    expect(changing).toBeInstanceOf(Promise);
    expect(await changing).toBe(true);
    expect(await isTransient(CLASSES.images, imagesDetail(images), '', 0)).toBe(false);
    expect(await isTransient(CLASSES.images, imagesDetail(images).slice(0, -1), '', 0)).toBe(false);
  });

  it('takes lists by a passing status for changing, even empty ones', () => {
    expect(isTransient(CLASSES.images, '{"images": []}', 'status=SAVING', 0)).toBe(true);
    expect(isTransient(CLASSES.images, '{"images": []}', 'status=ACTIVE', 0)).toBe(false);
  });
});
