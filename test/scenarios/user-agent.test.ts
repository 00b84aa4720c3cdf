import { describe, expect } from 'vitest';
import { VERSION } from '../../src/version.ts';
import { ask } from '../support/ask.ts';
import { scenario } from '../support/scenario.ts';
import { json } from '../support/stub-answers.ts';

const { it, upstream, gateway, dfw } = scenario('test', {
  settings: { access: { clients: [{ name: 'billing' }] } },
});

/** What the region was told for a request of a caller with these headers. */
async function told(request: string, path: string, headers: Record<string, string>): Promise<unknown> {
  dfw.on(request, json({ servers: [] }));
  dfw.forget();
  const { status } = await ask(`${gateway.url}/dfw/v2/700100${path}`, { headers });
  expect(status).toBe(200);
  return dfw.requests(request)[0]?.headers['user-agent'];
}

const novaclient = { 'user-agent': 'python-novaclient' };

describe('the User-Agent that a region sees', () => {
  it.each([
    ['GET /servers', '/servers'],
    ['GET /os-odd', '/os-odd'],
  ])('of %s names the caller’s program, Sluice and the client', async (request, path) => {
    expect(await told(request, path, novaclient)).toBe(`python-novaclient via sluice/${VERSION}`);
    expect(await told(request, path, { ...novaclient, 'x-sluice-client': 'billing' })).toBe(
      `python-novaclient via sluice/${VERSION} (billing)`,
    );
    expect(await told(request, path, { ...novaclient, 'x-sluice-client': 'made-up' })).toBe(
      `python-novaclient via sluice/${VERSION}`,
    );
  });

  it('tells nothing of whoever happened to ask first for what is cached', async () => {
    expect(await told('GET /flavors', '/flavors', { ...novaclient, 'x-sluice-client': 'billing' })).toBe(
      `sluice/${VERSION}`,
    );
  });
});

describe('Sluice’s own requests', () => {
  it('say so to the region and to the identity service', async () => {
    const { status } = await ask(`${gateway.url}/dfw/v2/700100/limits`);
    expect(status).toBe(200);
    expect(dfw.requests('GET /limits')[0]?.headers['user-agent']).toBe(`sluice/${VERSION}`);
    expect(upstream.identity.requests('POST /tokens')[0]?.headers['user-agent']).toBe(`sluice/${VERSION}`);
  });
});
