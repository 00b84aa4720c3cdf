import { beforeEach, describe, expect } from 'vitest';
import { ask } from '../support/ask.ts';
import { keysMode, testClient } from '../support/clients.ts';
import { connectRaw } from '../support/raw-connection.ts';
import { scenario } from '../support/scenario.ts';
import { unauthorized } from '../support/stub-answers.ts';
import { STUB_CREDENTIALS } from '../support/stub-identity.ts';

const P = '/dfw/v2/700100';
const billing = testClient('billing');

const { it, gateway, upstream, dfw, clock } = scenario('test', {
  standstill: true,
  settings: keysMode([billing], { passThrough: { proofTtl: 60 } }),
});

const get = (path: string, token: string) => ask(gateway.url + path, { headers: { 'x-auth-token': token } });

function login(username: string, apiKey: string) {
  const auth = { 'RAX-KSKEY:apiKeyCredentials': { username, apiKey } };
  const headers = { 'content-type': 'application/json' };
  return ask(`${gateway.url}/v2.0/tokens`, { method: 'POST', headers, body: JSON.stringify({ auth }) });
}

interface Access {
  access: {
    token: { id: string; tenant: { id: string } };
    serviceCatalog: { type: string; endpoints: { publicURL: string }[] }[];
  };
}

const own = async () =>
  (await login(STUB_CREDENTIALS.username, STUB_CREDENTIALS.apiKey)).json<Access>().access.token.id;

describe('a login of the account’s own Identity', () => {
  it('is handed on, and its catalog leads through Sluice', async () => {
    const answer = await login(STUB_CREDENTIALS.username, STUB_CREDENTIALS.apiKey);
    expect(answer.status).toBe(200);
    const { token, serviceCatalog } = answer.json<Access>().access;
    expect(token.id).toBe(upstream.identity.tokens.at(-1));
    expect(serviceCatalog.find(({ type }) => type === 'compute')!.endpoints[0]!.publicURL).toBe(
      `${gateway.url}/dfw/v2/700100`,
    );
    expect((await get('/v2.0/tenants', token.id)).json()).toMatchObject({ tenants: [{ id: '700100' }] });
    expect(gateway.logText()).not.toContain(token.id);
  });

  it('is shared by those who log in with the same at the same time, and wrong ones are 401', async () => {
    const gate = upstream.identity.hold('POST /tokens');
    const before = upstream.identity.count('POST /tokens');
    const logins = Array.from({ length: 20 }, () =>
      login(STUB_CREDENTIALS.username, STUB_CREDENTIALS.apiKey),
    );
    await gate.arrived(1);
    // All of them are here once a later request of theirs has been answered.
    await ask(`${gateway.url}/v3`);
    gate.open();
    for (const { status } of await Promise.all(logins)) expect(status).toBe(200);
    expect(upstream.identity.count('POST /tokens') - before).toBeLessThan(20);
    const wrong = await login(STUB_CREDENTIALS.username, 'wrong-secret-of-a-caller');
    expect(wrong.status).toBe(401);
    expect(wrong.text + gateway.logText()).not.toContain('wrong-secret-of-a-caller');
  });
});

describe('an upstream token of a caller’s own', () => {
  let token: string;
  beforeEach(async () => {
    token = await own();
  });

  it('goes up as it is, and the account’s never does for it', async () => {
    expect((await get(`${P}/servers`, token)).status).toBe(200);
    expect((await get(`${P}/os-keypairs`, token)).status).toBe(404);
    for (const request of ['GET /servers', 'GET /os-keypairs'])
      expect(dfw.requests(request).map(({ headers }) => headers['x-auth-token'])).toEqual([token]);
  });

  it('that the region refuses gets its 401, and neither a fresh token nor what is cached', async () => {
    await get(`${P}/flavors/detail`, billing.key);
    const connection = await connectRaw(gateway.url);
    for (let round = 0; round < 3; round++) {
      const { status } = await connection.ask(`${P}/flavors/detail`, { 'X-Auth-Token': 'nobodys-token' });
      expect(status).toBe(401);
    }
    expect(upstream.identity.count('POST /tokens')).toBe(2);
    expect((await get('/v2.0/tenants', 'nobodys-token')).status).toBe(401);
    expect((await get('/dfw/v2/999/servers', 'nobodys-token')).text).not.toContain('700100');
    connection.close();
  });

  it('is served from the cache while it is proven, and no longer', async () => {
    await get(`${P}/flavors/detail`, billing.key);
    const asked = () => dfw.count('GET /flavors/detail');
    expect(asked()).toBe(1);
    for (let round = 0; round < 3; round++)
      expect((await get(`${P}/flavors/detail`, token)).status).toBe(200);
    expect(asked()).toBe(1);
    clock.tick(61_000);
    expect((await get(`${P}/flavors/detail`, token)).status).toBe(200);
    expect(asked()).toBe(2);
    expect((await get(`${P}/flavors/detail`, token)).status).toBe(200);
    expect(asked()).toBe(2);
    dfw.on('GET /servers', unauthorized);
    expect((await get(`${P}/servers`, token)).status).toBe(401);
    await get(`${P}/flavors/detail`, token);
    expect(asked()).toBe(3);
  });

  it('of another kind of caller is still a key’s to refuse', async () => {
    expect((await get(`${P}/servers`, testClient('billing').key)).status).toBe(401);
    expect((await get(`${P}/servers`, billing.key)).status).toBe(200);
  });
});
