import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../../src/json.ts';
import { expectFault, type Harness, harness, items, names, nextLink, SELF, TENANT } from './harness.ts';

/** All members of a collection, following next links, and how many pages that took. */
function walk(h: Harness, url: string, name: string): { members: JsonObject[]; pages: number } {
  const members: JsonObject[] = [];
  let pages = 0;
  for (let next: string | undefined = url; next !== undefined; pages++) {
    const document = h.get(next);
    members.push(...items(document, name));
    next = nextLink(document, name)?.slice(SELF.length);
  }
  return { members, pages };
}

describe('1.6 Paginated Collections', () => {
  it.each([
    ['/images?limit=7', 'images', 34, 5],
    ['/images/detail?limit=34', 'images', 34, 1],
    ['/images?type=BASE&limit=10', 'images', 34, 4],
    ['/flavors?limit=3', 'flavors', 7, 3],
    ['/flavors/detail?limit=1&minRam=4096', 'flavors', 4, 4],
  ])('pages through %s', (url, name, count, pages) => {
    const walked = walk(harness(), url, name);
    expect(walked.pages).toBe(pages);
    expect(new Set(walked.members.map((item) => item['id'])).size).toBe(count);
    expect(walked.members).toHaveLength(count);
  });

  it('keeps the page size and the filters in the next link, and only the marker changes', () => {
    const h = harness();
    const document = h.get('/images/detail?status=ACTIVE&limit=2&marker=&name=CentOS%206.3');
    expect(nextLink(document, 'images')).toBeUndefined();
    const page = h.get('/images/detail?status=ACTIVE&limit=2');
    const last = items(page, 'images')[1]?.['id'];
    expect(page['images_links']).toEqual([
      { rel: 'next', href: `${SELF}/images/detail?status=ACTIVE&limit=2&marker=${last}` },
    ]);
    const second = h.get(String(nextLink(page, 'images')).slice(SELF.length));
    expect(nextLink(second, 'images')).toMatch(/\?status=ACTIVE&limit=2&marker=(?!.*marker)/);
  });

  it('answers an empty page after the last item, and for limit 0', () => {
    const h = harness();
    const id = h.create();
    expect(h.get(`/servers?limit=1&marker=${id}`)).toEqual({ servers: [] });
    expect(h.get('/servers?limit=0')['servers']).toEqual([]);
  });

  it.each(['servers', 'images', 'flavors'])('refuses a bad marker or limit of %s', (name) => {
    const h = harness();
    expect(expectFault(() => h.get(`/${name}?marker=nope`), 'itemNotFound').code).toBe(404);
    for (const limit of ['abc', '-1', '1.5'])
      expectFault(() => h.get(`/${name}/detail?limit=${limit}`), 'badRequest');
    const fault = expectFault(() => h.get(`/${name}?limit=1001`), 'overLimit');
    expect([fault.code, fault.headers]).toEqual([413, {}]);
    expect(h.get(`/${name}?limit=1000`)).toHaveProperty(name);
  });

  it('goes on after a marker that was deleted meanwhile', () => {
    const h = harness();
    const ids = ['a', 'b', 'c'].map((name) => h.create({ name }));
    h.ask('DELETE', `/servers/${ids[1]}`);
    expect(names(h.get(`/servers?marker=${ids[1]}`), 'servers')).toEqual(['a']);
  });

  it('pages through base and own images in one order, newest first', () => {
    const h = harness();
    h.region.seed({
      images: [
        { name: 'between', tenantId: TENANT, created: '2012-07-01T00:00:00Z' },
        { name: 'newest', tenantId: TENANT },
        { name: 'oldest', tenantId: TENANT, created: '2001-01-01T00:00:00Z' },
      ],
    });
    const { members } = walk(h, '/images/detail?limit=3', 'images');
    const created = members.map((image) => String(image['created']));
    expect(members).toHaveLength(37);
    expect(created).toEqual([...created].sort().reverse());
    expect([members[0]?.['name'], members.at(-1)?.['name']]).toEqual(['newest', 'oldest']);
  });
});
