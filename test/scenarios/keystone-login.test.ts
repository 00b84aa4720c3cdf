import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { ask } from '../support/ask.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { json, text } from '../support/stub-answers.ts';
import { STUB_CREDENTIALS } from '../support/stub-identity.ts';
import {
  KEYSTONE_CREDENTIAL,
  KEYSTONE_PROJECT,
  KEYSTONE_USER,
  type StubKeystone,
  type StubKeystoneOptions,
  startStubKeystone,
} from '../support/stub-keystone.ts';
import { startStubUpstream } from '../support/stub-upstream.ts';

const PROJECT = KEYSTONE_PROJECT.id;
const LOGIN = 'POST /v3/auth/tokens';
const { name: username, password, domain } = KEYSTONE_USER;
const byName = { username, password, userDomain: { name: domain.name } };
const project = { name: KEYSTONE_PROJECT.name, domain: { name: 'Default' } };
const { id: credentialId, name: credentialName, secret } = KEYSTONE_CREDENTIAL;

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function keystone(options: StubKeystoneOptions = {}): Promise<StubKeystone> {
  const started = await startStubKeystone(options);
  closers.push(() => started.close());
  return started;
}

async function gatewayFor(
  identity: object | object[],
  {
    clock,
    untilReady = true,
    ...settings
  }: Record<string, unknown> & { clock?: FakeClock; untilReady?: boolean } = {},
): Promise<TestGateway> {
  const gateway = await startGateway({
    identityUrl: '',
    settings: { accounts: [{ name: 'main', identity }], ...settings },
    untilReady,
    ...(clock ? { clock } : {}),
  });
  closers.push(() => gateway.close());
  return gateway;
}

const bodyOf = ({ identity }: StubKeystone) => JSON.parse(identity.requests(LOGIN)[0]!.body) as unknown;
const wrongSecrets = [password, secret];

describe('an account logs in at Identity v3', () => {
  const file = (content: string) => {
    const path = join(mkdtempSync(join(tmpdir(), 'sluice-test-')), 'secret');
    writeFileSync(path, `${content}\n`);
    return path;
  };

  it.each<[string, () => object, object]>([
    [
      'a user’s name in a domain by its name, a project’s in another',
      () => ({ ...byName, project }),
      {
        identity: {
          methods: ['password'],
          password: { user: { name: username, domain: { name: domain.name }, password } },
        },
        scope: { project: { name: 'team-a', domain: { name: 'Default' } } },
      },
    ],
    [
      'a domain by its id, a project by its id',
      () => ({ username, password, userDomain: { id: domain.id }, project: { id: PROJECT } }),
      {
        identity: {
          methods: ['password'],
          password: { user: { name: username, domain: { id: domain.id }, password } },
        },
        scope: { project: { id: PROJECT } },
      },
    ],
    [
      'a user’s id, a password from a file',
      () => ({
        userId: KEYSTONE_USER.id,
        passwordFile: file(password),
        project: { ...project, domain: { id: 'default' } },
      }),
      {
        identity: { methods: ['password'], password: { user: { id: KEYSTONE_USER.id, password } } },
        scope: { project: { name: 'team-a', domain: { id: 'default' } } },
      },
    ],
    [
      'an API key for the password',
      () => ({ username, apiKey: password, userDomain: { name: domain.name }, project }),
      {
        identity: {
          methods: ['password'],
          password: { user: { name: username, domain: { name: domain.name }, password } },
        },
        scope: { project: { name: 'team-a', domain: { name: 'Default' } } },
      },
    ],
    [
      'an application credential by its id',
      () => ({ applicationCredential: { id: credentialId, secret } }),
      {
        identity: {
          methods: ['application_credential'],
          application_credential: { id: credentialId, secret },
        },
      },
    ],
    [
      'an application credential by its name, its user and a secret from a file',
      () => ({
        username,
        userDomain: { name: domain.name },
        applicationCredential: { name: credentialName, secretFile: file(secret) },
      }),
      {
        identity: {
          methods: ['application_credential'],
          application_credential: {
            name: credentialName,
            user: { name: username, domain: { name: domain.name } },
            secret,
          },
        },
      },
    ],
  ])('with %s', async (_what, credentials, auth) => {
    const cloud = await keystone();
    const gateway = await gatewayFor({ url: cloud.identityUrl, ...credentials() });
    expect((await ask(`${gateway.url}/dfw/v2/${PROJECT}/servers`)).status).toBe(200);
    expect(bodyOf(cloud)).toEqual({ auth });
    const [login] = cloud.identity.requests(LOGIN);
    expect(login?.headers['content-length']).toBe(String(Buffer.byteLength(login!.body)));
    const [request] = cloud.region('DFW').requests('GET /servers');
    expect(request?.headers['x-auth-token']).toBe(cloud.tokens[0]);
    for (const hidden of [...wrongSecrets, cloud.tokens[0]!]) expect(gateway.logText()).not.toContain(hidden);
  });

  it('without a project gets the user’s default one, or is told to name one', async () => {
    const with_ = await keystone({ hasDefaultProject: true });
    const gateway = await gatewayFor({ url: with_.identityUrl, ...byName });
    expect((await ask(`${gateway.url}/dfw/v2/${PROJECT}/servers`)).status).toBe(200);
    const without = await keystone();
    const other = await gatewayFor({ url: without.identityUrl, ...byName }, { untilReady: false });
    await expect.poll(() => other.logText(), { timeout: 20_000 }).toContain('accounts[].identity.project');
    expect((await ask(`${other.url}/dfw/v2/${PROJECT}/servers`)).status).toBe(503);
  });

  it('takes the domain with the id default for a name without one', async () => {
    const cloud = await keystone();
    const gateway = await gatewayFor(
      { url: cloud.identityUrl, username, password, project },
      { untilReady: false },
    );
    await expect.poll(() => cloud.identity.count(LOGIN), { timeout: 20_000 }).toBe(1);
    expect(bodyOf(cloud)).toMatchObject({
      auth: { identity: { password: { user: { name: username, domain: { id: 'default' } } } } },
    });
    // That user is in another domain here: 401, a fault that says whose mistake it is, and no second try at once.
    const answer = await ask(`${gateway.url}/dfw/v2/${PROJECT}/servers`);
    expect(answer.status).toBe(503);
    expect(answer.text).toContain('refuses the credentials');
    expect(cloud.identity.count(LOGIN)).toBe(1);
    expect(gateway.logText()).toContain('requires authentication');
    expect(gateway.logText()).not.toContain(password);
  });
});

describe('an identity URL without a version', () => {
  const identity = (url: string) => ({ url, ...byName, project });

  it.each<[string, StubKeystoneOptions, (cloud: StubKeystone) => void, string[]]>([
    ['whose root answers 300', {}, () => {}, ['GET /', LOGIN]],
    [
      'whose root answers 200 with a list',
      {},
      ({ identity, identityUrl }) =>
        identity.on(
          'GET /',
          json({ versions: [{ id: 'v3.8', links: [{ rel: 'self', href: `${identityUrl}/` }] }] }),
        ),
      ['GET /', LOGIN],
    ],
    ['that has a path of its own', { prefix: '/identity' }, () => {}, ['GET ', LOGIN]],
    [
      'that is redirected to itself with a slash',
      { prefix: '/identity' },
      ({ identity }) => identity.on('GET ', text('', 301, { location: '/identity/' })),
      ['GET ', 'GET /', LOGIN],
    ],
    [
      'that says nothing of versions, but has them below',
      { prefix: '/identity' },
      ({ identity }) => identity.on('GET ', text('<h1>hello</h1>', 200, { 'content-type': 'text/html' })),
      ['GET ', 'GET /v3', LOGIN],
    ],
    [
      'whose links lead to a host that only it knows',
      { prefix: '/identity' },
      ({ identity }) =>
        identity.on(
          'GET ',
          json(
            {
              versions: {
                values: [
                  { id: 'v3.14', links: [{ rel: 'self', href: 'http://keystone.internal:5000/v3/' }] },
                ],
              },
            },
            300,
          ),
        ),
      ['GET ', LOGIN],
    ],
  ])('%s is asked for them once', async (_what, options, script, requests) => {
    const cloud = await keystone(options);
    script(cloud);
    const gateway = await gatewayFor(identity(cloud.rootUrl));
    expect((await ask(`${gateway.url}/dfw/v2/${PROJECT}/servers`)).status).toBe(200);
    expect(cloud.identity.requests().map(({ method, path }) => `${method} ${path}`)).toEqual(requests);
    cloud.revokeAll();
    expect((await ask(`${gateway.url}/dfw/v2/${PROJECT}/servers`)).status).toBe(200);
    expect(
      cloud.identity
        .requests()
        .slice(requests.length)
        .map(({ method }) => method),
    ).toEqual(['POST']);
  });

  it('still speaks v2.0 where that is all there is', async () => {
    const upstream = await startStubUpstream();
    closers.push(() => upstream.close());
    const { apiKey } = STUB_CREDENTIALS;
    // The stub has nothing at its root: as before, the version must be written then.
    const gateway = await gatewayFor(
      { url: upstream.identityUrl.replace('/v2.0', ''), username: STUB_CREDENTIALS.username, apiKey },
      { untilReady: false },
    );
    await expect
      .poll(() => gateway.logText(), { timeout: 20_000 })
      .toContain('write its URL with /v3 or /v2.0 at the end');
  });

  it('that is not there, or broken, is tried again later, as a login is', async () => {
    const clock = new FakeClock(Date.now());
    const cloud = await keystone({ now: () => clock.now() });
    cloud.identity.on('GET /', text('', 503), json({ versions: { values: [{ id: 'v3.14' }] } }, 300));
    const gateway = await gatewayFor(identity(cloud.rootUrl), { clock, untilReady: false });
    await expect.poll(() => gateway.logText(), { timeout: 20_000 }).toContain('has a fault of its own');
    expect(cloud.identity.count(LOGIN)).toBe(0);
    await expect
      .poll(
        async () => {
          await clock.advance(2_000);
          return cloud.identity.count(LOGIN);
        },
        { timeout: 20_000 },
      )
      .toBe(1);
  });
});

describe('tokens of Identity v3', () => {
  it('are fetched once for 40 requests at the same time, and replaced once when they are revoked', async () => {
    const cloud = await keystone();
    const gate = cloud.identity.hold(LOGIN);
    const gateway = await gatewayFor({ url: cloud.identityUrl, ...byName, project }, { untilReady: false });
    const burst = () =>
      Promise.all(Array.from({ length: 40 }, () => ask(`${gateway.url}/dfw/v2/${PROJECT}/servers`)));
    const first = burst();
    await gate.arrived(1);
    gate.open();
    expect((await first).map(({ status }) => status)).toEqual(Array(40).fill(200));
    expect(cloud.identity.count(LOGIN)).toBe(1);
    cloud.revokeAll();
    expect((await burst()).map(({ status }) => status)).toEqual(Array(40).fill(200));
    expect(cloud.identity.count(LOGIN)).toBe(2);
  });

  it('are renewed ahead of the time that the answer names', async () => {
    const clock = new FakeClock(Date.now());
    const cloud = await keystone({ now: () => clock.now(), tokenLifeMs: 43_200_000 });
    await gatewayFor({ url: cloud.identityUrl, ...byName, project }, { clock });
    expect(cloud.identity.count(LOGIN)).toBe(1);
    await clock.advance(0.75 * 43_200_000);
    expect(cloud.identity.count(LOGIN)).toBe(1);
    await clock.advance(0.16 * 43_200_000);
    await expect.poll(() => cloud.identity.count(LOGIN), { timeout: 20_000 }).toBe(2);
  });

  it.each([
    ['as long as it asks', { 'retry-after': '120' }, 100_000, 30_000],
    ['as long as it asks in other words', { 'x-retry-after': '120' }, 100_000, 30_000],
    ['for a growing while when it says nothing', {}, 400, 1_000],
  ])('an identity service that limits logins is left alone %s', async (_what, headers, quietMs, thenMs) => {
    const clock = new FakeClock(Date.now());
    const cloud = await keystone({ now: () => clock.now() });
    const limited = json(
      { error: { code: 429, title: 'Too Many Requests', message: 'Slow down.' } },
      429,
      headers,
    );
    cloud.identity.on(LOGIN, limited);
    const gateway = await gatewayFor(
      { url: cloud.identityUrl, ...byName, project },
      { clock, untilReady: false },
    );
    await expect.poll(() => gateway.logText(), { timeout: 20_000 }).toContain('asks for a pause');
    const answer = await ask(`${gateway.url}/dfw/v2/${PROJECT}/servers`);
    expect(answer.status).toBe(503);
    expect(Number(answer.headers['retry-after'])).toBeGreaterThanOrEqual(1);
    await clock.advance(quietMs);
    expect(cloud.identity.count(LOGIN)).toBe(1);
    await clock.advance(thenMs);
    await expect.poll(() => cloud.identity.count(LOGIN), { timeout: 20_000 }).toBe(2);
    cloud.identity.off(LOGIN);
  });
});

it('accounts of Identity v2.0 and v3 stand side by side, each with its own project and token', async () => {
  const cloud = await keystone({ regions: ['DFW', 'ORD'] });
  const legacy = await startStubUpstream({ regions: ['LON'] });
  closers.push(() => legacy.close());
  const gateway = await startGateway({
    identityUrl: '',
    settings: {
      accounts: [
        {
          name: 'legacy',
          identity: {
            url: legacy.identityUrl,
            username: STUB_CREDENTIALS.username,
            apiKey: STUB_CREDENTIALS.apiKey,
          },
        },
        { name: 'flex', identity: { url: cloud.rootUrl, ...byName, project } },
      ],
    },
  });
  closers.push(() => gateway.close());
  expect((await ask(`${gateway.url}/ord/v2/${PROJECT}/servers`)).headers['x-sluice-region']).toBe('ORD');
  expect((await ask(`${gateway.url}/lon/v2/700100/servers`)).status).toBe(200);
  expect((await ask(`${gateway.url}/lon/v2/${PROJECT}/servers`)).status).toBe(404);
  expect((await ask(`${gateway.url}/ord/v2/700100/servers`)).status).toBe(404);
  const auth = { passwordCredentials: { username: 'any', password: 'any' }, tenantName: 'team-a' };
  const login = await ask(`${gateway.url}/v2.0/tokens`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ auth }),
  });
  expect(login.json()).toMatchObject({ access: { token: { tenant: { id: PROJECT, name: 'team-a' } } } });
  for (const upstream of [cloud.tokens[0]!, legacy.identity.tokens[0]!])
    expect(login.text).not.toContain(upstream);
});

it('an account with a Keystone in each region has a project and a token of each', async () => {
  const dfw = await keystone({ regions: ['DFW3'] });
  const sjc = await keystone({ regions: ['SJC3'], projectId: '0c9f3e6d6b2f4d0d9f0c6a0d2d3b4a51' });
  const identity = [
    { region: 'DFW3', url: dfw.identityUrl, ...byName, project },
    { region: 'SJC3', url: sjc.rootUrl, ...byName, project },
  ];
  const gateway = await gatewayFor(identity);
  await expect.poll(() => sjc.tokens.length, { timeout: 20_000 }).toBe(1);
  for (const region of ['dfw3', 'sjc3'])
    expect((await ask(`${gateway.url}/${region}/v2/${PROJECT}/servers`)).status).toBe(200);
  expect(dfw.region('DFW3').requests('GET /servers')[0]?.headers['x-auth-token']).toBe(dfw.tokens[0]);
  expect(sjc.region('SJC3').requests('GET /servers')[0]?.headers['x-auth-token']).toBe(sjc.tokens[0]);
});

describe('logins of callers with users of the account’s own Keystone', () => {
  const post = (gateway: TestGateway, user: object, scope?: object) =>
    ask(`${gateway.url}/v3/auth/tokens`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        auth: { identity: { methods: ['password'], password: { user } }, ...(scope ? { scope } : {}) },
      }),
    });

  it('are handed on in the account’s domain and for its project, and get their own token', async () => {
    const cloud = await keystone();
    const access = {
      mode: 'keys',
      passThrough: true,
      clients: [{ name: 'billing', keyHash: `sha256:${'0'.repeat(64)}` }],
    };
    const gateway = await gatewayFor(
      // The account has its project from an application credential: its callers get the same.
      { url: cloud.rootUrl, applicationCredential: { id: credentialId, secret } },
      { access: { ...access } },
    );
    const before = cloud.tokens.length;
    const user = { name: username, domain: { name: domain.name }, password };
    expect((await post(gateway, { ...user, password: 'wrong-one-of-a-caller' })).status).toBe(401);
    const login = await post(gateway, user);
    expect(login.status).toBe(201);
    const token = login.headers['x-subject-token'] as string;
    expect(cloud.tokens.slice(before)).toContain(token);
    const lastScope = () =>
      (JSON.parse(cloud.identity.requests(LOGIN).at(-1)!.body) as { auth: { scope: unknown } }).auth.scope;
    expect(lastScope()).toEqual({ project: { id: PROJECT } });
    const own = await ask(`${gateway.url}/dfw/v2/${PROJECT}/servers`, { headers: { 'x-auth-token': token } });
    expect(own.status).toBe(200);
    const other = await gatewayFor({ url: cloud.identityUrl, ...byName, project }, { access });
    expect((await post(other, user)).status).toBe(201);
    expect(lastScope()).toEqual({ project });
    expect((await post(other, user, { project: { id: PROJECT } })).status).toBe(201);
    expect(lastScope()).toEqual({ project: { id: PROJECT } });
    expect(other.logText() + gateway.logText()).not.toContain(token);
    expect(other.logText() + gateway.logText()).not.toContain('wrong-one-of-a-caller');
  });
});
