import { expect, test } from 'vitest';
import { DEMO_USER } from '../../src/simulator/config.ts';
import { faultOf, startSimulator } from '../unit/simulator/running-simulator.ts';

const xmlHeaders = { accept: 'application/xml', 'content-type': 'application/xml' };

test('answers XML when the suffix or Accept asks for it, and the suffix wins', async () => {
  const { ask } = await (await startSimulator()).session();
  for (const [path, accept] of [
    ['/flavors', 'application/xml'],
    ['/flavors.xml', 'application/json'],
    ['/flavors/.xml', '*/*'],
  ] as const) {
    const response = await ask(path, { headers: { accept } });
    expect(response.headers.get('content-type')).toBe('application/xml');
    expect(await response.text()).toContain('<flavors');
  }
  const json = await ask('/flavors.json', { headers: { accept: 'application/xml' } });
  expect(json.headers.get('content-type')).toBe('application/json');
});

test('a server is created with an XML body and read as JSON', async () => {
  const { ask } = await (await startSimulator()).session();
  const { images } = (await (await ask('/images')).json()) as { images: { id: string }[] };
  const body = `<server xmlns="http://docs.openstack.org/compute/api/v1.1" name="by-xml" imageRef="${images[0]!.id}" flavorRef="3"/>`;
  const created = await ask('/servers', { method: 'POST', body, headers: xmlHeaders });
  expect(created.status).toBe(202);
  const id = /<server [^>]*\bid="([^"]+)"/.exec(await created.text())?.[1];
  const read = (await (await ask(`/servers/${id}`)).json()) as {
    server: { name: string; flavor: { id: string } };
  };
  expect(read.server).toMatchObject({ name: 'by-xml', flavor: { id: '3' } });
});

test('an action is asked for in XML', async () => {
  const { ask } = await (await startSimulator({ timing: { buildSeconds: 0 } })).session();
  const { images } = (await (await ask('/images')).json()) as { images: { id: string }[] };
  const server = { name: 'one', imageRef: images[0]!.id, flavorRef: '2' };
  const created = await ask('/servers', { method: 'POST', body: JSON.stringify({ server }) });
  const { id } = ((await created.json()) as { server: { id: string } }).server;
  const body = '<reboot xmlns="http://docs.openstack.org/compute/api/v1.1" type="SOFT"/>';
  expect((await ask(`/servers/${id}/action`, { method: 'POST', body, headers: xmlHeaders })).status).toBe(
    202,
  );
});

test('faults come in the caller’s format', async () => {
  const { ask } = await (await startSimulator()).session();
  const response = await ask('/servers/none.xml');
  expect(response.status).toBe(404);
  expect(response.headers.get('content-type')).toBe('application/xml');
  expect(await response.text()).toMatch(/<itemNotFound [^>]*code="404"/);
});

test('logs in with XML and answers it in XML', async () => {
  const { identityUrl } = await startSimulator();
  const body = `<auth xmlns="http://docs.openstack.org/identity/api/v2.0"><passwordCredentials username="${DEMO_USER.username}" password="${DEMO_USER.password}"/></auth>`;
  const response = await fetch(`${identityUrl}/tokens`, { method: 'POST', body, headers: xmlHeaders });
  expect(response.status).toBe(200);
  expect(await response.text()).toMatch(/<access [\s\S]*<token [^>]*id="[0-9a-f]{32}"/);
  const wrong = await fetch(`${identityUrl}/tokens`, {
    method: 'POST',
    body: body.replace(DEMO_USER.password, 'wrong'),
    headers: xmlHeaders,
  });
  expect(wrong.status).toBe(401);
  expect(await wrong.text()).toContain('http://docs.openstack.org/identity/api/v2.0');
});

test.each([
  ['malformed JSON', { 'content-type': 'application/json' }, '{"server": ', 400, 'badRequest'],
  ['malformed XML', { 'content-type': 'application/xml' }, '<server', 400, 'badRequest'],
  [
    'a document type',
    { 'content-type': 'application/xml' },
    '<!DOCTYPE server><server name="x"/>',
    400,
    'badRequest',
  ],
  ['another media type', { 'content-type': 'text/csv' }, 'a,b', 415, 'badMediaType'],
  [
    'too much',
    { 'content-type': 'application/json' },
    JSON.stringify({ server: 'x'.repeat(120_000) }),
    413,
    'overLimit',
  ],
])('refuses %s in a body', async (_, headers, body, status, fault) => {
  const { ask } = await (await startSimulator()).session();
  const response = await ask('/servers', { method: 'POST', headers, body });
  expect(response.status).toBe(status);
  expect(response.headers.get('retry-after')).toBeNull();
  expect(await faultOf(response)).toBe(fault);
});

test('a caller that takes neither format is told so', async () => {
  const { ask } = await (await startSimulator()).session();
  expect((await ask('/flavors', { headers: { accept: 'text/csv' } })).status).toBe(406);
});

test('a body sent chunked is not read, at a region and at identity, unless the switch says so', async () => {
  const stream = (text: string) => ({
    body: new Blob([text]).stream(),
    duplex: 'half' as const,
    method: 'POST',
  });
  const auth = { passwordCredentials: { username: DEMO_USER.username, password: DEMO_USER.password } };
  const chunkedLogin = (identityUrl: string) =>
    fetch(`${identityUrl}/tokens`, {
      ...stream(JSON.stringify({ auth })),
      headers: { 'content-type': 'application/json' },
    } as RequestInit);
  const strict = await startSimulator();
  expect((await chunkedLogin(strict.identityUrl)).status).toBe(400);
  const { ask } = await strict.session();
  const response = await ask('/servers', stream('{"server":{}}'));
  expect(response.status).toBe(400);
  expect(((await response.json()) as { badRequest: { message: string } }).badRequest.message).toContain(
    'chunked',
  );
  const lenient = await startSimulator({ chunkedBodies: 'read' });
  expect((await chunkedLogin(lenient.identityUrl)).status).toBe(200);
});

test('an empty body with a JSON content type is legal on GET and DELETE', async () => {
  const { ask } = await (await startSimulator()).session();
  const headers = { 'content-type': 'application/json' };
  expect((await ask('/flavors', { headers })).status).toBe(200);
  expect((await ask('/servers/none', { method: 'DELETE', headers })).status).toBe(404);
});

test('HEAD has the headers of GET and no body', async () => {
  const { ask } = await (await startSimulator()).session();
  const response = await ask('/flavors', { method: 'HEAD' });
  expect(response.status).toBe(200);
  expect(Number(response.headers.get('content-length'))).toBeGreaterThan(100);
  expect(await response.text()).toBe('');
});
