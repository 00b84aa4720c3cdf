import { expect, test } from 'vitest';
import { ask as askPlainly } from '../../support/ask.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { type Cloud, type Front, startCloud, startFront } from '../../support/openstack-simulator.ts';
import { scenario } from '../../support/scenario.ts';
import { type Answer, closeEnded, json, raw } from '../../support/stub-answers.ts';

/** Bodies and connections of a Nova 26, as Sluice's callers need not know them. */

async function front(): Promise<{ cloud: Cloud } & Front> {
  const cloud = await startCloud();
  return { cloud, ...(await startFront(cloud)) };
}

const JSON_BODY = { 'content-type': 'application/json' };

const imageId = async ({ compute }: Front) =>
  (await compute('/images')).json<{ images: { id: string }[] }>().images[0]!.id;

const REGIONS = ['dfw', 'ord'];

test.each(REGIONS)(
  'a chunked body goes up to %s with its length, on paths of the guide and others',
  async (region) => {
    const { cloud, ask, compute, gateway } = await front();
    const imageRef = await imageId({ gateway, ask, compute });
    const bodies = {
      '/servers': { server: { name: 'a', imageRef, flavorRef: '2' } },
      '/os-keypairs': { keypair: { name: 'k' } },
    };
    for (const [path, body] of Object.entries(bodies)) {
      const answer = await ask(`/${region}/v2.1/${cloud.project}${path}`, {
        method: 'POST',
        headers: JSON_BODY,
        body: JSON.stringify(
          region === 'ord' && path === '/servers'
            ? { server: { ...bodies['/servers'].server, imageRef: await ordImage(ask, cloud) } }
            : body,
        ),
        chunked: true,
      });
      expect([path, answer.status]).toEqual([path, path === '/servers' ? 202 : 200]);
      const { incoming } = cloud.arrived(region.toUpperCase()).at(-1)!;
      expect([incoming.headers['transfer-encoding'], incoming.body.kind]).toEqual([undefined, 'bytes']);
    }
  },
);

const ordImage = async (ask: Front['ask'], cloud: Cloud) =>
  (await ask(`/ord/v2.1/${cloud.project}/images`)).json<{ images: { id: string }[] }>().images[0]!.id;

test('callers of XML keep XML, by Accept and by suffix, of a Nova that has JSON alone', async () => {
  const scene = await front();
  const { compute } = scene;
  for (const answer of [
    await compute('/flavors/2', { headers: { accept: 'application/xml' } }),
    await compute('/flavors/2.xml'),
  ])
    expect([answer.status, answer.text]).toEqual([200, expect.stringMatching(/^<\?xml[\s\S]*<flavor /)]);
  expect((await compute('/flavors.json')).json()).toHaveProperty('flavors');
  const body = `<server xmlns="http://docs.openstack.org/compute/api/v1.1" name="a" imageRef="${await imageId(scene)}" flavorRef="2"/>`;
  const headers = { 'content-type': 'application/xml', accept: 'application/xml' };
  const created = await compute('/servers', { method: 'POST', headers, body });
  expect([created.status, created.text]).toEqual([202, expect.stringMatching(/<server [^>]*adminPass=/)]);
});

test('images and flavors may be named by links of Sluice, which Nova would refuse', async () => {
  const scene = await front();
  const { compute, gateway, cloud } = scene;
  const base = `${gateway.url}/dfw/v2.1/${cloud.project}`;
  const server = {
    name: 'a',
    imageRef: `${base}/images/${await imageId(scene)}`,
    flavorRef: `${base}/flavors/2`,
  };
  const created = await compute('/servers', {
    method: 'POST',
    headers: JSON_BODY,
    body: JSON.stringify({ server }),
  });
  expect(created.status).toBe(202);
});

test('HEAD, a slash at the end and doubled slashes are served, where Nova has the document', async () => {
  const { compute, ask, cloud } = await front();
  expect((await compute('/flavors', { method: 'HEAD' })).status).toBe(200);
  expect((await compute('/flavors/')).status).toBe(200);
  expect((await ask(`/dfw/v2.1/${cloud.project}//flavors`)).status).toBe(200);
});

test('after a 204 of a connection that ends, nothing that follows is lost', async () => {
  const scene = await front();
  const { ask, cloud } = scene;
  const base = `/ord/v2.1/${cloud.project}`;
  const post = (path: string, body: object, method = 'POST') =>
    ask(base + path, { method, headers: JSON_BODY, body: JSON.stringify(body) });
  const server = { name: 'a', imageRef: await ordImage(ask, cloud), flavorRef: '2' };
  const { server: made } = (await post('/servers', { server })).json<{ server: { id: string } }>();
  cloud.simulator.control.advance(60_000);
  const statuses = [];
  for (let round = 0; round < 10; round++) {
    statuses.push((await post(`/servers/${made.id}/metadata/a`, { meta: { a: '1' } }, 'PUT')).status);
    statuses.push((await ask(`${base}/servers/${made.id}/metadata/a`, { method: 'DELETE' })).status);
    statuses.push((await post(`/servers/${made.id}/metadata`, { metadata: { b: String(round) } })).status);
  }
  expect(statuses).toEqual(Array.from({ length: 10 }, () => [200, 204, 200]).flat());
});

test('an answer that ends with its connection goes down with its length, on one that stays', async () => {
  const { ask, cloud } = await front();
  const answer = await ask(`/ord/v2.1/${cloud.project}/flavors`);
  expect(answer.headers['content-length']).toBe(String(Buffer.byteLength(answer.text)));
});

test.each(['/flavors', '/os-keypairs'])(
  'a cut answer without a length is asked for again, and never goes down as a whole one: %s',
  async (path) => {
    const once = { service: 'compute', region: 'ORD', effect: 'truncate', times: 1 } as const;
    const cloud = await startCloud({ chaos: { enabled: true, rules: [once] } }, new FakeClock(Date.now()));
    const { ask } = await startFront(cloud, {}, { standstill: false });
    const asked = () => ask(`/ord/v2.1/${cloud.project}${path}`);
    const answer = await asked();
    expect([answer.status, Object.keys(answer.json())]).toEqual([200, [path.replace(/.*[/-]/, '')]]);
    cloud.simulator.control.chaos.add({ service: 'compute', region: 'ORD', effect: 'truncate' });
    const lasting = await ask(`/ord/v2.1/${cloud.project}${path}?limit=1`);
    expect([lasting.status, Object.keys(lasting.json())]).toEqual([503, ['serviceUnavailable']]);
  },
);

test('a line that Sluice takes and Nova does not is Nova’s 414', async () => {
  const { ask, cloud } = await front();
  for (const path of ['/servers', '/os-keypairs']) {
    const below = `/dfw/v2.1/${cloud.project}${path}?name=`;
    const answer = await ask(below + 'x'.repeat(8190 - below.length));
    expect([path, answer.status]).toEqual([path, 414]);
    expect(cloud.arrived('DFW').at(-1)!.status).toBe(414);
  }
});

const { it, dfw, gateway } = scenario('test', {});

/** An answer without a body whose connection is reset by what is sent on it next. */
const deadAfter =
  (line: string): Answer =>
  (exchange) => {
    const socket = exchange.takeOver();
    socket.write(`HTTP/1.1 ${line}\r\n\r\n`);
    socket.once('data', () => socket.resetAndDestroy());
  };

it.each([
  ['DELETE', '/servers/1', '204 No Content'],
  ['DELETE', '/os-keypairs/k', '204 No Content'],
  ['HEAD', '/os-keypairs/k', '404 Not Found'],
])(
  'a server that ends connections is known by its answers, and nothing follows one without a body: %s %s',
  async (method, path, line) => {
    const base = `${gateway.url}/dfw/v2/700100`;
    dfw.on('GET /flavors', closeEnded({ flavors: [] }));
    dfw.on(`${method} ${path}`, deadAfter(line));
    dfw.on('POST /os-keypairs', json({ keypair: { name: 'k' } }));
    await askPlainly(`${base}/flavors`);
    expect((await askPlainly(base + path, { method })).status).toBe(Number(line.slice(0, 3)));
    const made = { method: 'POST', headers: JSON_BODY, body: '{"keypair":{"name":"k"}}' };
    expect((await askPlainly(`${base}/os-keypairs`, made)).status).toBe(200);
    expect(dfw.count('POST /os-keypairs')).toBe(1);
  },
);

it.each([
  ['HTTP/1.0 414 Request URI Too Long', 414],
  ['HTTP/1.0 400 Header Line Too Long', 400],
])('an empty refusal in HTTP/1.0 is a fault for callers, in their format: %s', async (line, status) => {
  dfw.on('GET /flavors', raw(`${line}\r\nConnection: close\r\nContent-length: 0\r\n\r\n`));
  dfw.on('GET /os-keypairs', raw(`${line}\r\nConnection: close\r\nContent-length: 0\r\n\r\n`));
  for (const path of ['flavors', 'os-keypairs']) {
    const answer = await askPlainly(`${gateway.url}/dfw/v2/700100/${path}`);
    expect([path, answer.status]).toEqual([path, status]);
  }
  const xml = await askPlainly(`${gateway.url}/dfw/v2/700100/flavors`, {
    headers: { accept: 'application/xml' },
  });
  expect([xml.status, xml.text]).toEqual([status, expect.stringMatching(/^<\?xml[\s\S]*<message>/)]);
});

it('a line that Nova would not read is refused before it, as a fault that says so', async () => {
  const answer = await askPlainly(`${gateway.url}/dfw/v2/700100/flavors?name=${'x'.repeat(9000)}`);
  expect([answer.status, answer.text]).toEqual([414, expect.stringContaining('maxTargetBytes')]);
  expect(dfw.count('GET /flavors')).toBe(0);
});
