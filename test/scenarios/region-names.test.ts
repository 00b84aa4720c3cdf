import { describe, expect } from 'vitest';
import { ask } from '../support/ask.ts';
import { scenario } from '../support/scenario.ts';

const NAMES = ['RegionOne', 'eu.west', 'eu.json'];

const { it, gateway, upstream } = scenario('file', {
  regions: NAMES,
  settings: { listen: { regions: { 'eu.west': 0 } } },
});

interface Listed {
  servers: { links: { rel: string; href: string }[] }[];
}

describe.each(NAMES)('the region %s is reached', (name) => {
  const reached = () => upstream.region(name).count('GET /servers');

  it.each([
    ['by its path', `/${name}/v2/700100/servers`, {}],
    ['by its path in capitals', `/${name.toUpperCase()}/v2/700100/servers`, {}],
    ['by X-Region', '/v2/700100/servers', { 'x-region': name }],
    ['by its Host', '/v2/700100/servers', { host: `${name}.sluice.test:8080` }],
  ])('%s', async (_way, path, headers) => {
    const before = reached();
    const { status } = await ask(gateway.url + path, { headers });
    expect([status, reached()]).toEqual([200, before + 1]);
  });

  it('by the links of its answers', async () => {
    const { json } = await ask(`${gateway.url}/${name}/v2/700100/servers`);
    const { href } = json<Listed>().servers[0]!.links.find(({ rel }) => rel === 'self')!;
    expect(href.startsWith(`${gateway.url}/`)).toBe(true);
    const before = upstream.region(name).count('GET /servers/*');
    expect((await ask(href)).status).toBe(200);
    expect(upstream.region(name).count('GET /servers/*')).toBe(before + 1);
  });
});

it('a region whose name has a dot may have a port of its own', async () => {
  const before = upstream.region('eu.west').count('GET /servers');
  expect((await ask(`${gateway.regionUrls['eu.west']}/v2/700100/servers`)).status).toBe(200);
  expect(upstream.region('eu.west').count('GET /servers')).toBe(before + 1);
});
