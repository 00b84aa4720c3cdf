import { describe, expect } from 'vitest';
import { ask } from '../support/ask.ts';
import { scenario } from '../support/scenario.ts';
import { fault, json, reset, unavailable } from '../support/stub-answers.ts';
import { STUB } from '../support/stub-documents.ts';
import { STUB_CREDENTIALS } from '../support/stub-identity.ts';

/** Every secret that callers use in this run; the upstream's own come from the stub. */
const SECRET = {
  callerKey: 'caller-api-key-81d2',
  callerPassword: 'caller-password-77fe',
  callerToken: 'caller-token-5b0c',
  bearer: 'caller-bearer-19aa',
  newPassword: 'new-Adm1n-pass-3c9d',
  ownAdminPass: 'chosen-Adm1n-pass-0e6b',
  personality: Buffer.from('personality-content-a4f1').toString('base64'),
  userData: Buffer.from('user-data-content-c2c2').toString('base64'),
  keyMaterial: 'private-key-material-e8d7',
  upstreamNewToken: 'leaked-upstream-token-60d1',
  wrongKey: 'wrong-account-key-f00d',
  query: 'secret-in-a-query-9d9d',
} as const;

const { it, upstream, gateway, dfw } = scenario('file', {
  settings: { log: { level: 'trace', requests: 'all' }, upstream: { retries: 1 } },
  begin: aDay,
});

let facadeToken = '';

const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
  ask(gateway.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-auth-token': SECRET.callerToken, ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });

const BASE = '/dfw/v2/700100';

/** All a day brings: logins, creates, passwords, faults of every kind, revoked tokens, identity down. */
async function aDay(): Promise<void> {
  const login = await post('/v2.0/tokens', {
    auth: { 'RAX-KSKEY:apiKeyCredentials': { username: 'anybody', apiKey: SECRET.callerKey } },
  });
  facadeToken = login.json<{ access: { token: { id: string } } }>().access.token.id;
  await post('/v2.0/tokens', {
    auth: { passwordCredentials: { username: 'anybody', password: SECRET.callerPassword } },
  });
  await post('/v2.0/tokens', `{"auth": {"passwordCredentials": {"password": "${SECRET.callerPassword}"`);
  await ask(`${gateway.url}/v2.0/tokens/${facadeToken}`, { headers: { 'x-auth-token': facadeToken } });
  await ask(`${gateway.url}/v2.0/tokens/${SECRET.callerToken}`);

  const server = {
    name: 'web',
    imageRef: STUB.imageId,
    flavorRef: '2',
    adminPass: SECRET.ownAdminPass,
    personality: [{ path: '/etc/banner', contents: SECRET.personality }],
    user_data: SECRET.userData,
  };
  const create = { server };
  await post(`${BASE}/servers`, create, { authorization: `Bearer ${SECRET.bearer}` });
  await post(`${BASE}/servers.xml`, create);
  for (const answer of [
    fault('badRequest', 400, 'No.'),
    fault('computeFault', 500, 'No.'),
    unavailable,
    reset,
  ]) {
    dfw.on('POST /servers', answer);
    await post(`${BASE}/servers`, create);
  }
  dfw.off('POST /servers');
  await post(`${BASE}/servers`, `{"server": {"adminPass": "${SECRET.ownAdminPass}", `);
  await post(`${BASE}/servers`, `<server adminPass="${SECRET.ownAdminPass}"`, {
    'content-type': 'application/xml',
  });
  const action = `${BASE}/servers/${STUB.serverId}/action`;
  await post(action, { changePassword: { adminPass: SECRET.newPassword } });
  await post(action, { changePassword: { adminPass: SECRET.newPassword, extra: {} } });
  await post(action, { rebuild: server });
  await post(action, { rescue: 'none' });
  dfw.on('POST /os-keypairs', json({ keypair: { private_key: SECRET.keyMaterial } }));
  await post(`${BASE}/os-keypairs`, { keypair: { public_key: SECRET.keyMaterial } });
  dfw.on('POST /os-keypairs', reset);
  await post(`${BASE}/os-keypairs`, { keypair: { public_key: SECRET.keyMaterial } });
  await ask(`${gateway.url}${BASE}/servers?name=${SECRET.query}`);
  await ask(`${gateway.url}${BASE}/os-things?token=${SECRET.query}`);

  dfw.on('GET /servers/*', fault('computeFault', 500, 'No.', { 'x-auth-token': SECRET.upstreamNewToken }));
  const leaked = await ask(`${gateway.url}${BASE}/servers/1`);
  expect(JSON.stringify(leaked.headers)).not.toContain(SECRET.upstreamNewToken);
  dfw.off('GET /servers/*');

  upstream.identity.revokeAll();
  await ask(`${gateway.url}${BASE}/servers`);
  await gateway.reload({
    accounts: [
      { name: 'main', identity: { url: upstream.identityUrl, ...oneOf() } },
      { name: 'wrong', identity: { url: upstream.identityUrl, username: 'nobody', apiKey: SECRET.wrongKey } },
    ],
  });
  const failures = () => ask(`${gateway.adminUrl}/readyz`);
  while (!(await failures()).text.includes('"problem"')) await new Promise(setImmediate);
  await dfw.refuse();
  await ask(`${gateway.url}${BASE}/servers`);
  await post(`${BASE}/servers`, create);
  await upstream.identity.refuse();
}

const oneOf = () => ({ username: STUB_CREDENTIALS.username, apiKey: STUB_CREDENTIALS.apiKey });

function all(): [string, string][] {
  return [
    ...Object.entries(SECRET),
    ['the text of the personality', 'personality-content-a4f1'],
    ["the account's API key", STUB_CREDENTIALS.apiKey],
    ["the region's adminPass", STUB.adminPass],
    ['the façade token', facadeToken],
    ...upstream.identity.tokens.map((token, at): [string, string] => [`upstream token ${at + 1}`, token]),
  ];
}

describe('after a full day at log level trace, no secret is', () => {
  it('in the log', () => {
    const text = gateway.logText();
    expect(gateway.logged().length).toBeGreaterThan(25);
    expect(upstream.identity.tokens.length).toBeGreaterThanOrEqual(2);
    expect(facadeToken.length).toBeGreaterThan(20);
    for (const [what, secret] of all()) expect(text.includes(secret), what).toBe(false);
  });

  it('in what operators can ask for', async () => {
    for (const path of ['/metrics', '/readyz', '/healthz']) {
      const { text } = await ask(gateway.adminUrl + path);
      for (const [what, secret] of all()) expect(text.includes(secret), `${path}: ${what}`).toBe(false);
    }
  });
});

it('a caller never sees an upstream token: not at login, not in a fault, not in a header', async () => {
  const answers = [
    await ask(`${gateway.url}/v2.0/tokens/${facadeToken}`, { headers: { 'x-auth-token': facadeToken } }),
    await ask(`${gateway.url}${BASE}/servers`),
    await ask(`${gateway.url}${BASE}/os-things`),
    await ask(`${gateway.url}/v2.0/tenants`, { headers: { 'x-auth-token': facadeToken } }),
  ];
  for (const { text, headers } of answers)
    for (const token of upstream.identity.tokens) {
      expect(text).not.toContain(token);
      expect(JSON.stringify(headers)).not.toContain(token);
    }
});
