import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { connectRaw } from '../support/raw-connection.ts';
import type { Answer } from '../support/stub-answers.ts';
import type { StubRegion } from '../support/stub-region.ts';
import { type StubUpstream, startStubUpstream } from '../support/stub-upstream.ts';

let upstream: StubUpstream;
let gateway: TestGateway;
let dfw: StubRegion;

beforeAll(async () => {
  upstream = await startStubUpstream();
  dfw = upstream.region('DFW');
  gateway = await startGateway({ identityUrl: upstream.identityUrl });
});

afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

/** UTF-8 as it stands in a field, and bytes that are no UTF-8, each a character as the tests read and write bytes. */
const values = {
  'UTF-8': Buffer.from('größe-日本-\u{1f600}').toString('latin1'),
  'ISO 8859-1': 'gr\xf6\xdfe-\xff',
};

/** Answers with these header bytes. */
const answer =
  (status: number, value: string, body: string): Answer =>
  ({ takeOver }) => {
    const head = `HTTP/1.1 ${status} Scripted\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n`;
    takeOver().end(`${head}X-OpenStack-Nova-Note: ${value}\r\nConnection: close\r\n\r\n${body}`, 'latin1');
  };

describe.each(Object.entries(values))('a field of %s', (_what, value) => {
  it.each([
    ['an operation', '/servers', 200, '{"servers":[]}'],
    ['a fault', '/servers/1', 404, '{"itemNotFound":{"code":404,"message":"none"}}'],
    ['what goes through', '/os-keypairs', 200, '{"keypairs":[]}'],
  ])('comes down byte for byte with %s', async (_kind, path, status, body) => {
    dfw.on(`GET ${path}`, answer(status, value, body));
    const caller = await connectRaw(gateway.url);
    const answered = await caller.ask(`/dfw/v2/700100${path}`);
    expect(answered.status).toBe(status);
    expect(answered.field('x-openstack-nova-note')).toBe(value);
    caller.close();
  });

  it('comes down byte for byte out of the cache', async () => {
    const body = '{"flavors":[]}';
    const head = `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n`;
    dfw.on('GET /flavors', ({ takeOver }) => {
      takeOver().end(`${head}OpenStack-API-Version: ${value}\r\nConnection: close\r\n\r\n${body}`, 'latin1');
    });
    const caller = await connectRaw(gateway.url);
    // Read by Node, then from the bytes that came in.
    const fields = { 'OpenStack-API-Version': value, 'Cache-Control': 'no-cache' };
    await caller.ask('/dfw/v2/700100/flavors', fields);
    for (const more of [{ Accept: 'application/json', Range: 'bytes=0-' }, {}]) {
      const hit = await caller.ask('/dfw/v2/700100/flavors', { 'OpenStack-API-Version': value, ...more });
      expect(hit.field('x-cache')).toBe('HIT');
      expect(hit.field('openstack-api-version')).toBe(value);
    }
    caller.close();
  });

  it.each(['/servers', '/os-keypairs'])('goes up byte for byte to %s', async (path) => {
    dfw.forget();
    dfw.on(`GET ${path}`, ({ response }) => void response.end('{"servers":[]}'));
    const caller = await connectRaw(gateway.url);
    const answered = await caller.ask(`/dfw/v2/700100${path}`, { 'X-OpenStack-Request-Id': value });
    expect(answered.status).toBe(200);
    expect(dfw.requests(`GET ${path}`)[0]?.headers['x-openstack-request-id']).toBe(value);
    caller.close();
  });
});
