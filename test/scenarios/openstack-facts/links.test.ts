import { expect, test } from 'vitest';
import { type Cloud, startCloud } from '../../support/openstack-simulator.ts';

/** Links in the answers of a Nova 26, and the headers that change them; each title is one thing that was seen there. */

const imageId = async (cloud: Cloud) =>
  ((await (await cloud.compute('/images?limit=1')).json()) as { images: { id: string }[] }).images[0]!.id;

test('links have the Host and the prefix that were used; bookmarks no version; images an alternate at Glance', async () => {
  const cloud = await startCloud();
  const own = new URL(cloud.url).host;
  const links = async (path: string, name: string) => {
    const document = (await (await cloud.ask(path)).json()) as Record<
      string,
      { links: { rel: string; href: string }[] }
    >;
    return Object.fromEntries(document[name]!.links.map(({ rel, href }) => [rel, href]));
  };
  const image = await imageId(cloud);
  const { self, bookmark, alternate } = await links(`/dfw/v2.1/${cloud.project}/images/${image}`, 'image');
  expect(self).toBe(`http://${own}/dfw/v2.1/${cloud.project}/images/${image}`);
  expect(bookmark).toBe(`http://${own}/dfw/${cloud.project}/images/${image}`);
  expect(alternate).toMatch(new RegExp(`/image/.*images/${image}$`));
  expect((await links('/dfw/v2.1/flavors/2', 'flavor'))['self']).toBe(`http://${own}/dfw/v2.1/flavors/2`);
  expect((await links(`/dfw/v2/${cloud.project}/flavors/2`, 'flavor'))['self']).toContain('/v2/');
});

test('nothing says how long it may be kept, and every answer but the versions has a request id in two headers', async () => {
  const cloud = await startCloud();
  const answer = await cloud.compute('/flavors/2', { headers: { 'if-none-match': '*' } });
  expect(answer.status).toBe(200);
  for (const name of ['etag', 'last-modified', 'cache-control', 'expires', 'content-encoding'])
    expect([name, answer.headers.get(name)]).toEqual([name, null]);
  const ids = ['x-openstack-request-id', 'x-compute-request-id'].map((name) => answer.headers.get(name));
  expect(ids).toEqual([expect.stringMatching(/^req-[0-9a-f-]{36}$/), ids[0]]);
  expect((await fetch(`${cloud.url}/dfw/`)).headers.get('x-openstack-request-id')).toBeNull();
});
