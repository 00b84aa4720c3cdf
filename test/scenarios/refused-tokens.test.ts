import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type AskOptions, ask } from '../support/ask.ts';
import { keysMode, testClient } from '../support/clients.ts';
import { type Scene, setScene } from '../support/scenario.ts';
import { json, unauthorized } from '../support/stub-answers.ts';
import { STUB_CREDENTIALS } from '../support/stub-identity.ts';
import { type StubService, startStubService } from '../support/stub-service.ts';

const P = '/dfw/v2/700100';
const IMAGES = '/dfw/services/image/v2';
const known = testClient('known');

let images: StubService;
let scene: Scene;

beforeAll(async () => {
  images = await startStubService();
});
afterAll(() => images.close());

beforeEach(async () => {
  images.forget();
  images.off('* /v2/*');
  const endpoints = ['DFW', 'ORD'].map((region) => ({ region, publicURL: images.origin }));
  scene = await setScene({
    standstill: true,
    regions: ['DFW', 'ORD'],
    services: [{ name: 'glance', type: 'image', endpoints }],
    settings: {
      limits: { enabled: false },

      ...keysMode([known], { passThrough: true }),
    },
  });
  // A token that is only seconds old would be given a second chance first.
  scene.clock.tick(10_000);
});

const send = (path: string, options: AskOptions = {}) =>
  ask(scene.gateway.url + path, { ...options, headers: { ...known.headers, ...options.headers } });

const asJson = { 'content-type': 'application/json' };

/** The region, and the service beside it, refuse every token. */
function refuseAll(): void {
  for (const path of ['/servers', '/servers/1', '/servers/1/action', '/os-keypairs'])
    scene.dfw.on(`* ${path}`, unauthorized);
  for (const path of ['/flavors', '/flavors/detail', '/images/detail'])
    scene.dfw.on(`* ${path}`, unauthorized);
  images.on('* /v2/*', unauthorized);
}

/** Whether a region is there is asked without a token. */
const asked = () =>
  [...scene.dfw.requests(), ...images.requests()].filter(({ headers }) => 'x-auth-token' in headers).length;

describe('a region that refuses a new token, too', () => {
  const REQUESTS: [what: string, path: string, options?: AskOptions][] = [
    ['a read that is cached', `${P}/flavors/detail`],
    ['one that is derived from it', `${P}/flavors`],
    ['a read that is not cached', `${P}/servers`],
    ['a read that streams', `${P}/os-keypairs`],
    ['a HEAD', `${P}/servers`, { method: 'HEAD' }],
    ['a create', `${P}/servers`, { method: 'POST', headers: asJson, body: '{"server":{"name":"a"}}' }],
    ['an action', `${P}/servers/1/action`, { method: 'POST', headers: asJson, body: '{"reboot":{}}' }],
    ['a DELETE', `${P}/servers/1`, { method: 'DELETE' }],
    ['a write that streams', `${P}/os-keypairs`, { method: 'POST', headers: asJson, body: '{}' }],
    ['what is cached of another service', `${IMAGES}/images`],
    ['what streams of another service', `${IMAGES}/tasks`],
    ['a write to another service', `${IMAGES}/tasks`, { method: 'POST', headers: asJson, body: '{}' }],
  ];

  it.each(REQUESTS)('is no news about the caller: 503 for %s', async (_what, path, options = {}) => {
    refuseAll();
    scene.dfw.forget();
    const { status, headers, text } = await send(path, options);
    expect([status, headers['retry-after']]).toEqual([503, '5']);
    expect(headers).not.toHaveProperty('www-authenticate');
    if (options.method !== 'HEAD') expect(text).toContain('Region DFW refuses the tokens of this gateway');
    expect(asked()).toBe(2);
    expect(scene.upstream.identity.count('POST /tokens')).toBe(2);
  });

  it('is told in the form that the caller reads', async () => {
    refuseAll();
    const { status, text } = await send(`${P}/servers`, { headers: { accept: 'application/xml' } });
    expect([status, text]).toEqual([503, expect.stringMatching(/<serviceUnavailable [^>]*code="503"/)]);
  });

  it('is a region that does not answer, in a list of every region', async () => {
    refuseAll();
    const { status, json: parse } = await send('/all/v2/700100/servers');
    expect(status).toBe(200);
    expect(parse()['sluice:errors']).toEqual([expect.objectContaining({ region: 'DFW', code: 503 })]);
  });

  it('leaves callers what is cached, while that is good for an outage', async () => {
    const list = () => send(`${P}/images/detail`);
    const before = await list();
    refuseAll();
    // Beyond the time in which a stale answer goes out while it is fetched anew.
    scene.clock.tick((300 + 3_600 + 60) * 1_000);
    expect(await list()).toMatchObject({ status: 200, text: before.text });
    expect(scene.dfw.count('GET /images/detail')).toBe(3);
  });

  it('spends no Idempotency-Key: nothing was done', async () => {
    refuseAll();
    const headers = { ...asJson, 'idempotency-key': '"once"' };
    const create = () =>
      send(`${P}/servers`, { method: 'POST', headers, body: '{"server":{"name":"a","imageRef":"i1"}}' });
    expect((await create()).status).toBe(503);
    scene.dfw.on('* /servers', json({ server: { id: '1' } }, 202));
    const { status, headers: fields } = await create();
    expect([status, fields['idempotent-replayed']]).toEqual([202, undefined]);
  });

  it('is an answer to whoever shows a token of its own, for what it has sent and what it streams', async () => {
    const { username, apiKey } = STUB_CREDENTIALS;
    const login = await ask(`${scene.upstream.identityUrl}/tokens`, {
      method: 'POST',
      headers: asJson,
      body: JSON.stringify({ auth: { 'RAX-KSKEY:apiKeyCredentials': { username, apiKey } } }),
    });
    const token = login.json<{ access: { token: { id: string } } }>().access.token.id;
    const logins = scene.upstream.identity.count('POST /tokens');
    refuseAll();
    const requests: [string, AskOptions?][] = [
      [`${P}/servers`],
      [`${P}/os-keypairs`],
      [`${P}/servers/1`, { method: 'DELETE' }],
      [`${IMAGES}/tasks`, { method: 'POST', body: '{}', headers: asJson }],
      [`${IMAGES}/tasks`, { method: 'POST', body: 'x'.repeat(2 * 1024 * 1024), headers: asJson }],
    ];
    for (const [path, options = {}] of requests) {
      const headers = { ...options.headers, 'x-auth-token': token };
      const { status, text, headers: fields } = await ask(scene.gateway.url + path, { ...options, headers });
      expect([path, status, text]).toEqual([path, 401, expect.stringContaining('does not know this token')]);
      expect(fields).not.toHaveProperty('www-authenticate');
    }
    expect(scene.upstream.identity.count('POST /tokens')).toBe(logins);
  });
});
