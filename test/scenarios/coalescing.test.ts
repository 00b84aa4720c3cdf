import { connect, type Socket } from 'node:net';
import { expect } from 'vitest';
import { type Answered, ask } from '../support/ask.ts';
import { startGateway } from '../support/gateway.ts';
import { scenario } from '../support/scenario.ts';
import { fault, hang } from '../support/stub-answers.ts';
import { publishedAs, type StubLimit } from '../support/stub-rates.ts';

const { it, upstream, gateway, dfw } = scenario('test', { settings: { upstream: { retries: 0 } } });

const DETAIL = '/dfw/v2/700100/flavors/detail';
const detail = (suffix = '') => `${gateway.url}${DETAIL}${suffix}`;

/**
 * A caller that has certainly joined the fetch of /flavors/detail once this resolves: behind that request the same
 * connection carries one for /images/detail, and the gateway reads a connection's requests in their order.
 */
async function boarded(): Promise<{ socket: Socket; text: Promise<string> }> {
  const mark = dfw.hold('GET /images/detail');
  const { hostname, port } = new URL(gateway.url);
  const socket = connect(Number(port), hostname);
  const host = `Host: ${hostname}:${port}\r\n`;
  const text = new Promise<string>((resolve) => {
    let all = '';
    socket.on('data', (chunk: Buffer) => {
      all += chunk.toString();
    });
    socket.on('close', () => resolve(all));
    socket.on('error', () => {});
  });
  const images = '/dfw/v2/700100/images/detail';
  socket.write(
    `GET ${DETAIL} HTTP/1.1\r\n${host}\r\nGET ${images} HTTP/1.1\r\n${host}Connection: close\r\n\r\n`,
  );
  await mark.arrived(1);
  mark.open();
  return { socket, text };
}

it('200 concurrent requests for a cold /flavors/detail, in both formats: exactly one reaches the upstream', async () => {
  const gate = dfw.hold('GET /flavors/detail');
  const asked: Promise<Answered>[] = [];
  for (let at = 0; at < 200; at++) asked.push(ask(detail(at % 2 === 0 ? '' : '.xml')));
  await gate.arrived(1);
  gate.open();
  const answers = await Promise.all(asked);
  expect(answers.map(({ status }) => status)).toEqual(Array(200).fill(200));
  expect(dfw.count('GET /flavors/detail')).toBe(1);
  const texts = (odd: number) => new Set(answers.filter((_, at) => at % 2 === odd).map(({ text }) => text));
  expect(texts(0).size).toBe(1);
  expect(texts(1).size).toBe(1);
  expect(answers[1]!.headers['content-type']).toContain('application/xml');
  const verdicts = answers.map(({ headers }) => String(headers['x-cache']));
  expect(verdicts.filter((verdict) => verdict === 'MISS')).toHaveLength(1);
  for (const { headers } of answers)
    expect(headers['cache-status']).toMatch(
      {
        MISS: /^sluice; fwd=uri-miss; fwd-status=200; stored; ttl=\d+$/,
        COALESCED: /^sluice; fwd=uri-miss; fwd-status=200; stored; ttl=\d+; collapsed$/,
        HIT: /^sluice; hit; ttl=\d+$/,
      }[headers['x-cache'] as 'MISS' | 'COALESCED' | 'HIT'],
    );
});

it("an upstream's fault is shared by all who wait and not kept for the next caller", async () => {
  dfw.on('GET /flavors/detail', fault('computeFault', 500, 'The stub is out of order.'));
  const gate = dfw.hold('GET /flavors/detail');
  const leader = ask(detail());
  await gate.arrived(1);
  const follower = await boarded();
  gate.open();
  expect((await leader).status).toBe(500);
  expect((await leader).headers['x-cache']).toBe('MISS');
  const text = await follower.text;
  expect(text).toMatch(/^HTTP\/1.1 500 /);
  expect(text).toContain('The stub is out of order.');
  expect(text).toContain('X-Cache: COALESCED');
  expect(dfw.count('GET /flavors/detail')).toBe(1);
  dfw.off('GET /flavors/detail');
  const next = await ask(detail());
  expect(next.status).toBe(200);
  expect(next.headers['x-cache']).toBe('MISS');
});

it('the first caller leaves: the others still get the answer of the one request', async () => {
  const gate = dfw.hold('GET /flavors/detail');
  const leaving = new AbortController();
  const leader = ask(detail(), { signal: leaving.signal });
  await gate.arrived(1);
  const follower = await boarded();
  leaving.abort();
  await expect(leader).rejects.toThrow();
  gate.open();
  const text = await follower.text;
  expect(text).toMatch(/^HTTP\/1.1 200 /);
  expect(dfw.count('GET /flavors/detail')).toBe(1);
});

it('the last caller leaves: the request at the upstream is given up', async () => {
  dfw.on('GET /flavors/detail', hang);
  const gate = dfw.hold('GET /flavors/detail');
  const leaving = new AbortController();
  const caller = ask(detail(), { signal: leaving.signal });
  await gate.arrived(1);
  leaving.abort();
  await expect(caller).rejects.toThrow();
  const [request] = dfw.requests('GET /flavors/detail');
  await request!.closed;
  expect(request!.aborted).toBe(true);
  gate.open();
  dfw.off('GET /flavors/detail');
  expect((await ask(detail())).status).toBe(200);
});

it('an impatient first caller does not cost a patient one its answer', async () => {
  const limits: StubLimit[] = [{ verb: 'GET', uri: '*', value: 2, unit: 'SECOND' }];
  dfw.publish(publishedAs(limits));
  const limited = await startGateway({ identityUrl: upstream.identityUrl });
  try {
    const url = `${limited.url}/dfw/v2/700100`;
    const { json } = await ask(`${url}/limits`);
    expect(json()).toMatchObject({ limits: { rate: [{ uri: '*', limit: [{ value: 2 }] }] } });
    await Promise.all([ask(`${url}/servers`), ask(`${url}/servers`)]);
    const asked = Array.from({ length: 12 }, (_, at) =>
      ask(`${url}/flavors/detail`, { headers: at % 2 === 0 ? { 'x-sluice-max-wait': '0' } : {} }),
    );
    const answers = await Promise.all(asked);
    expect(answers.filter((_, at) => at % 2 === 1).map(({ status }) => status)).toEqual(Array(6).fill(200));
  } finally {
    await limited.close();
  }
});
