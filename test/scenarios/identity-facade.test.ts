import { createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { issueToken, verifyToken } from '../../src/access/token.ts';
import { createTokenKeyRing, randomTokenKey } from '../../src/access/token-keys.ts';
import {
  accessDocument,
  chooseAccount,
  matchFacade,
  parseLogin,
  tenantsDocument,
} from '../../src/facade/v2-login.ts';
import { identityVersionDocument, identityVersionsDocument } from '../../src/facade/version-documents.ts';
import { asFault } from '../../src/faults/faults.ts';
import type { Token } from '../../src/identity/token.ts';
import type { JsonObject, JsonValue } from '../../src/json.ts';

/** What these tests use of pkgcloud, which has no types of its own. */
interface Pkgcloud {
  compute: { createClient(options: object): PkgcloudClient };
}
interface PkgcloudClient {
  auth(callback: (error: Error | undefined) => void): void;
  _serviceUrl: string;
  _isAuthorized(): boolean;
}
const pkgcloud = createRequire(import.meta.url)('pkgcloud') as Pkgcloud;

function token(id: string, name: string, regions: string[]): Token {
  const endpoints = regions.map((region) => ({
    region,
    tenantId: id,
    publicURL: `https://${region.toLowerCase()}.compute.test/v2/${id}`,
  }));
  return {
    id: `upstream-token-of-${id}`,
    issuedAtMs: 0,
    expiresAtMs: 1,
    tenant: { id, name },
    user: { id: '9', name: 'mara', roles: [{ id: '3', name: 'identity:user-admin' }] },
    catalog: [
      { name: 'cloudServers', type: 'compute', endpoints: [{ publicURL: 'https://old.test/v1.0/1' }] },
      { name: 'cloudServersOpenStack', type: 'compute', endpoints },
    ],
  };
}

const key = createTokenKeyRing(['secret of the façade tests'], randomTokenKey());
const accounts = [token('424242', 'acme', ['ORD', 'DFW']), token('777', 'emca', ['LON'])];
let server: Server;
let root: string;

/** Requests in the order they came, for clients that are not supposed to come twice. */
const seen: string[] = [];

/** The façade alone behind a socket. */
beforeAll(async () => {
  server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    seen.push(`${request.method} ${request.url}`);
    const { status, document, headers } = answer(request.method ?? '', request.url ?? '', text);
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(request.method === 'HEAD' ? undefined : JSON.stringify(document));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  root = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function answer(method: string, path: string, text: string) {
  try {
    return { status: 200, document: documentFor(method, path, text), headers: {} };
  } catch (error) {
    const fault = asFault(error);
    return { status: fault.code, document: fault.toDocument(), headers: fault.headers };
  }
}

/** Only what clients' first steps need; the gateway's own tests cover the rest. */
function documentFor(method: string, path: string, text: string): JsonObject {
  const match = matchFacade(method, path);
  if (match.kind === 'versions') return identityVersionsDocument(root);
  if (match.kind === 'version') return identityVersionDocument(root);
  if (match.kind === 'tenants') return tenantsDocument(accounts.map(({ tenant }) => tenant));
  if (match.kind !== 'login') throw new Error(`${method} ${path} is not among a client's first steps`);
  const login = parseLogin(text === '' ? undefined : (JSON.parse(text) as JsonValue));
  const { credentials } = login;
  const renewed =
    credentials.kind === 'token' ? verifyToken(key, credentials.tokenId, Date.now()) : undefined;
  const chosen = chooseAccount(
    accounts,
    login,
    renewed?.kind === 'valid' ? renewed.claims.tenantId : undefined,
  );
  const sluiceToken = issueToken(key, { tenantId: chosen.tenant.id, username: 'billing' }, Date.now());
  const settings = { service: 'cloudServersOpenStack', interface: 'public' as const, regions: null };
  return accessDocument({
    token: chosen,
    sluiceToken,
    baseUrl: root,
    account: settings,
    services: 'all',
    identity: 'v2.0',
  });
}

async function call(method: string, path: string, body?: object, headers: Record<string, string> = {}) {
  const init = body === undefined ? {} : { body: JSON.stringify(body) };
  const response = await fetch(root + path, { method, headers, ...init });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: (text ? JSON.parse(text) : {}) as Record<string, JsonObject>,
  };
}

/** The token in an answer to a login. */
function issued({ body }: { body: Record<string, JsonObject> }): { id: string; expires: string } {
  const token = body['access']?.['token'];
  if (!token) throw new Error('the answer holds no token');
  return token as unknown as { id: string; expires: string };
}

const apiKey = { 'RAX-KSKEY:apiKeyCredentials': { username: 'billing', apiKey: 'anything' } };
const password = { passwordCredentials: { username: 'billing', password: 'anything' } };

describe('a login as each client sends it', () => {
  it.each<[string, string, object, Record<string, string>]>([
    [
      'libcloud, set to the root',
      '/v2.0/tokens',
      apiKey,
      { 'content-type': 'application/json; charset=UTF-8' },
    ],
    ['libcloud, set to …/v2.0', '/v2.0', apiKey, { accept: 'application/json' }],
    ['libcloud, set to …/', '/', apiKey, {}],
    ['fog', '/v2.0/tokens', apiKey, { 'x-auth-token': '' }],
    ['fog, set to …/v2.0/', '/v2.0//tokens', apiKey, { 'x-auth-token': '' }],
    ['keystoneauth', '/v2.0/tokens', { ...password, tenantId: '424242' }, { 'x-auth-token': 'an-old-one' }],
    ['gophercloud', '/v2.0/tokens', { ...password, tenantName: 'acme' }, {}],
    ['ruby-openstack', '/v2.0/tokens', { ...apiKey, tenantName: '424242' }, {}],
    [
      'a renewal with a token of somebody else',
      '/v2.0/tokens',
      { token: { id: 'x' }, tenantName: 'acme' },
      {},
    ],
  ])('%s: POST %s', async (_client, path, auth, headers) => {
    const { status, body, headers: answered } = await call('POST', path, { auth }, headers);
    expect(status).toBe(200);
    expect(answered.get('content-type')).toContain('application/json');
    expect(body['access']?.['token']).toMatchObject({ tenant: { id: '424242', name: 'acme' } });
    const { expires } = issued({ body });
    expect(expires).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    expect(Date.parse(expires) - Date.now()).toBeGreaterThan(3_600_000);
  });

  it('selects the account by the tenant, and keeps it when the token is renewed', async () => {
    const first = await call('POST', '/v2.0/tokens', { auth: { ...apiKey, tenantName: 'emca' } });
    const token = issued(first);
    const renewed = await call('POST', '/v2.0/tokens', { auth: { token: { id: token.id } } });
    expect(renewed.body['access']?.['token']).toMatchObject({ tenant: { id: '777' } });
    expect(JSON.stringify(renewed.body)).toContain(`${root}/lon/v2/777`);
  });

  it('of an unknown tenant is 401, of a malformed body 400', async () => {
    const unknown = await call('POST', '/v2.0/tokens', { auth: { ...apiKey, tenantName: 'nobody' } });
    expect(unknown.status).toBe(401);
    expect(unknown.body['unauthorized']).toMatchObject({ code: 401 });
    expect((await call('POST', '/v2.0/tokens', {})).status).toBe(400);
    expect((await call('POST', '/v2.0/tokens')).status).toBe(400);
  });
});

describe('pkgcloud', () => {
  it.each(['', '/v2.0'])('set to the root plus "%s" logs in once and finds its region', async (suffix) => {
    seen.length = 0;
    const client = pkgcloud.compute.createClient({
      provider: 'rackspace',
      username: 'billing',
      apiKey: 'anything',
      region: 'DFW',
      authUrl: root + suffix,
    });
    for (let time = 0; time < 2; time++) {
      await new Promise<void>((resolve, reject) => {
        client.auth((error) => (error ? reject(error) : resolve()));
      });
    }
    expect(client._serviceUrl).toBe(`${root}/dfw/v2/424242`);
    expect(client._isAuthorized()).toBe(true);
    expect(seen).toEqual([`POST ${suffix}/v2.0/tokens`]);
  });
});

describe('what clients probe', () => {
  it('GET / is the identity style list, GET /v2.0 its details', async () => {
    const list = await call('GET', '/');
    expect(list.body['versions']?.['values']).toMatchObject([
      { id: 'v3.14', status: 'stable' },
      { id: 'v2.0', status: 'stable' },
    ]);
    expect((await call('GET', '/v2.0')).body['version']).toMatchObject({ id: 'v2.0' });
  });

  it('GET /v2.0/tenants lists every tenant', async () => {
    const { body } = await call('GET', '/v2.0/tenants');
    expect(body['tenants']).toMatchObject([{ id: '424242', enabled: true }, { id: '777' }]);
    expect((await call('HEAD', '/v2.0/tenants')).status).toBe(200);
  });
});
