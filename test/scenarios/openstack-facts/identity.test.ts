import { request as httpRequest } from 'node:http';
import { expect, test } from 'vitest';
import { startCloud } from '../../support/openstack-simulator.ts';

/** What a Keystone 22 answers on the wire; each title is one thing that was seen there. */

const JSON_BODY = { 'content-type': 'application/json' };

test('Keystone’s root is 300 with v3 alone, /v3 is 200, and v2.0 is a page that is not found', async () => {
  const { url } = await startCloud();
  const root = await fetch(`${url}/`);
  expect(root.status).toBe(300);
  expect(root.headers.get('location')).toBe(`${url}/v3/`);
  expect(await root.json()).toMatchObject({ versions: { values: [{ id: 'v3.14', status: 'stable' }] } });
  expect((await fetch(`${url}/v3`)).status).toBe(200);
  const old = await fetch(`${url}/v2.0/tokens`, { method: 'POST', body: '{}' });
  expect([old.status, old.headers.get('content-type')]).toEqual([404, 'text/html; charset=utf-8']);
});

test('a login is 201, its token in X-Subject-Token, its end in microseconds, its catalog by service', async () => {
  const cloud = await startCloud();
  const response = await cloud.login();
  expect(response.status).toBe(201);
  expect(response.headers.get('x-subject-token')).toHaveLength(183);
  expect(response.headers.get('vary')).toBe('X-Auth-Token');
  const { token } = (await response.json()) as {
    token: Record<string, unknown> & { catalog: CatalogEntry[] };
  };
  expect(token).toMatchObject({
    methods: ['password'],
    user: { name: 'demo', domain: { id: 'default', name: 'Default' } },
    project: { name: 'demo' },
    expires_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/),
  });
  expect(JSON.stringify(token)).not.toContain(response.headers.get('x-subject-token'));
  const compute = token.catalog.find(({ type }) => type === 'compute')!;
  expect(compute.endpoints.map((endpoint) => `${endpoint.region_id} ${endpoint.interface}`).sort()).toEqual(
    ['DFW', 'ORD'].flatMap((region) => ['admin', 'internal', 'public'].map((face) => `${region} ${face}`)),
  );
  expect(compute.endpoints[0]!.url).toMatch(/\/v2\.1\/[0-9a-f]{32}$/);
});

interface CatalogEntry {
  type: string;
  endpoints: { interface: string; region_id: string; url: string }[];
}

test('a project by name and domain, another by id, none, and one that is somebody else’s', async () => {
  const cloud = await startCloud();
  const projectOf = async (scope: unknown) => {
    const response = await cloud.login(undefined, scope);
    const { token } = (await response.json()) as {
      token?: { project?: { name: string }; catalog?: unknown };
    };
    return [response.status, token?.project?.name, token?.catalog === undefined];
  };
  expect(await projectOf({ project: { name: 'demo-second', domain: { name: 'Default' } } })).toEqual([
    201,
    'demo-second',
    false,
  ]);
  expect(await projectOf({ project: { id: cloud.project } })).toEqual([201, 'demo', false]);
  expect(await projectOf('unscoped')).toEqual([201, undefined, true]);
  expect(await projectOf(undefined)).toEqual([201, 'demo', false]);
  for (const scope of [
    { name: 'alt', domain: { id: 'default' } },
    { name: 'demo', domain: { name: 'Elsewhere' } },
  ])
    expect(await projectOf({ project: scope })).toEqual([401, undefined, true]);
});

test('an application credential is for one project and says so; a wrong secret is 401 in Keystone’s shape', async () => {
  const cloud = await startCloud();
  const login = (secret: string) =>
    cloud.login({
      methods: ['application_credential'],
      application_credential: { id: 'c0ffee00c0ffee00c0ffee00c0ffee00', secret },
    });
  expect(await (await login('demo-secret-for-the-simulator-only')).json()).toMatchObject({
    token: { methods: ['application_credential'], application_credential: { restricted: true } },
  });
  const refused = await login('wrong');
  expect(refused.headers.get('www-authenticate')).toBe(`Keystone uri="${cloud.url}/v3"`);
  expect([refused.status, await refused.json()]).toEqual([
    401,
    {
      error: {
        code: 401,
        message: 'The request you have made requires authentication.',
        title: 'Unauthorized',
      },
    },
  ]);
});

test('a token is validated 200, unknown 404, revoked 204, and then no good', async () => {
  const cloud = await startCloud();
  const token = await cloud.token();
  const subject = (method: string, id: string) =>
    fetch(`${cloud.url}/v3/auth/tokens`, {
      method,
      headers: { 'x-auth-token': token, 'x-subject-token': id },
    });
  const statuses = [];
  for (const [method, id] of [
    ['GET', token],
    ['HEAD', token],
    ['GET', 'x'],
    ['DELETE', token],
    ['GET', token],
  ] as const)
    statuses.push((await subject(method, id)).status);
  expect(statuses).toEqual([200, 200, 404, 204, 401]);
});

test('?nocatalog leaves the catalog out of a login, and /v3/auth/catalog and /v3/auth/projects tell of it later', async () => {
  const cloud = await startCloud();
  const login = await fetch(`${cloud.url}/v3/auth/tokens?nocatalog`, {
    method: 'POST',
    headers: JSON_BODY,
    body: JSON.stringify({ auth: { identity: cloud.identity } }),
  });
  const { token } = (await login.json()) as { token: object };
  expect([login.status, 'catalog' in token, 'project' in token]).toEqual([201, false, true]);
  const catalog = (await (await cloud.ask('/v3/auth/catalog')).json()) as { catalog: { type: string }[] };
  expect(catalog.catalog.map(({ type }) => type)).toEqual(
    expect.arrayContaining(['compute', 'image', 'network', 'identity']),
  );
  const projects = (await (await cloud.ask('/v3/auth/projects')).json()) as { projects: { name: string }[] };
  expect(projects.projects.map(({ name }) => name)).toContain('demo');
});

test('a login that is malformed, XML or chunked is 400 in Keystone’s shape', async () => {
  const { url } = await startCloud();
  const refused = async (headers: Record<string, string>, body: string) => {
    const answer = await fetch(`${url}/v3/auth/tokens`, { method: 'POST', headers, body });
    return [answer.status, await answer.json()];
  };
  const shape = { error: { code: 400, title: 'Bad Request', message: expect.any(String) } };
  expect(await refused(JSON_BODY, '{"auth":{}}')).toEqual([400, shape]);
  expect(await refused(JSON_BODY, '{"auth":')).toEqual([400, shape]);
  expect(await refused({ 'content-type': 'application/xml' }, '<auth/>')).toEqual([400, shape]);
  const chunked = await new Promise<string>((resolve, reject) => {
    const request = httpRequest(`${url}/v3/auth/tokens`, { method: 'POST', headers: JSON_BODY }, (answer) => {
      let text = `${answer.statusCode} `;
      answer.on('data', (chunk) => (text += chunk));
      answer.on('end', () => resolve(text));
    });
    request.on('error', reject);
    request.write('{"auth":');
    request.end('{}}');
  });
  expect(chunked).toMatch(/^400 .*Expecting to find auth in request body/);
});
