import { mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { generateClientKey } from '../../src/access/client-key.ts';
import { hashClientKey, hashPassword } from '../../src/access/key-hash.ts';
import type { Tree } from '../../src/settings/tree.ts';
import { ask } from '../support/ask.ts';
import { keysMode, testClient } from '../support/clients.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { connectRaw } from '../support/raw-connection.ts';
import { STUB_CREDENTIALS } from '../support/stub-identity.ts';
import { type StubUpstream, startStubUpstream } from '../support/stub-upstream.ts';

const P = '/dfw/v2/700100';
const [billing, ci] = [testClient('billing'), testClient('ci')];

let upstream: StubUpstream;
let folder: string;
const running: TestGateway[] = [];

beforeEach(async () => {
  upstream = await startStubUpstream({ regions: ['DFW', 'ORD'] });
  folder = mkdtempSync(join(tmpdir(), 'sluice-access-'));
});

afterEach(async () => {
  for (const gateway of running.splice(0)) await gateway.close();
  await upstream.close();
  rmSync(folder, { recursive: true });
});

async function start(settings: Tree, clock?: FakeClock): Promise<TestGateway> {
  const { identityUrl } = upstream;
  const gateway = await startGateway({ identityUrl, settings, ...(clock ? { clock } : {}) });
  running.push(gateway);
  return gateway;
}

const get = (gateway: TestGateway, path: string, headers: Record<string, string> = {}) =>
  ask(gateway.url + path, { headers });

function post(gateway: TestGateway, path: string, body: object) {
  const headers = { 'content-type': 'application/json' };
  return ask(gateway.url + path, { method: 'POST', headers, body: JSON.stringify(body) });
}

const v2Login = (gateway: TestGateway, username: string, password: string) =>
  post(gateway, '/v2.0/tokens', { auth: { passwordCredentials: { username, password } } });

const v3Login = (gateway: TestGateway, identity: object) =>
  post(gateway, '/v3/auth/tokens', { auth: { identity } });

async function tokenFor(gateway: TestGateway, { name, key } = billing): Promise<string> {
  const answer = await v2Login(gateway, name, key);
  expect(answer.status).toBe(200);
  return answer.json<{ access: { token: { id: string } } }>().access.token.id;
}

const statusWith = async (gateway: TestGateway, token: string) =>
  (await get(gateway, `${P}/servers`, { 'x-auth-token': token })).status;

describe('somebody without a key', () => {
  it('is told 401 in the format it wants, and how to do better', async () => {
    const gateway = await start(keysMode([billing]));
    const json = await get(gateway, `${P}/servers`);
    expect(json.status).toBe(401);
    expect(json.headers['www-authenticate']).toBe('Bearer realm="sluice"');
    expect(json.json()).toMatchObject({
      unauthorized: { code: 401, message: expect.stringContaining('key') },
    });
    const xml = await get(gateway, `${P}/servers.xml`, { 'x-auth-token': 'nonsense' });
    expect([xml.status, xml.text]).toEqual([401, expect.stringMatching(/<unauthorized [^>]*code="401"/)]);
    const v3 = await get(gateway, '/v3/auth/projects');
    expect(v3.headers['www-authenticate']).toMatch(/^Keystone uri=/);
    expect(v3.json()).toMatchObject({ error: { code: 401 } });
  });

  it('gets nothing by calling itself a client', async () => {
    const gateway = await start(keysMode([billing]));
    expect((await get(gateway, `${P}/servers`, { 'x-sluice-client': 'billing' })).status).toBe(401);
    expect(upstream.region('DFW').count('GET /servers')).toBe(0);
  });
});

describe('a key that a reload removes', () => {
  it('is good for nothing with the next request, on 100 connections that are kept alive', async () => {
    const gateway = await start(keysMode([billing, ci]));
    const connections = await Promise.all(Array.from({ length: 100 }, () => connectRaw(gateway.url)));
    const askAll = () =>
      Promise.all(connections.map((one) => one.ask(`${P}/flavors/detail`, { 'X-Auth-Token': billing.key })));
    for (let round = 0; round < 3; round++) for (const { status } of await askAll()) expect(status).toBe(200);
    const token = await tokenFor(gateway);
    await gateway.reload(keysMode([ci]));
    for (const { status } of await askAll()) expect(status).toBe(401);
    expect(await statusWith(gateway, token)).toBe(401);
    expect(await statusWith(gateway, ci.key)).toBe(200);
    for (const one of connections) one.close();
  });

  it('takes the tokens it was exchanged for with it, and those of another key stay', async () => {
    const [old, next] = [generateClientKey('billing'), generateClientKey('billing')];
    const keys = (...texts: string[]) => ({
      access: {
        mode: 'keys',
        clients: [{ name: 'billing', keys: texts.map((key) => ({ hash: hashClientKey(key) })) }],
      },
    });
    const gateway = await start(keys(old, next));
    const [before, after] = [
      await tokenFor(gateway, { ...billing, key: old }),
      await tokenFor(gateway, { ...billing, key: next }),
    ];
    await gateway.reload(keys(next));
    expect([await statusWith(gateway, before), await statusWith(gateway, after)]).toEqual([401, 200]);
  });
});

describe('a login', () => {
  const identities = (name: string, secret: string): [string, object][] => [
    [
      'password',
      { methods: ['password'], password: { user: { name, domain: { id: 'default' }, password: secret } } },
    ],
    [
      'application credential',
      { methods: ['application_credential'], application_credential: { id: name, secret } },
    ],
    ['token', { methods: ['token'], token: { id: secret } }],
  ];

  it('of v3 takes the client’s name and key in each of its forms', async () => {
    const gateway = await start(keysMode([billing]));
    for (const [form, identity] of identities('billing', billing.key)) {
      const { status, headers, text } = await v3Login(gateway, identity);
      expect(text).toContain('"name":"billing"');
      expect(text).not.toContain(STUB_CREDENTIALS.username);
      expect([form, status]).toEqual([form, 201]);
      const token = String(headers['x-subject-token']);
      expect(await statusWith(gateway, token)).toBe(200);
      const again = await v3Login(gateway, { methods: ['token'], token: { id: token } });
      expect(again.status).toBe(201);
    }
    for (const [form, identity] of identities('billing', ci.key))
      expect([form, (await v3Login(gateway, identity)).status]).toEqual([form, 401]);
    for (const [form, identity] of identities('ci', billing.key).slice(0, 2))
      expect([form, (await v3Login(gateway, identity)).status]).toEqual([form, 401]);
  });

  it('is ended by DELETE of v2.0 and of v3', async () => {
    const gateway = await start(keysMode([billing]));
    const [one, two] = [await tokenFor(gateway), await tokenFor(gateway)];
    const connection = await connectRaw(gateway.url);
    const askFast = async (token: string) =>
      (await connection.ask(`${P}/flavors`, { 'X-Auth-Token': token })).status;
    for (const token of [one, one, one, two]) expect(await askFast(token)).toBe(200);
    const url = `${gateway.url}/v2.0/tokens/${one}`;
    expect((await ask(url, { method: 'DELETE' })).status).toBe(204);
    const headers = { 'x-subject-token': two };
    expect((await ask(`${gateway.url}/v3/auth/tokens`, { method: 'DELETE', headers })).status).toBe(204);
    for (const token of [one, two]) expect(await askFast(token)).toBe(401);
    expect((await ask(url)).status).toBe(404);
    connection.close();
  });

  it('says that it ends with the key that it was given for', async () => {
    const notAfter = new Date(Date.now() + 3_600_000).toISOString();
    const key = { hash: hashClientKey(billing.key), notAfter };
    const gateway = await start(keysMode([{ ...billing, settings: { name: 'billing', keys: [key] } }]));
    const second = (text: string) => Math.floor(Date.parse(text) / 1_000);
    const v2 = (await v2Login(gateway, 'billing', billing.key)).json<{
      access: { token: { id: string; expires: string } };
    }>().access.token;
    expect(second(v2.expires)).toBe(second(notAfter));
    for (const id of [billing.key, v2.id]) {
      const { text } = await v3Login(gateway, { methods: ['token'], token: { id } });
      const { token } = JSON.parse(text) as { token: { expires_at: string } };
      expect(second(token.expires_at)).toBe(second(notAfter));
    }
  });

  it('is shown to nobody whose own credential is not good, nor ended by one, as at Keystone', async () => {
    const gateway = await start(keysMode([billing]));
    const token = await tokenFor(gateway);
    const asked = async (method: string, shown: string, subject: string) => {
      const headers = { 'x-auth-token': shown, 'x-subject-token': subject };
      const v3 = await ask(`${gateway.url}/v3/auth/tokens`, { method, headers });
      const v2 = await ask(`${gateway.url}/v2.0/tokens/${subject}`, { method, headers });
      return [v3.status, v2.status];
    };
    for (const shown of ['x', ci.key, `${token}x`])
      for (const method of ['GET', 'HEAD', 'DELETE'])
        expect([shown, method, await asked(method, shown, token)]).toEqual([shown, method, [401, 401]]);
    for (const shown of [billing.key, token])
      expect([await asked('GET', shown, token), await asked('GET', shown, `${token}x`)]).toEqual([
        [200, 200],
        [404, 404],
      ]);
  });

  it('with a password is slowed after failures, and others are not', async () => {
    const keyHash = await hashPassword('a word of a person');
    const clients = [{ name: 'mara', keyHash }, billing.settings];
    // It stands still, so that a pause is not over before the next attempt, however long that takes.
    const clock = new FakeClock(Date.now());
    const gateway = await start({ access: { mode: 'keys', clients } }, clock);
    expect((await v2Login(gateway, 'mara', 'a word of a person')).status).toBe(200);
    const statuses: number[] = [];
    for (let attempt = 0; attempt < 8; attempt++)
      statuses.push((await v2Login(gateway, 'nobody', `wrong ${attempt}`)).status);
    expect(statuses).toEqual([401, 401, 401, 401, 401, 401, 429, 429]);
    const last = await v2Login(gateway, 'nobody', 'wrong again');
    expect(last.status).toBe(429);
    expect(Number(last.headers['retry-after'])).toBe(1);
    expect((await v2Login(gateway, 'mara', 'a word of a person')).status).toBe(200);
    expect(await statusWith(gateway, await tokenFor(gateway))).toBe(200);
    clock.tick(1_000);
    expect((await v2Login(gateway, 'nobody', 'wrong once more')).status).toBe(401);
  }, 120_000);
});

describe('a client', () => {
  it('that leaves the tenant out means its own account', async () => {
    const gateway = await start(keysMode([billing]));
    const { status, text } = await get(gateway, '/dfw/v2/-/servers/detail', billing.headers);
    expect(status).toBe(200);
    expect(text).not.toContain('/v2/-/');
    const token = await tokenFor(gateway);
    expect((await get(gateway, '/ord/v2/-/flavors', { 'x-auth-token': token })).status).toBe(200);
    expect((await get(gateway, '/all/v2/-/servers', { 'x-auth-token': token })).status).toBe(200);
  });

  it('is refused beyond limits of its own, and nobody else is', async () => {
    const limits = [{ verb: 'GET', uri: '/servers', value: 2, unit: 'DAY' }];
    const batch = testClient('batch', { limits });
    const gateway = await start(keysMode([batch, ci]));
    const list = async ({ headers }: typeof batch, path: string) =>
      (await get(gateway, P + path, headers)).status;
    expect([await list(batch, '/servers'), await list(batch, '/servers/detail')]).toEqual([200, 200]);
    const refused = await get(gateway, `${P}/servers`, batch.headers);
    expect(refused.status).toBe(413);
    expect(refused.json()).toMatchObject({ overLimit: { message: expect.stringContaining('client batch') } });
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(80_000);
    expect(await list(batch, '/flavors')).toBe(200);
    expect(await list(ci, '/servers')).toBe(200);
    await gateway.reload({ log: { requests: 'errors' } });
    expect(await list(batch, '/servers')).toBe(413);
    expect(await gateway.metric('sluice_limit_rejected_total', { client: 'batch', reason: 'client' })).toBe(
      2,
    );
  });

  it('is named in metrics and to the region, whatever it says itself', async () => {
    const gateway = await start(keysMode([billing, ci]));
    const headers = { ...billing.headers, 'x-sluice-client': 'ci', 'user-agent': 'novaclient/17' };
    await get(gateway, `${P}/servers`, headers);
    expect(await gateway.metric('sluice_http_requests_total', { client: 'billing' })).toBe(1);
    expect(await gateway.metric('sluice_http_requests_total', { client: 'ci' })).toBe(0);
    const [asked] = upstream.region('DFW').requests('GET /servers');
    expect(asked!.headers['user-agent']).toMatch(/^novaclient\/17 via sluice\/[\d.]+ \(billing\)$/);
    expect(JSON.stringify(asked!.headers)).not.toContain(billing.key);
  });
});

it('the audit log has every write, login and refusal, in a file that a reload opens anew, and no secret', async () => {
  const file = join(folder, 'audit.jsonl');
  const reader = testClient('reader', { access: 'read' });
  const gateway = await start({ ...keysMode([billing, reader]), audit: { file } });
  const lines = async () => {
    await gateway.reload({});
    const text = readFileSync(file, 'utf8');
    return {
      text,
      records: text
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as Record<string, unknown>),
    };
  };
  await get(gateway, `${P}/servers`, billing.headers);
  await ask(`${gateway.url}${P}/servers/abc`, { method: 'DELETE', headers: billing.headers });
  await ask(`${gateway.url}${P}/servers/abc`, { method: 'DELETE', headers: reader.headers });
  await get(gateway, `${P}/servers`, { 'x-auth-token': ci.key });
  await get(gateway, '/dfw/v2/999/servers', billing.headers);
  await v2Login(gateway, 'billing', billing.key);
  await v2Login(gateway, 'billing', ci.key);
  const { text, records } = await lines();
  const common = { address: '127.0.0.1', time: expect.any(String), requestId: expect.any(String) };
  const place = { account: 'main', region: 'DFW', service: 'compute' };
  expect(records).toEqual([
    {
      ...common,
      ...place,
      event: 'write',
      client: 'billing',
      key: 'billing-0',
      operation: 'deleteServer',
      method: 'DELETE',
      resource: 'abc',
      status: expect.any(Number),
      waitMs: expect.any(Number),
    },
    {
      ...common,
      ...place,
      event: 'refusal',
      client: 'reader',
      key: 'reader-0',
      operation: 'deleteServer',
      method: 'DELETE',
      resource: 'abc',
      status: 403,
      waitMs: 0,
      reason: 'write',
    },
    {
      ...common,
      event: 'refusal',
      operation: 'other',
      method: 'GET',
      status: 401,
      waitMs: 0,
      reason: 'unknown-key',
    },
    {
      ...common,
      event: 'refusal',
      client: 'billing',
      key: 'billing-0',
      operation: 'listServers',
      method: 'GET',
      status: 404,
      waitMs: 0,
      reason: 'account',
    },
    {
      ...common,
      account: 'main',
      service: 'compute',
      event: 'login',
      client: 'billing',
      key: 'billing-0',
      operation: 'login',
      method: 'POST',
      status: 200,
      waitMs: 0,
    },
    {
      ...common,
      event: 'login',
      client: 'billing',
      operation: 'login',
      method: 'POST',
      status: 401,
      waitMs: 0,
      reason: 'unknown-key',
    },
  ]);
  for (const secret of [billing.key, ci.key, reader.key])
    expect(text + gateway.logText()).not.toContain(secret);
  renameSync(file, `${file}.1`);
  await gateway.reload({});
  await v2Login(gateway, 'billing', billing.key);
  expect((await lines()).records).toHaveLength(1);
});
