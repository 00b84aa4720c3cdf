import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { type Cloud, startCloud } from '../../support/openstack-simulator.ts';

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

test('ORD ends every answer with its connection, without a length or a word about it', async () => {
  const cloud = await startCloud();
  const [token, { port }] = [await cloud.token(), new URL(cloud.url)];
  const exchange = async (region: string, path: string) => {
    const socket = connect(Number(port), '127.0.0.1');
    const end = once(socket, 'end').then(() => true);
    let got = '';
    socket.setEncoding('latin1').on('data', (text: string) => {
      got += text;
    });
    socket.write(`GET /${region}/v2.1${path} HTTP/1.1\r\nhost: x\r\nx-auth-token: ${token}\r\n\r\n`);
    await expect.poll(() => got).toMatch(/flavors/);
    // The one that goes on answers again on the same connection.
    if (region === 'dfw') socket.end();
    expect(await end).toBe(true);
    return got.slice(0, got.indexOf('\r\n\r\n')).toLowerCase();
  };
  const closing = await exchange('ord', '/flavors');
  expect(closing).toMatch(/^http\/1\.1 200 /);
  expect(closing).not.toMatch(/\r\n(?:content-length|transfer-encoding|connection|keep-alive):/);
  expect(await exchange('dfw', '/flavors')).toMatch(/\r\ncontent-length:/);
});
