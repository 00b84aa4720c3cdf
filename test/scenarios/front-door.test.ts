import { expect } from 'vitest';
import { generateClientKey } from '../../src/access/client-key.ts';
import { hashClientKey } from '../../src/access/key-hash.ts';
import { ask } from '../support/ask.ts';
import { scenario } from '../support/scenario.ts';

const KEY = generateClientKey('billing');

const { it, gateway } = scenario('file', { regions: ['DFW', 'ORD'] });

const get = (path: string, headers: Record<string, string> = {}) => ask(gateway.url + path, { headers });
const HTML = { accept: 'text/html,application/xhtml+xml;q=0.9' };

it('whoever reads HTML is told what this is, what is there for them, and how to set a client', async () => {
  const { status, headers, text } = await get('/', HTML);
  expect([status, headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
  expect(headers['content-security-policy']).toContain("default-src 'none'");
  for (const region of ['DFW', 'ORD']) expect(text).toContain(`${gateway.url}/${region}/v2/700100`);
  expect(text).toContain(`OS_AUTH_URL=${gateway.url}/v3`);
  expect((await ask(`${gateway.url}/`, { method: 'HEAD', headers: HTML })).text).toBe('');
});

it('everybody else gets the version document at / as before', async () => {
  for (const headers of [{}, { accept: '*/*' }, { accept: 'application/json' }] as Record<string, string>[])
    expect((await get('/', headers)).headers['content-type']).toContain('application/json');
});

it('with keys, each caller is told of its own regions, and nobody of any', async () => {
  await gateway.reload({
    access: {
      mode: 'keys',
      clients: [{ name: 'billing', keyHash: hashClientKey(KEY), accounts: ['main'], regions: ['DFW'] }],
    },
  });
  const own = await get('/', { ...HTML, 'x-auth-token': KEY });
  expect(own.text).toContain('You are billing.');
  expect(own.text).toContain('/DFW/v2/700100');
  expect(own.text).not.toContain('/ORD/');
  for (const headers of [HTML, { ...HTML, 'x-auth-token': 'wrong' }]) {
    const { status, text } = await get('/', headers);
    expect(status).toBe(200);
    expect(text).toContain('does not know you');
    for (const secret of ['DFW', '700100', 'billing']) expect(text).not.toContain(secret);
  }
});

it('/openapi.json names the gateway as its caller sees it', async () => {
  const { status, json } = await get('/openapi.json');
  expect(status).toBe(200);
  expect(json()).toMatchObject({ openapi: '3.1.0', servers: [{ url: gateway.url }] });
});
