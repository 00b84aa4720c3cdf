import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ask } from '../support/ask.ts';
import { keysMode, testClient } from '../support/clients.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { connectRaw } from '../support/raw-connection.ts';
import { fault, json, unauthorized } from '../support/stub-answers.ts';
import { STUB_CREDENTIALS } from '../support/stub-identity.ts';
import { type StubUpstream, startStubUpstream } from '../support/stub-upstream.ts';

/** A tenant of the same cloud that no account of the gateway has, with a region of its own. */
const OTHER = '700999';
const billing = testClient('billing');
const { username, apiKey } = STUB_CREDENTIALS;

let upstream: StubUpstream;
let cloud: StubUpstream;
let gateway: TestGateway;

beforeAll(async () => {
  upstream = await startStubUpstream();
  cloud = await startStubUpstream({ tenant: OTHER, regions: ['IAD'], tokenPrefix: 'own-token-' });
  gateway = await startGateway({
    identityUrl: upstream.identityUrl,
    settings: {
      listen: [
        { port: 0 },
        { port: 0, access: { mode: 'keys' } },
        { port: 0, access: { mode: 'open' } },
        { port: 0, access: { mode: 'open', passThrough: true } },
      ],
      ...keysMode([billing], { passThrough: { proofTtl: 60 } }),
    },
  });
});

afterAll(async () => {
  await gateway.close();
  await Promise.all([upstream.close(), cloud.close()]);
});

interface Access {
  access: {
    token: { id: string; tenant: { id: string } };
    user: { id: string; name: string };
    serviceCatalog: { type: string; endpoints: { publicURL: string; region: string }[] }[];
  };
}

const post = (url: string, body: object) =>
  ask(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
const apiKeyLogin = { auth: { 'RAX-KSKEY:apiKeyCredentials': { username, apiKey } } };

/** What the cloud says of a token of a user, whom nobody here knows. */
async function documentOf(userId: string): Promise<Access> {
  const document = (await post(`${cloud.identityUrl}/tokens`, apiKeyLogin)).json<Access>();
  document.access.user = { ...document.access.user, id: userId, name: `name-of-${userId}` };
  return document;
}

let token: string;
beforeEach(async () => {
  const document = await documentOf('user-1');
  token = document.access.token.id;
  upstream.identity.on('GET /tokens/*', json(document));
});

const iad = () => cloud.region('IAD');
const get = (path: string, shown = token, at = 0) =>
  ask(gateway.urls[at] + path, { headers: { 'x-auth-token': shown } });

describe('a token of a tenant that no account here has', () => {
  it('is served with the regions of its own catalog, as it is, once its identity service knows it', async () => {
    expect((await get(`/iad/v2/${OTHER}/servers`)).status).toBe(200);
    expect((await get(`/iad/v2/-/servers`)).status).toBe(200);
    expect((await get(`/v2/${OTHER}/os-keypairs`)).status).toBe(404);
    for (const { headers } of iad().requests()) expect(headers['x-auth-token']).toBe(token);
    const elsewhere = await get(`/dfw/v2/${OTHER}/servers`);
    expect([elsewhere.status, elsewhere.text]).toEqual([404, expect.stringContaining('IAD')]);
    const others = [await get('/dfw/v2/700100/servers'), await get('/dfw/v2/12345/servers')];
    expect(others.map(({ status }) => status)).toEqual([404, 404]);
    expect(others[0]!.text.replaceAll('700100', '12345')).toBe(others[1]!.text);
    const lists = await get('/all/v2/-/servers');
    expect(lists.status).toBe(200);
  });

  it('hears of its own tenant and catalog at the façade', async () => {
    const tenants = (await get('/v2.0/tenants')).json<{ tenants: { id: string }[] }>();
    expect(tenants.tenants.map(({ id }) => id)).toEqual([OTHER]);
    const { access } = (await get(`/v2.0/tokens/${token}`)).json<Access>();
    expect([access.token.id, access.token.tenant.id]).toEqual([token, OTHER]);
    const urls = access.serviceCatalog.find(({ type }) => type === 'compute')!.endpoints;
    expect(urls.map(({ publicURL }) => publicURL)).toEqual([`${gateway.url}/iad/v2/${OTHER}`]);
    const v3 = await ask(`${gateway.url}/v3/auth/tokens`, {
      headers: { 'x-auth-token': token, 'x-subject-token': token },
    });
    expect([v3.status, v3.headers['x-subject-token']]).toEqual([200, token]);
    expect(v3.text).toContain(`"project":{"id":"${OTHER}"`);
    expect(gateway.logText()).not.toContain(token);
  });

  it('is looked at once, whoever shows it at the same time, and first goes to the region', async () => {
    const gate = upstream.identity.hold(`GET /tokens/${token}`);
    const all = Array.from({ length: 10 }, () => get(`/iad/v2/${OTHER}/flavors/detail`));
    await gate.arrived(1);
    gate.open();
    for (const { status } of await Promise.all(all)) expect(status).toBe(200);
    expect(upstream.identity.requests(`GET /tokens/${token}`)).toHaveLength(1);
    // Proven by now: what is fetched from now on is kept, and is there for another token of the tenant once that is proven.
    const asked = () => iad().count('GET /flavors/detail');
    await get(`/iad/v2/${OTHER}/flavors/detail`);
    const before = asked();
    const connection = await connectRaw(gateway.url);
    for (let round = 0; round < 3; round++) {
      const { status } = await connection.ask(`/iad/v2/${OTHER}/flavors/detail`, { 'X-Auth-Token': token });
      expect(status).toBe(200);
    }
    expect(asked()).toBe(before);
    const second = await documentOf('user-2');
    upstream.identity.on('GET /tokens/*', json(second));
    for (let round = 0; round < 3; round++)
      await get(`/iad/v2/${OTHER}/flavors/detail`, second.access.token.id);
    expect(asked()).toBe(before + 1);
    connection.close();
  });

  it('spends the limits of its own user, and no other’s', async () => {
    const limit = {
      value: 4,
      verb: 'GET',
      remaining: 4,
      unit: 'DAY',
      'next-available': '2099-01-01T00:00:00Z',
    };
    iad().on(
      'GET /limits',
      json({ limits: { rate: [{ uri: '*', regex: '.*', limit: [limit] }], absolute: {} } }),
    );
    const before = iad().count('GET /limits');
    const show = async (userId: string) => {
      const document = await documentOf(userId);
      upstream.identity.on('GET /tokens/*', json(document));
      return document.access.token.id;
    };
    const spender = await show('user-who-spends');
    const statuses: number[] = [];
    for (let at = 0; at < 6; at++) statuses.push((await get(`/iad/v2/${OTHER}/servers`, spender)).status);
    expect(statuses[0]).toBe(200);
    expect(statuses.at(-1)).toBe(413);
    const saver = await show('user-who-saves');
    expect((await get(`/iad/v2/${OTHER}/servers`, saver)).status).toBe(200);
    // Each is asked for its own windows, by itself.
    const learned = iad().requests('GET /limits').slice(before);
    expect(learned.map(({ headers }) => headers['x-auth-token'])).toEqual([spender, saver]);
  });

  it('that a region refuses is looked at anew, and what is cached is no longer for it', async () => {
    await get(`/iad/v2/${OTHER}/flavors/detail`);
    await get(`/iad/v2/${OTHER}/flavors/detail`);
    iad().on('GET /servers', unauthorized, json({ servers: [] }));
    expect((await get(`/iad/v2/${OTHER}/servers`)).status).toBe(401);
    const before = iad().count('GET /flavors/detail');
    await get(`/iad/v2/${OTHER}/flavors/detail`);
    expect(iad().count('GET /flavors/detail')).toBe(before + 1);
    iad().on('GET /servers', unauthorized, json({ servers: [] }));
    await get(`/iad/v2/${OTHER}/servers`);
    upstream.identity.on('GET /tokens/*', unauthorized);
    expect((await get(`/iad/v2/${OTHER}/flavors/detail`)).status).toBe(401);
  });

  it('is given back where it came from', async () => {
    upstream.identity.on('DELETE /tokens/*', fault('itemNotFound', 404, 'gone'));
    const answer = await ask(`${gateway.url}/v2.0/tokens/${token}`, {
      method: 'DELETE',
      headers: { 'x-auth-token': token },
    });
    expect(answer.status).toBe(204);
    expect(upstream.identity.requests(`DELETE /tokens/${token}`)).toHaveLength(1);
  });
});

describe('a token of nobody', () => {
  it('gets the same answer for every tenant, reaches no region, and is asked about once', async () => {
    upstream.identity.on('GET /tokens/*', fault('itemNotFound', 404, 'no such token'));
    const before = cloud.region('IAD').requests().length + upstream.region('DFW').requests().length;
    const answers = [];
    for (const tenant of ['700100', OTHER, '12345', '-'])
      answers.push(await get(`/dfw/v2/${tenant}/servers`, 'junk-of-nobody'));
    for (const { status, text } of answers) expect([status, text]).toEqual([401, answers[0]!.text]);
    expect(cloud.region('IAD').requests().length + upstream.region('DFW').requests().length).toBe(before);
    const asked = upstream.identity.requests('GET /tokens/junk-of-nobody').length;
    await get('/dfw/v2/700100/servers', 'junk-of-nobody');
    expect(upstream.identity.requests('GET /tokens/junk-of-nobody')).toHaveLength(asked);
  });

  it('that many show at the same time from one address counts once, and once more for another address', async () => {
    upstream.identity.on('GET /tokens/*', fault('itemNotFound', 404, 'no such token'));
    const gate = upstream.identity.hold('GET /tokens/shown-by-many');
    const from = (address: string) => connectRaw(gateway.url, address);
    const connections = await Promise.all(
      Array.from({ length: 60 }, (_, at) => from(at < 59 ? '127.0.0.20' : '127.0.0.21')),
    );
    const shown = { 'X-Auth-Token': 'shown-by-many' };
    const asked = connections.map((connection) => connection.ask('/dfw/v2/700100/servers', shown));
    await gate.arrived(1);
    await ask(`${gateway.url}/v3`);
    gate.open();
    for (const { status } of await Promise.all(asked)) expect(status).toBe(401);
    expect(upstream.identity.requests('GET /tokens/shown-by-many')).toHaveLength(1);
    // Whoever has a good one there is heard: the address has tried one token and not 59.
    upstream.identity.on('GET /tokens/*', json(await documentOf('user-1')));
    const { status } = await connections[0]!.ask(`/iad/v2/${OTHER}/servers`, { 'X-Auth-Token': token });
    expect(status).toBe(200);
    for (const connection of connections) connection.close();
  });

  it('is told to wait after some of them, and holds up no token that is known', async () => {
    expect((await get(`/iad/v2/${OTHER}/servers`)).status).toBe(200);
    upstream.identity.on('GET /tokens/*', fault('itemNotFound', 404, 'no such token'));
    const statuses = [];
    for (let at = 0; at < 60; at++) {
      const answer = await get('/dfw/v2/700100/servers', `junk-${at}`);
      statuses.push(answer.status);
      if (answer.status === 429) expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
    }
    expect(new Set(statuses)).toEqual(new Set([401, 429]));
    expect((await get(`/iad/v2/${OTHER}/servers`)).status).toBe(200);
    const connection = await connectRaw(gateway.url, '127.0.0.9');
    const { status } = await connection.ask('/dfw/v2/700100/servers', { 'X-Auth-Token': 'junk-elsewhere' });
    expect(status).toBe(401);
    connection.close();
  });
});

describe('listeners side by side', () => {
  it('take upstream tokens and logins where they say so, and nowhere else', async () => {
    const servers = `/iad/v2/${OTHER}/servers`;
    const [passing, keys, open, openPassing] = [0, 1, 2, 3] as const;
    const connection = await Promise.all(gateway.urls.map((url) => connectRaw(url, '127.0.0.7')));
    const shown = (at: number, path: string, headers: Record<string, string>) =>
      connection[at]!.ask(path, headers).then(({ status }) => status);
    const own = { 'X-Auth-Token': token };
    expect(await shown(passing, servers, own)).toBe(200);
    expect(await shown(keys, servers, own)).toBe(401);
    // An open listener knows nothing of tokens that are not Sluice's: it is the accounts that are there.
    expect(await shown(open, servers, own)).toBe(404);
    expect(await shown(openPassing, servers, own)).toBe(200);
    const known = '/dfw/v2/700100/servers';
    const key = { 'X-Auth-Token': billing.key };
    for (const at of [passing, keys, open, openPassing])
      expect([at, await shown(at, known, key)]).toEqual([at, 200]);
    expect(await shown(open, known, {})).toBe(200);
    expect(await shown(openPassing, known, {})).toBe(200);
    expect(await shown(passing, known, {})).toBe(401);
    for (const one of connection) one.close();
  });

  it('hand a login on where they say so', async () => {
    const logins = await Promise.all(gateway.urls.map((url) => post(`${url}/v2.0/tokens`, apiKeyLogin)));
    expect(logins.map(({ status }) => status)).toEqual([200, 401, 200, 200]);
    const ids = logins.map((answer) => (answer.status === 200 ? answer.json<Access>().access.token.id : ''));
    expect(ids.map((id) => id.startsWith('sluice_token_'))).toEqual([false, false, true, false]);
    expect(upstream.identity.tokens).toContain(ids[3]);
    const wrong = await post(`${gateway.urls[3]}/v2.0/tokens`, {
      auth: { passwordCredentials: { username, password: 'wrong' } },
    });
    expect(wrong.status).toBe(401);
  });

  it('hand a token on that is to be renewed, with the tenant asked for', async () => {
    upstream.identity.on('POST /tokens', json(await documentOf('user-1')));
    const answer = await post(`${gateway.url}/v2.0/tokens`, {
      auth: { token: { id: token }, tenantId: OTHER },
    });
    expect(answer.status).toBe(200);
    const sent = JSON.parse(upstream.identity.requests('POST /tokens').at(-1)!.body) as object;
    expect(sent).toEqual({ auth: { token: { id: token }, tenantId: OTHER } });
  });
});
