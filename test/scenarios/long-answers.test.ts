import { request } from 'node:http';
import { XMLParser } from 'fast-xml-parser';
import { beforeEach, describe, expect } from 'vitest';
import { createGate } from '../support/gate.ts';
import { connectRaw } from '../support/raw-connection.ts';
import { scenario } from '../support/scenario.ts';
import { type Answer, json } from '../support/stub-answers.ts';

/**
 * While what is longest is dealt with, others are answered: counted in their answers, not in time. A step that is not cut
 * leaves room for one or two.
 */

const { it, gateway, dfw } = scenario('test', { settings: { limits: { enabled: false } } });

let base: string;
beforeEach(() => {
  base = `${gateway.url}/dfw/v2/700100`;
});

/** Answers that others get at least while a long one is made. */
const FEWEST = 6;

const item = (at: number, origin: string) => ({
  id: `${at}`,
  name: `n & ${at}`,
  status: 'ACTIVE',
  metadata: { href: 'https://example.test/', padding: 'ü'.repeat(300) },
  links: [
    { rel: 'self', href: `${origin}/v2/700100/images/${at}` },
    { rel: 'bookmark', href: `${origin}/700100/images/${at}` },
  ],
});

const listOf = (key: string, count: number, origin: string) =>
  JSON.stringify({ [key]: Array.from({ length: count }, (_, at) => item(at, origin)) });

/** A list whose last byte is kept back until the gate is open. */
function heldBack(key: string, count: number): { answer: Answer; arrived: Promise<void>; open(): void } {
  const gate = createGate();
  let arrive = () => {};
  const arrived = new Promise<void>((resolve) => {
    arrive = resolve;
  });
  const answer: Answer = async ({ request: { origin }, response }) => {
    const body = Buffer.from(listOf(key, count, origin));
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length });
    response.write(body.subarray(0, -1), arrive);
    await gate.pass();
    response.end(body.subarray(-1));
  };
  return { answer, arrived, open: () => gate.open() };
}

/** Asks for hits, one behind the other, until it is stopped. */
async function others(): Promise<{
  count: () => number;
  stop: () => Promise<void>;
  some: (n: number) => Promise<void>;
}> {
  const connection = await connectRaw(gateway.url);
  let answers = 0;
  let isOver = false;
  const asking = (async () => {
    while (!isOver) {
      const { status } = await connection.ask('/dfw/v2/700100/flavors', { 'X-Auth-Token': 'any' });
      expect(status).toBe(200);
      answers++;
    }
  })();
  return {
    count: () => answers,
    async some(count) {
      const from = answers;
      await Promise.race([asking, expect.poll(() => answers - from).toBeGreaterThan(count)]);
    },
    async stop() {
      isOver = true;
      await asking;
      connection.close();
    },
  };
}

/** Sends a GET; `begun` resolves with its head. */
function get(path: string, headers: Record<string, string>, url = `${base}${path}`) {
  let begin = () => {};
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const whole = new Promise<{ status: number | undefined; cache: unknown; body: Buffer }>(
    (resolve, reject) => {
      const outgoing = request(url, { headers, agent: false }, (response) => {
        begin();
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.once('error', reject);
        response.once('end', () => {
          const { statusCode: status } = response;
          resolve({ status, cache: response.headers['x-cache'], body: Buffer.concat(chunks) });
        });
      });
      outgoing.once('error', reject);
      outgoing.end();
    },
  );
  return { begun, whole };
}

const xml = { accept: 'application/xml' };
const parser = new XMLParser({ ignoreAttributes: false });

describe('while a long list of a region is made ready, others are answered:', () => {
  it.each<[string, string, string, Record<string, string>]>([
    ['servers as JSON', 'servers', '/servers/detail', {}],
    ['servers as XML', 'servers', '/servers/detail', xml],
    ['images, which are kept, as JSON', 'images', '/images/detail', {}],
    ['images as XML', 'images', '/images/detail', xml],
    ['images in a coding', 'images', '/images/detail', { 'accept-encoding': 'gzip' }],
  ])('%s', async (_what, key, path, headers) => {
    const count = 4_000;
    const { answer, arrived, open } = heldBack(key, count);
    dfw.on(`GET ${path}`, answer);
    const hits = await others();
    const long = get(path, headers);
    await arrived;
    await hits.some(100);
    const before = hits.count();
    open();
    await long.begun;
    const between = hits.count() - before;
    const { status, body } = await long.whole;
    await hits.stop();
    expect(status).toBe(200);
    expect(body.length).toBeGreaterThan(headers['accept-encoding'] === undefined ? 2_000_000 : 10_000);
    expect(between).toBeGreaterThanOrEqual(FEWEST);
    if (headers === xml) expect(parser.parse(body)[key][key.slice(0, -1)]).toHaveLength(count);
    else if (headers['accept-encoding'] === undefined) {
      const list = JSON.parse(body.toString())[key];
      expect(list).toHaveLength(count);
      expect(list.at(-1).links[0].href).toBe(`${base}/images/${count - 1}`);
      expect(list.at(-1).metadata.href).toBe('https://example.test/');
    }
  });

  it('of a hit in a format that it was not asked for before, once for all who want it', async () => {
    dfw.on('GET /images/detail', heldOpen('images', 3_000));
    await get('/images/detail', {}).whole;
    const hits = await others();
    await hits.some(5);
    const before = hits.count();
    const long = [get('/images/detail', xml), get('/images/detail', xml), get('/images/detail', xml)];
    await Promise.race(long.map(({ begun }) => begun));
    const between = hits.count() - before;
    const answers = await Promise.all(long.map(({ whole }) => whole));
    await hits.stop();
    expect(between).toBeGreaterThanOrEqual(FEWEST);
    expect(answers.map(({ cache }) => cache)).toEqual(['HIT', 'HIT', 'HIT']);
    expect(answers[1]!.body.equals(answers[0]!.body)).toBe(true);
    expect(dfw.count('GET /images/detail')).toBe(1);
  });
});

function heldOpen(key: string, count: number): Answer {
  const { answer, open } = heldBack(key, count);
  open();
  return answer;
}

describe('a long answer', () => {
  it('of more than 8 MiB is none where it would be kept', async () => {
    dfw.on('GET /images/detail', heldOpen('images', 12_000));
    const { status, body } = await get('/images/detail', {}).whole;
    expect(status).toBe(503);
    expect(body.toString()).toContain('the answer is larger than 8388608 bytes');
    expect(dfw.count('GET /images/detail')).toBe(1);
  });

  it('that holds something too large for XML is said to be so, and goes out as JSON', async () => {
    const server = { id: '1', name: 'x'.repeat(600_000), links: [] };
    dfw.on('GET /servers/1', json({ server }));
    const asked = await get('/servers/1', xml).whole;
    expect(asked.status).toBe(502);
    expect(asked.body.toString()).toContain('too large to be written as XML');
    expect(JSON.parse((await get('/servers/1', {}).whole).body.toString())).toEqual({ server });
  });

  it('of every region is merged', async () => {
    dfw.on('GET /servers/detail', heldOpen('servers', 3_000));
    const { status, body } = await get('', {}, `${gateway.url}/all/v2/700100/servers/detail`).whole;
    expect(status).toBe(200);
    const { servers } = JSON.parse(body.toString());
    expect(servers.filter((one: Record<string, unknown>) => one['sluice:region'] === 'DFW')).toHaveLength(
      3_000,
    );
  });
});
