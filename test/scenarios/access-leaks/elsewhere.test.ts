import { afterAll, beforeAll, expect, it } from 'vitest';
import { ask } from '../../support/ask.ts';
import { startGateway } from '../../support/gateway.ts';
import { connectRaw } from '../../support/raw-connection.ts';
import { ACCOUNTS } from '../../support/secret-accounts.ts';
import {
  bytesOf,
  CLIENTS,
  clients,
  keysOf,
  leaksIn,
  login,
  NOBODYS,
  openStage,
  requestsTo,
  type Stage,
} from './stage.ts';

let stage: Stage;

beforeAll(async () => {
  stage = await openStage(keysOf(CLIENTS));
});

afterAll(() => stage.close());

/** Ways to name somebody else's tenant that are not below it; each sends the tenant it is given and nothing else of it. */
const ELSEWHERE: [
  what: string,
  method: string,
  path: (tenant: string) => string,
  body?: (tenant: string) => object,
][] = [
  ['a list of every region', 'GET', (tenant) => `/all/v2/${tenant}/servers`],
  ['an action', 'POST', (tenant) => `/dfw/v2/${tenant}/servers/s1/action`, () => ({ confirmResize: null })],
  ['a method that there is not', 'PATCH', (tenant) => `/dfw/v2/${tenant}/servers/s1`],
  ['an unknown region', 'GET', (tenant) => `/nowhere/v2/${tenant}/servers`],
  ['a project of v3', 'GET', (tenant) => `/v3/projects/${tenant}`],
  [
    'a login of v2.0',
    'POST',
    () => '/v2.0/tokens',
    (tenant) => ({
      auth: { passwordCredentials: { username: 'plum', password: clients.plum.key }, tenantId: tenant },
    }),
  ],
  [
    'a login of v2.0 by the tenant’s name',
    'POST',
    () => '/v2.0/tokens',
    (tenant) => ({
      auth: {
        'RAX-KSKEY:apiKeyCredentials': { username: 'plum', apiKey: clients.plum.key },
        tenantName: tenant,
      },
    }),
  ],
  [
    'a login of v3',
    'POST',
    () => '/v3/auth/tokens',
    (tenant) => ({
      auth: {
        identity: {
          methods: ['password'],
          password: { user: { name: 'plum', domain: { id: 'default' }, password: clients.plum.key } },
        },
        scope: { project: { id: tenant } },
      },
    }),
  ],
];

it.each(ELSEWHERE)(
  '%s is answered for another’s tenant as for one that is nobody’s',
  async (_what, method, path, body) => {
    for (const headers of [{}, { Accept: 'application/xml' }]) {
      const before = requestsTo(stage.clouds);
      const answers = await Promise.all(
        [ACCOUNTS.other.tenant, NOBODYS].map(async (tenant) => {
          const connection = await connectRaw(stage.gateway.url);
          const answer = await connection.ask(
            path(tenant),
            { 'Content-Type': 'application/json', 'X-Auth-Token': clients.plum.key, ...headers },
            method,
            body === undefined ? '' : JSON.stringify(body(tenant)),
          );
          connection.close();
          expect(leaksIn(answer, 'plum', tenant)).toEqual([]);
          return bytesOf(answer, tenant);
        }),
      );
      expect(answers[0]).toBe(answers[1]);
      expect(answers[0]).toMatch(/^40[1345]/);
      expect(requestsTo(stage.clouds)).toBe(before);
    }
  },
);

it.each(CLIENTS)('%s is told of its own tenants and services alone', async (name) => {
  const token = (await login(stage, name)).token!;
  for (const path of [
    '/v2.0/tenants',
    '/v3/projects',
    '/v3/auth/projects',
    '/v3/auth/catalog',
    `/v2.0/tokens/${token}`,
  ])
    for (const headers of [{}, { Accept: 'application/xml' }]) {
      const answer = await stage.connections[1]!.ask(path, { 'X-Auth-Token': token, ...headers });
      expect([path, answer.status, leaksIn(answer, name, '')]).toEqual([path, 200, []]);
    }
  expect(leaksIn((await login(stage, name)).answer, name, '')).toEqual([]);
});

it('a refusal names tenants and accounts of the caller’s own alone, to whoever shows no key none', async () => {
  for (const path of [
    '/dfw/v2/nobody/servers',
    '/nowhere/v2/700999/servers',
    '/all/v2/1/images',
    '/nowhere',
    '/nowhere/v2',
  ])
    for (const client of ['plum', 'pear', 'nobody'] as const) {
      const headers = client === 'nobody' ? {} : { 'X-Auth-Token': clients[client].key };
      const answer = await stage.connections[2]!.ask(path, headers);
      expect([path, client, leaksIn(answer, client, '')]).toEqual([path, client, []]);
    }
});

it('a caller waits for no account but its own, and hears of no other that cannot log in', async () => {
  const gate = stage.clouds.upstreams.other.identity.hold('POST /tokens');
  const accounts = stage.clouds.settings.toReversed();
  const halfReady = await startGateway({
    identityUrl: '',
    untilReady: false,
    settings: { accounts, limits: { enabled: false }, ...keysOf(CLIENTS) },
  });
  try {
    await gate.arrived(1);
    const get = (path: string) => ask(halfReady.url + path, { headers: clients.plum.headers });
    expect((await get(`/dfw/v2/${ACCOUNTS.main.tenant}/servers`)).status).toBe(200);
    expect((await get('/dfw/v2/-/servers')).status).toBe(200);
    const [others, nobodys] = await Promise.all(
      [ACCOUNTS.other.tenant, NOBODYS].map(async (tenant) => {
        const { status, text } = await get(`/dfw/v2/${tenant}/servers`);
        return `${status} ${text.replaceAll(tenant, 'TENANT')}`;
      }),
    );
    expect(others).toBe(nobodys);
    expect(others).toMatch(/^404 /);
    const tenants = await get('/v2.0/tenants');
    expect(tenants.json<{ tenants: unknown[] }>().tenants).toHaveLength(1);
  } finally {
    gate.open();
    await halfReady.close();
  }
});
