import { describe, expect } from 'vitest';
import { type Answered, ask } from '../support/ask.ts';
import { scenario } from '../support/scenario.ts';
import { fault, json } from '../support/stub-answers.ts';
import { STUB } from '../support/stub-documents.ts';

const { it, gateway, clock, dfw } = scenario('test', {
  standstill: true,
  settings: { upstream: { retries: 0 } },
});

const get = (path: string, cacheControl?: string): Promise<Answered> =>
  ask(`${gateway.url}/dfw/v2/700100${path}`, {
    headers: cacheControl === undefined ? {} : { 'cache-control': cacheControl },
  });

describe("a caller's Cache-Control is obeyed", () => {
  it.each(['no-cache', 'max-age=0', 'No-Cache, foo="no-store"'])(
    '%s fetches anew, and others profit',
    async (directive) => {
      await get('/images');
      const fresh = await get('/images', directive);
      expect(fresh.headers['x-cache']).toBe('MISS');
      expect(fresh.headers['cache-status']).toContain('fwd=request');
      expect(dfw.count('GET /images')).toBe(2);
      expect((await get('/images')).headers['x-cache']).toBe('HIT');
    },
  );

  it('no-store neither reads nor writes', async () => {
    const first = await get('/images', 'no-store');
    expect(first.headers['x-cache']).toBe('BYPASS');
    expect(first.headers['cache-status']).toContain('fwd=bypass');
    expect(first.headers['cache-status']).not.toContain('stored');
    expect((await get('/images')).headers['x-cache']).toBe('MISS');
    expect((await get('/images', 'no-store')).headers['x-cache']).toBe('BYPASS');
    expect(dfw.count('GET /images')).toBe(3);
  });

  it('only-if-cached is 504 while there is nothing, in the format asked for, and never reaches the region', async () => {
    const nothing = await get('/images', 'only-if-cached');
    expect(nothing.status).toBe(504);
    expect(Object.values(nothing.json())[0]).toMatchObject({ code: 504 });
    const xml = await get('/images.xml', 'only-if-cached');
    expect(xml.text).toMatch(/code="504"/);
    expect(dfw.count('GET /images')).toBe(0);
    await get('/images');
    expect((await get('/images', 'only-if-cached')).headers['x-cache']).toBe('HIT');
  });

  it('max-age=60 takes an answer of a minute and no older one', async () => {
    await get('/images');
    clock.tick(59_000);
    expect((await get('/images', 'max-age=60')).headers['x-cache']).toBe('HIT');
    clock.tick(2000);
    expect((await get('/images', 'max-age=60')).headers['x-cache']).toBe('MISS');
  });
});

it('changes-since is always asked of the region', async () => {
  for (let at = 0; at < 2; at++) {
    const { headers } = await get('/images/detail?changes-since=2026-01-01T00:00:00Z');
    expect(headers['x-cache']).toBe('BYPASS');
  }
  expect(dfw.count('GET /images/detail')).toBe(2);
});

describe('an image that is being saved', () => {
  const saving = (progress: number) =>
    json({ image: { id: STUB.imageId, name: 'x', status: 'SAVING', progress } });

  it('is fresh for seconds only, so that its progress is seen', async () => {
    dfw.on(`GET /images/${STUB.imageId}`, saving(10), saving(60));
    expect((await get(`/images/${STUB.imageId}`)).text).toContain('10');
    const { headers } = await get(`/images/${STUB.imageId}`);
    expect(headers['x-cache']).toBe('HIT');
    expect(headers['cache-control']).toBe('private, max-age=2');
    clock.tick(2001);
    const later = await get(`/images/${STUB.imageId}`);
    expect(later.headers['x-cache']).toBe('MISS');
    expect(later.json<{ image: { progress: number } }>().image.progress).toBe(60);
  });

  it('makes the lists that hold it short-lived too', async () => {
    dfw.on(
      'GET /images/detail',
      json({ images: [{ id: STUB.imageId, name: 'x', status: 'SAVING', progress: 1 }] }),
    );
    await get('/images/detail');
    clock.tick(2001);
    expect((await get('/images/detail')).headers['x-cache']).toBe('MISS');
  });
});

describe('what an answer without success leaves behind', () => {
  it('the 404 of an item is remembered for ten seconds', async () => {
    const first = await get('/images/none');
    expect(first.status).toBe(404);
    expect(first.text).toContain('The stub has no such resource.');
    const second = await get('/images/none');
    expect(second.status).toBe(404);
    expect(second.headers['x-cache']).toBe('HIT');
    expect(second.text).toBe(first.text);
    const xml = await get('/images/none.xml');
    expect(xml.status).toBe(404);
    expect(xml.text).toMatch(/<itemNotFound[^>]*code="404"/);
    expect(dfw.count('GET /images/none')).toBe(1);
    clock.tick(10_001);
    await get('/images/none');
    expect(dfw.count('GET /images/none')).toBe(2);
  });

  it.each([500, 501, 403, 400, 503])('a %i is never kept', async (code) => {
    dfw.on('GET /images', fault('computeFault', code, 'No.'));
    expect((await get('/images')).status).toBe(code);
    expect((await get('/images')).headers['x-cache']).toBe('MISS');
    expect(dfw.count('GET /images')).toBe(2);
    dfw.off('GET /images');
    expect((await get('/images')).status).toBe(200);
  });
});
