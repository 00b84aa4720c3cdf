import { beforeEach, describe, expect } from 'vitest';
import { ask } from '../support/ask.ts';
import { scenario } from '../support/scenario.ts';

const { it, upstream, gateway } = scenario('file', {
  regions: ['DFW', 'ORD'],
  settings: { listen: { regions: { DFW: 0 } } },
});

beforeEach(() => upstream.region('DFW').forget());

const url = () => `${gateway.url}/dfw/v2/700100/flavors/detail`;

async function etagOf(headers: Record<string, string> = {}, at = url()): Promise<string> {
  const { etag } = (await ask(at, { headers })).headers;
  expect(etag).toMatch(/^"[^"]+"$/);
  return etag!;
}

describe('If-None-Match makes a 304 without a body', () => {
  it.each<[string, (etag: string) => string]>([
    ['with the one tag', (etag) => etag],
    ['with a list that holds it', (etag) => `"other", ${etag}, "third"`],
    ['with a weak form of it', (etag) => `W/${etag}`],
    ['with a star', () => '*'],
  ])('%s', async (_what, header) => {
    const etag = await etagOf();
    const { status, headers, text } = await ask(url(), { headers: { 'if-none-match': header(etag) } });
    expect(status).toBe(304);
    expect(text).toBe('');
    expect(headers['content-length']).toBeUndefined();
    expect(headers['content-type']).toBeUndefined();
    expect(headers['content-encoding']).toBeUndefined();
    expect(headers.etag).toBe(etag);
    expect(headers['cache-control']).toMatch(/^private, max-age=\d+$/);
    expect(headers['x-cache']).toBe('HIT');
    expect(headers.via).toBe('1.1 sluice');
  });

  it('for HEAD as for GET', async () => {
    const etag = await etagOf();
    const { status } = await ask(url(), { method: 'HEAD', headers: { 'if-none-match': etag } });
    expect(status).toBe(304);
  });

  it('on a cold cache as well: the region is asked without the condition', async () => {
    const etag = await etagOf();
    await ask(`${gateway.adminUrl}/admin/cache/purge`, { method: 'POST' });
    upstream.region('DFW').forget();
    const { status, headers } = await ask(url(), { headers: { 'if-none-match': etag } });
    expect(status).toBe(304);
    expect(headers['x-cache']).toBe('MISS');
    const [request] = upstream.region('DFW').requests('GET /flavors/detail');
    expect(request!.headers['if-none-match']).toBeUndefined();
  });
});

it('a tag of another document, or a list of such, gets the whole answer', async () => {
  await etagOf();
  for (const header of ['"other"', '"a", "b"', 'W/"a"', '']) {
    const { status, text } = await ask(url(), { headers: { 'if-none-match': header } });
    expect(status).toBe(200);
    expect(text).toContain('"flavors"');
  }
});

describe('a tag is good for one rendering only', () => {
  it('not for the other format', async () => {
    const json = await etagOf();
    const xml = await etagOf({ accept: 'application/xml' });
    expect(xml).not.toBe(json);
    const wrong = await ask(url(), { headers: { accept: 'application/xml', 'if-none-match': json } });
    expect(wrong.status).toBe(200);
    const right = await ask(`${url()}.xml`, { headers: { 'if-none-match': xml } });
    expect(right.status).toBe(304);
  });

  it('not for another base URL, whose links differ', async () => {
    const here = await etagOf();
    const there = await etagOf({ host: 'sluice.test:8080' });
    expect(there).not.toBe(here);
    const answer = await ask(url(), { headers: { host: 'sluice.test:8080', 'if-none-match': here } });
    expect(answer.status).toBe(200);
    expect(answer.text).toContain('http://sluice.test:8080/dfw/v2/700100/flavors/2');
  });

  it("not for the port of the region's own", async () => {
    const here = await etagOf();
    const own = `${gateway.regionUrls['DFW']}/v2/700100/flavors/detail`;
    expect(await etagOf({}, own)).not.toBe(here);
    expect((await ask(own, { headers: { 'if-none-match': here } })).status).toBe(200);
  });

  it('but the same for the same rendering, hit after hit', async () => {
    expect(await etagOf()).toBe(await etagOf());
  });
});
