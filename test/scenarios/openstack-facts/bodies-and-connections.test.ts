import { expect, test } from 'vitest';
import { type Cloud, startCloud } from '../../support/openstack-simulator.ts';
import { overWire } from '../../support/wire.ts';

/** What bodies a Nova 26 takes, and how its connections end: DFW behind eventlet, ORD behind uwsgi; each title is one thing that was seen there. */

const imageId = async (cloud: Cloud) =>
  ((await (await cloud.compute('/images?limit=1')).json()) as { images: { id: string }[] }).images[0]!.id;

const JSON_BODY = { 'content-type': 'application/json' };

test('JSON alone is read: XML is 415, a chunked body is not read, a suffix is part of the id', async () => {
  const cloud = await startCloud();
  const xml = { method: 'POST', body: '<a/>', headers: { 'content-type': 'application/xml' } };
  const refused = await cloud.compute('/servers', xml);
  expect([refused.status, await refused.json()]).toEqual([
    415,
    { badMediaType: { code: 415, message: 'Unsupported Content-Type' } },
  ]);
  const stream = new Blob(['{"server":{}}']).stream();
  const chunked = await cloud.compute('/servers', {
    method: 'POST',
    body: stream,
    duplex: 'half',
  } as RequestInit);
  expect(await chunked.json()).toEqual({
    badRequest: { code: 400, message: "None is not of type 'object'" },
  });
  expect(await (await cloud.compute('/flavors/2.json')).json()).toEqual({
    itemNotFound: { code: 404, message: 'Flavor 2.json could not be found.' },
  });
});

test('a body without a type is JSON; slashes may be doubled before a path; an image is a UUID, a flavor may be a link', async () => {
  const cloud = await startCloud();
  const image = await imageId(cloud);
  const create = async (server: object, headers: Record<string, string>) => {
    const body = Buffer.from(JSON.stringify({ server: { name: 'a', ...server } }));
    return (await cloud.compute('/servers', { method: 'POST', headers, body })).status;
  };
  expect(await create({ imageRef: image, flavorRef: '2' }, {})).toBe(202);
  const flavor = `${cloud.url}/dfw/v2.1/flavors/2`;
  expect(await create({ imageRef: image, flavorRef: flavor }, JSON_BODY)).toBe(202);
  const link = `${cloud.url}/dfw/v2.1/images/${image}`;
  expect(await create({ imageRef: link, flavorRef: '2' }, JSON_BODY)).toBe(400);
  expect((await cloud.ask(`/dfw/v2.1/${cloud.project}//flavors`)).status).toBe(200);
});

test('Accept: application/xml is overlooked, and .xml behind a collection is no route', async () => {
  const cloud = await startCloud();
  const answer = await cloud.compute('/flavors', { headers: { accept: 'application/xml' } });
  expect([answer.status, Object.keys((await answer.json()) as object)]).toEqual([200, ['flavors']]);
  const suffixed = await cloud.compute('/flavors.xml');
  expect([suffixed.status, suffixed.headers.get('content-type')]).toEqual([404, 'text/html; charset=UTF-8']);
});

test.each(['dfw', 'ord'])('a chunked request body is not read by %s: there is none', async (region) => {
  const cloud = await startCloud();
  const head = `POST /${region}/v2.1/servers HTTP/1.1\r\nhost: x\r\nx-auth-token: ${await cloud.token()}\r\n`;
  const body = 'd\r\n{"server":{}}\r\n0\r\n\r\n';
  const { text } = await overWire(
    cloud.url,
    `${head}content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n${body}`,
    /\}\}$/,
  );
  expect(text).toMatch(/^HTTP\/1\.1 400 /);
  expect(text).toContain('{"badRequest":{"code":400,"message":"None is not of type \'object\'"}}');
});

test('the project in the path is hexadecimal, else there is no such path, and the token’s, else 400 with both', async () => {
  const cloud = await startCloud();
  const foreign = await cloud.ask('/dfw/v2.1/xyz/flavors');
  expect([foreign.status, foreign.headers.get('content-type')]).toEqual([404, 'text/html; charset=UTF-8']);
  const other = await cloud.ask('/dfw/v2.1/abc-def/flavors');
  expect([other.status, await other.text()]).toEqual([
    400,
    expect.stringContaining(
      `URL's project_id 'abc-def' doesn't match Context's project_id '${cloud.project}'`,
    ),
  ]);
});

const get = (path: string, token: string, version = '1.1') =>
  `GET ${path} HTTP/${version}\r\nhost: x\r\nx-auth-token: ${token}\r\n\r\n`;

const NO_WORD = /\r\n(?:content-length|transfer-encoding|connection|keep-alive):/i;

test.each(['/ord/v2.1/flavors', '/v3/auth/projects'])(
  'behind uwsgi an answer has no length and ends with its connection, of which nothing is said: %s',
  async (path) => {
    const cloud = await startCloud();
    const { text, ended } = await overWire(cloud.url, get(path, await cloud.token()));
    const [head = '', body = ''] = text.split('\r\n\r\n');
    expect([ended, head]).toEqual([true, expect.stringMatching(/^HTTP\/1\.1 200 /)]);
    expect(head).not.toMatch(NO_WORD);
    expect(JSON.parse(body)).toBeTypeOf('object');
  },
);

test('behind uwsgi a 204 looks as if its connection went on, and what is asked on it next is lost', async () => {
  const cloud = await startCloud();
  const token = await cloud.token();
  const remove = `DELETE /v3/auth/tokens HTTP/1.1\r\nhost: x\r\nx-auth-token: ${token}\r\nx-subject-token: ${await cloud.token()}\r\n\r\n`;
  const { text, ended } = await overWire(cloud.url, remove + get('/v3/auth/projects', token));
  expect([ended, text]).toEqual([true, expect.stringMatching(/^HTTP\/1\.1 204 /)]);
  expect(text).not.toMatch(NO_WORD);
  expect(text.match(/HTTP\//g)).toHaveLength(1);
});

test('behind uwsgi a cut answer is told from a whole one by its document alone', async () => {
  const cloud = await startCloud({
    chaos: { enabled: true, rules: [{ service: 'compute', region: 'ORD', effect: 'truncate' }] },
  });
  const answer = await cloud.ask('/ord/v2.1/flavors');
  const text = await answer.text();
  expect(answer.status).toBe(200);
  expect(text).toMatch(/^\{"flavors":/);
  expect(() => JSON.parse(text) as unknown).toThrow(SyntaxError);
});

test('behind eventlet a connection goes on, which goes without saying', async () => {
  const cloud = await startCloud();
  const once = get('/dfw/v2.1/flavors/2', await cloud.token());
  const { text, ended } = await overWire(cloud.url, once + once, /HTTP\/[\s\S]*HTTP\/[\s\S]*\}\}$/);
  expect([ended, text.match(/HTTP\/1\.1 200 /g)?.length]).toEqual([false, 2]);
  expect(text).not.toMatch(/\r\n(?:connection|keep-alive):/i);
});

test('behind eventlet Expect: 100-continue is answered before the body is sent', async () => {
  const cloud = await startCloud();
  const head = `POST /dfw/v2.1/servers HTTP/1.1\r\nhost: x\r\nx-auth-token: ${await cloud.token()}\r\n`;
  const { text } = await overWire(
    cloud.url,
    `${head}expect: 100-continue\r\ncontent-length: 20\r\n\r\n`,
    /\r\n\r\n/,
  );
  expect(text).toBe('HTTP/1.1 100 Continue\r\n\r\n');
});

test('behind eventlet HTTP/1.0 is answered in 1.1, with Connection: close', async () => {
  const cloud = await startCloud();
  const { text, ended } = await overWire(cloud.url, get('/dfw/v2.1/flavors/2', await cloud.token(), '1.0'));
  expect([ended, text]).toEqual([true, expect.stringMatching(/^HTTP\/1\.1 200 /)]);
  expect(text).toMatch(/\r\nconnection: close\r\n/i);
});

test('behind eventlet a line of 8 KiB is 414, a field of 16 KiB 400, both in HTTP/1.0 and empty', async () => {
  const cloud = await startCloud();
  const token = await cloud.token();
  const asked = async (query: number, field: number) => {
    const { text, ended } = await overWire(
      cloud.url,
      `GET /dfw/v2.1/flavors?${'q'.repeat(query)} HTTP/1.1\r\nhost: x\r\nx-auth-token: ${token}\r\nx-f: ${'f'.repeat(field)}\r\nconnection: close\r\n\r\n`,
    );
    expect(ended).toBe(true);
    return text;
  };
  const rest = 'Connection: close\r\nContent-length: 0\r\n\r\n';
  const line = `GET /dfw/v2.1/flavors? HTTP/1.1\r\n`.length;
  expect(await asked(8192 - line, 1)).toBe(`HTTP/1.0 414 Request URI Too Long\r\n${rest}`);
  expect(await asked(1, 16_384 - 'x-f: \r\n'.length)).toBe(`HTTP/1.0 400 Header Line Too Long\r\n${rest}`);
  expect(await asked(8191 - line, 16_383 - 'x-f: \r\n'.length)).toMatch(/^HTTP\/1\.1 200 /);
});
