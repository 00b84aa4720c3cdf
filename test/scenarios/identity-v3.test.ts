import { describe, expect } from 'vitest';
import { type Answered, type AskOptions, ask } from '../support/ask.ts';
import { startGateway } from '../support/gateway.ts';
import { scenario } from '../support/scenario.ts';
import { STUB_CREDENTIALS } from '../support/stub-identity.ts';
import { startStubUpstream } from '../support/stub-upstream.ts';

const { it, upstream, gateway } = scenario('file', { regions: ['DFW', 'ORD'] });

interface Endpoint {
  id: string;
  interface: string;
  region: string;
  region_id: string;
  url: string;
}
interface TokenBody {
  token: {
    methods: string[];
    user: { name: string; domain: object };
    project?: { id: string };
    roles?: { id: string; name: string }[];
    expires_at: string;
    catalog?: { id: string; type: string; name: string; endpoints: Endpoint[] }[];
  };
}

const v3 = (method: string, path: string, headers = {}): Promise<Answered> =>
  ask(`${gateway.url}/v3${path}`, { method, headers });
const login = (auth: unknown, options: AskOptions = {}, query = '') =>
  ask(`${gateway.url}/v3/auth/tokens${query}`, {
    method: 'POST',
    body: JSON.stringify({ auth }),
    headers: { 'content-type': 'application/json' },
    ...options,
  });
const password = {
  methods: ['password'],
  password: { user: { name: 'mara', domain: { name: 'Default' }, password: 'any' } },
};
const project = { project: { name: '700100', domain: { name: 'Default' } } };
const subjectOf = (answered: Answered) => answered.headers['x-subject-token'] as string;

describe('a login at /v3/auth/tokens', () => {
  it.each([
    ['a password', password, 'password'],
    ['a token of nobody', { methods: ['token'], token: { id: 'x' } }, 'token'],
    [
      'an application credential',
      { methods: ['application_credential'], application_credential: { id: 'ci', secret: 'any' } },
      'application_credential',
    ],
  ])('with %s is 201, with the token in a header', async (_what, identity, method) => {
    const answered = await login({ identity, scope: project });
    expect(answered.status).toBe(201);
    expect(answered.headers['content-type']).toContain('application/json');
    expect(answered.headers['cache-control']).toBe('no-store');
    expect(answered.text).not.toContain(subjectOf(answered));
    const { token } = answered.json<TokenBody>();
    expect(token).toMatchObject({
      methods: [method],
      user: { name: STUB_CREDENTIALS.username, domain: { id: 'default' } },
      project: { id: '700100', name: '700100', domain: { id: 'default' } },
      roles: [{ id: '3', name: 'identity:user-admin' }],
      is_domain: false,
    });
    expect(token.expires_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
    expect(Date.parse(token.expires_at) - Date.now()).toBeGreaterThan(3_600_000);
  });

  it('has a catalog of one compute entry, and everything in it leads to Sluice', async () => {
    const { token } = (await login({ identity: password, scope: project })).json<TokenBody>();
    expect(token.catalog!.map(({ type }) => type).toSorted()).toEqual(['compute', 'identity', 'volume']);
    const compute = token.catalog!.find(({ type }) => type === 'compute')!;
    const open = compute.endpoints.filter((endpoint) => endpoint.interface === 'public');
    expect(open.map(({ region, region_id, url }) => [region, region_id, url])).toEqual([
      ['DFW', 'DFW', `${gateway.url}/dfw/v2/700100`],
      ['ORD', 'ORD', `${gateway.url}/ord/v2/700100`],
    ]);
    const endpoints = token.catalog!.flatMap((service) => service.endpoints);
    expect(endpoints.every(({ url }) => url.startsWith(`${gateway.url}/`))).toBe(true);
    expect(new Set(endpoints.map(({ id }) => id)).size).toBe(endpoints.length);
    expect(endpoints.every(({ id }) => /^[0-9a-f]{32}$/.test(id))).toBe(true);
  });

  it('never shows a secret of the upstream account', async () => {
    const { text } = await login({ identity: password });
    const { apiKey, password: secret } = STUB_CREDENTIALS;
    for (const one of [apiKey, secret, ...upstream.identity.tokens]) expect(text).not.toContain(one);
  });

  it('without a scope is for the first account, and without a project or a catalog when asked so', async () => {
    expect((await login({ identity: password })).json<TokenBody>().token.project).toMatchObject({
      id: '700100',
    });
    const bare = (await login({ identity: password }, {}, '?nocatalog')).json<TokenBody>();
    expect(bare.token).not.toHaveProperty('catalog');
    expect(bare.token).toHaveProperty('project');
    const unscoped = await login({ identity: password, scope: 'unscoped' });
    expect(unscoped.json<TokenBody>().token).not.toHaveProperty('project');
    const checked = await v3('GET', '/auth/tokens', { 'x-subject-token': subjectOf(unscoped) });
    expect(checked.json<TokenBody>().token).not.toHaveProperty('catalog');
    const scoped = await login({
      identity: { methods: ['token'], token: { id: subjectOf(unscoped) } },
      scope: { project: { id: '700100' } },
    });
    expect(scoped.json<TokenBody>().token.project).toMatchObject({ id: '700100' });
  });

  it.each([
    [
      '401 for a project of nobody',
      { identity: password, scope: { project: { id: 'x' } } },
      401,
      'Unauthorized',
    ],
    ['401 for a domain', { identity: password, scope: { domain: { id: 'default' } } }, 401, 'Unauthorized'],
    [
      '400 for the form of v2.0',
      { passwordCredentials: { username: 'a', password: 'b' } },
      400,
      'Bad Request',
    ],
  ])('is %s, in the shape of v3', async (_what, auth, code, title) => {
    const answered = await login(auth, { headers: { accept: 'application/xml' } });
    expect(answered.status).toBe(code);
    expect(answered.json()).toEqual({ error: { code, title, message: expect.any(String) } });
    if (code === 401) expect(answered.headers['www-authenticate']).toBe(`Keystone uri="${gateway.url}/v3"`);
  });

  it('has the id that keystoneauth tells its user, refused or not', async () => {
    const answers = [await login({ identity: password }), await login({}), await v3('GET', '/regions')];
    expect(answers.map(({ status }) => status)).toEqual([201, 400, 404]);
    for (const { headers } of answers)
      expect(headers['x-openstack-request-id']).toBe(headers['x-compute-request-id']);
  });

  it('is 400 for XML and for no body', async () => {
    for (const body of ['<auth/>', '']) {
      const { status, json } = await login(undefined, { body });
      expect(status).toBe(400);
      expect(json()).toHaveProperty('error.code', 400);
    }
  });
});

describe('a token', () => {
  it('can be looked up, used for a request, and given back', async () => {
    const issued = await login({ identity: password, scope: project });
    const subject = { 'x-subject-token': subjectOf(issued) };
    const checked = await v3('GET', '/auth/tokens', subject);
    expect(checked.status).toBe(200);
    expect(subjectOf(checked)).toBe(subjectOf(issued));
    expect(checked.json()).toEqual(issued.json());
    const headed = await v3('HEAD', '/auth/tokens', subject);
    expect([headed.status, headed.text]).toEqual([200, '']);
    const listed = await ask(`${gateway.url}/ord/v2/700100/servers`, {
      headers: { 'x-auth-token': subjectOf(issued) },
    });
    expect(listed.status).toBe(200);

    const revoked = await v3('DELETE', '/auth/tokens', subject);
    expect([revoked.status, revoked.text]).toEqual([204, '']);
    for (const method of ['GET', 'HEAD', 'DELETE'])
      expect((await v3(method, '/auth/tokens', subject)).status).toBe(404);
    expect((await ask(`${gateway.url}/v2.0/tokens/${subjectOf(issued)}`)).status).toBe(404);
  });

  it('of one version is known to the other', async () => {
    const issued = await login({ identity: password });
    expect((await ask(`${gateway.url}/v2.0/tokens/${subjectOf(issued)}`)).status).toBe(200);
  });

  it('that is none is 404, one that is not named 400', async () => {
    expect((await v3('GET', '/auth/tokens', { 'x-subject-token': 'x' })).json()).toHaveProperty(
      'error.code',
      404,
    );
    expect((await v3('GET', '/auth/tokens')).json()).toHaveProperty('error.code', 400);
  });
});

describe('what clients ask beside', () => {
  it('the catalog and the projects', async () => {
    const token = { 'x-auth-token': subjectOf(await login({ identity: password })) };
    const { catalog } = (await v3('GET', '/auth/catalog', token)).json<{ catalog: { type: string }[] }>();
    expect(catalog.map(({ type }) => type)).toContain('compute');
    for (const path of ['/auth/projects', '/projects']) {
      const { json } = await v3('GET', path, token);
      expect(json<{ projects: object[] }>().projects).toMatchObject([{ id: '700100', enabled: true }]);
    }
    expect((await v3('GET', '/projects/700100')).json()).toHaveProperty('project.name', '700100');
    expect((await v3('GET', '/projects/x')).json()).toHaveProperty('error.code', 404);
  });

  it('the versions there are, v3 before v2.0', async () => {
    const { json } = await ask(`${gateway.url}/`);
    expect(json<{ versions: { values: object[] } }>().versions.values).toMatchObject([
      { id: 'v3.14', status: 'stable', links: [{ rel: 'self', href: `${gateway.url}/v3/` }] },
      { id: 'v2.0', status: 'stable', links: [{ rel: 'self', href: `${gateway.url}/v2.0/` }] },
    ]);
    expect((await v3('GET', '')).json()).toHaveProperty('version.id', 'v3.14');
    const xml = await ask(`${gateway.url}/`, { headers: { accept: 'application/xml' } });
    expect(xml.text).toContain('id="v3.14"');
  });

  it('and nothing else, in the shape of v3', async () => {
    const nothing = await v3('GET', '/users');
    expect([nothing.status, nothing.json()]).toMatchObject([404, { error: { title: 'Not Found' } }]);
    const refused = await v3('PUT', '/auth/tokens');
    expect(refused.status).toBe(405);
    expect(refused.headers.allow).toBe('POST, GET, DELETE, HEAD');
  });
});

it('while the upstream has no token to give, a login is 503 in the shape of v3', async () => {
  const lost = await startStubUpstream();
  await lost.identity.refuse();
  const waiting = await startGateway({ identityUrl: lost.identityUrl, untilReady: false });
  try {
    const { status, json } = await ask(`${waiting.url}/v3/auth/tokens`, {
      method: 'POST',
      body: JSON.stringify({ auth: { identity: password } }),
    });
    expect(status).toBe(503);
    expect(json()).toHaveProperty('error.title', 'Service Unavailable');
  } finally {
    await waiting.close();
    await lost.close();
  }
});
