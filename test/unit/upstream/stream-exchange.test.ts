import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { Pool } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ExchangeError } from '../../../src/upstream/exchange.ts';
import { discard, type StreamedAnswer, streamExchange } from '../../../src/upstream/stream-exchange.ts';

let answer: (response: ServerResponse) => void = () => {};
let connections = 0;
let pool: Pool;
const server = createServer((_request, response) => answer(response)).on('connection', () => connections++);

beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  pool = new Pool(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, { connections: 1 });
});

afterAll(async () => {
  await pool.destroy();
  server.close();
});

const heads: number[] = [];
const WATCH = { queued() {}, sent() {}, head: (status: number) => void heads.push(status) };
const request = { method: 'GET', path: '/', headers: {}, body: undefined };

async function asked(how: typeof answer): Promise<StreamedAnswer> {
  answer = how;
  const outcome = await streamExchange(pool, request, undefined, WATCH);
  if (outcome instanceof ExchangeError) throw outcome;
  return outcome;
}

async function read({ body }: StreamedAnswer): Promise<string> {
  if (Buffer.isBuffer(body)) return body.toString();
  const chunks: Buffer[] = [];
  for await (const chunk of body) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

describe('an answer that streams', () => {
  it('is there with its head, its body when it comes', async () => {
    let finish = () => {};
    const streamed = await asked((response) => {
      response.write('be');
      finish = () => response.end('gun');
    });
    expect(streamed).toMatchObject({ status: 200, whole: undefined });
    finish();
    expect(await read(streamed)).toBe('begun');
  });

  it('breaks as an ExchangeError, whether somebody listens by then or not', async () => {
    const streamed = await asked((response) => {
      response.writeHead(200, { 'content-length': '10' });
      response.write('be', () => response.destroy());
    });
    await new Promise((resolve) => (streamed.body as Readable).once('close', resolve));
    await expect(read(streamed)).rejects.toThrow(ExchangeError);
  });

  it('is not read faster than it is taken', async () => {
    const chunk = Buffer.alloc(64 * 1024);
    let written = 0;
    const streamed = await asked((response) => {
      const more = () => {
        while (written < 1000) {
          written++;
          if (!response.write(chunk)) return void response.once('drain', more);
        }
        response.end();
      };
      more();
    });
    for (let turn = 0; turn < 100; turn++) await new Promise(setImmediate);
    expect(written).toBeLessThan(1000);
    expect((await read(streamed)).length).toBe(1000 * chunk.length);
  });
});

describe('a refusal that may be a rate', () => {
  const words = '{"overLimit":{"message":"Quota exceeded"}}';

  it('has its words read, decoded, and gives the same bytes on', async () => {
    const packed = gzipSync(words);
    const streamed = await asked((response) => {
      response.writeHead(413, { 'content-encoding': 'gzip' });
      response.write(packed.subarray(0, 10));
      response.end(packed.subarray(10));
    });
    expect(streamed.whole?.body.toString()).toBe(words);
    expect(streamed.body).toEqual(packed);
  });

  it('is not waited for when its words do not end', async () => {
    let finish = () => {};
    const streamed = await asked((response) => {
      response.writeHead(429);
      response.write('x'.repeat(100_000));
      finish = () => response.end('!');
    });
    expect(streamed.whole).toBeUndefined();
    finish();
    expect(await read(streamed)).toBe(`${'x'.repeat(100_000)}!`);
  });

  it('that breaks in the middle is no answer', async () => {
    const broken = asked((response) => {
      response.writeHead(413, { 'content-length': '10' });
      response.write('be', () => response.destroy());
    });
    await expect(broken).rejects.toMatchObject({ kind: 'broken', sent: true });
  });
});

describe('an answer that nobody wants', () => {
  it('leaves its connection to the next when it is small', async () => {
    discard(await asked((response) => response.end('small')));
    const before = connections;
    expect(await read(await asked((response) => response.end('next')))).toBe('next');
    expect(connections).toBe(before);
  });

  it('ends with its connection when it does not end by itself', async () => {
    const chunk = Buffer.alloc(64 * 1024);
    let end = () => {};
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    discard(
      await asked((response) => {
        response.once('close', end);
        const more = () => {
          while (!response.destroyed && response.write(chunk));
          if (!response.destroyed) response.once('drain', more);
        };
        more();
      }),
    );
    await ended;
    expect(await read(await asked((response) => response.end('next')))).toBe('next');
  });
});

describe('an answer that is held', () => {
  const held = async (how: typeof answer, mostBytes: number) => {
    answer = how;
    const outcome = await streamExchange(pool, request, undefined, WATCH, ({ status, headers }) =>
      status === 200 && headers['content-type'] === 'application/json' ? mostBytes : 0,
    );
    return outcome;
  };
  const json = { 'content-type': 'application/json' };

  it('is there when it is whole', async () => {
    const outcome = await held((response) => {
      response.writeHead(200, json);
      response.write('{"a":');
      response.end('1}');
    }, 100);
    expect(outcome).toMatchObject({ status: 200, body: Buffer.from('{"a":1}'), whole: undefined });
  });

  it('is in one piece when it is long', async () => {
    const long = 'ä'.repeat(1_000_000);
    const outcome = await held((response) => response.writeHead(200, json).end(long), 4_000_000);
    expect(String((outcome as StreamedAnswer).body)).toBe(long);
  });

  it('goes on as a stream, in order, once it is longer than was thought', async () => {
    let finish = () => {};
    const outcome = (await held((response) => {
      response.writeHead(200, json);
      response.write('x'.repeat(1_000));
      finish = () => response.end('!');
    }, 999)) as StreamedAnswer;
    expect(Buffer.isBuffer(outcome.body)).toBe(false);
    finish();
    expect(await read(outcome)).toBe(`${'x'.repeat(1_000)}!`);
  });

  it('streams at once where its head says so', async () => {
    let finish = () => {};
    const outcome = (await held((response) => {
      response.write('be');
      finish = () => response.end('gun');
    }, 100)) as StreamedAnswer;
    finish();
    expect(await read(outcome)).toBe('begun');
  });

  it('is no answer when it breaks', async () => {
    const outcome = await held((response) => {
      response.writeHead(200, { ...json, 'content-length': '10' });
      response.write('be', () => response.destroy());
    }, 100);
    expect(outcome).toMatchObject({ kind: 'broken', sent: true });
  });
});
