import fc from 'fast-check';
import { type AnyTarget, type FuzzTarget, LONGEST_BLOCK_MS } from '../target.ts';
import { bent } from '../text.ts';
import { readAnswers } from './answers.ts';
import { talk } from './talk.ts';
import type { Victim } from './victim.ts';

/** What is sent to a running gateway, by its callers and by its regions. */
export const wireTargets = (victim: Victim): readonly AnyTarget[] =>
  ([requests(victim), bytes(victim), regionAnswers(victim)] as AnyTarget[]).map((target) =>
    watched(victim, target),
  );

/** A busy machine holds a process up once; what holds it up each time is the input. */
const TRIES = 4;

/** After each value the gateway must still be there, and must not have been held up by it. */
function watched<T>(victim: Victim, target: FuzzTarget<T>): FuzzTarget<T> {
  return {
    ...target,
    async check(input) {
      let shortest = Number.POSITIVE_INFINITY;
      for (let time = 0; time < TRIES && shortest > LONGEST_BLOCK_MS; time++) {
        await target.check(input);
        const { longestBlockMs } = await victim.how();
        shortest = Math.min(shortest, longestBlockMs);
      }
      if (shortest > LONGEST_BLOCK_MS)
        throw new Error(`it held the gateway up for ${shortest.toFixed(0)} ms`);
    },
  };
}

interface Request {
  readonly method: string;
  readonly target: string;
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly body: string | undefined;
}

const METHODS = [
  'GET',
  'GET',
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'COPY',
  'PROPFIND',
];
const TARGETS = [
  ...[
    '/',
    '/dfw',
    '/v2',
    '/700100',
    '/servers',
    '/flavors',
    '/flavors/detail',
    '/images',
    '/detail',
    '/limits',
    '/os-keypairs',
    '/1',
    '/2',
  ],
  ...[
    '/services/image/v2/images',
    '.xml',
    '.json',
    '?',
    '&',
    '=',
    'limit=1',
    'format=xml',
    '%2e%2e',
    '%2F',
    '/../',
    ';',
    '/v2.0/tokens',
    '/v3/auth/tokens',
    '/all/v2',
  ],
];
const NAMES = [
  ...[
    'Accept',
    'Accept-Encoding',
    'Content-Type',
    'If-None-Match',
    'Cache-Control',
    'X-Region',
    'X-Auth-Token',
    'Authorization',
    'X-Sluice-Client',
  ],
  ...[
    'X-Forwarded-For',
    'Forwarded',
    'Expect',
    'Range',
    'OpenStack-API-Version',
    'X-OpenStack-Nova-API-Version',
    'Upgrade',
    'TE',
    'Via',
    'X-Trace',
    'Host',
    'Cookie',
  ],
];
const VALUES = [
  ...[
    'application/json',
    'application/xml',
    'gzip',
    '*',
    '"a"',
    'W/',
    ',',
    ';',
    'q=0.5',
    'no-cache',
    'no-store',
    'dfw',
    'Bearer ',
    'x',
    '100-continue',
    'bytes=0-1',
  ],
  ...['compute 2.61', 'h2c', 'trailers', 'for=1.2.3.4', ' ', '\t', 'é', '\u0080', 'localhost:8080'],
];
const BODIES = [
  '{"server":{"name":"a","imageRef":"1","flavorRef":"2"}}',
  '{"auth":{}}',
  '<server name="n"/>',
  '{"reboot":{}}',
  '',
  '{',
  '\0',
];

/** What may stand in a request line and in a field without being an end of it. */
const inTarget = (text: string) => text.replace(/[^!-~\x80-\xff]/g, '').slice(0, 12_000);
const inValue = (text: string) => text.replace(/[^\t\x20-\x7e\x80-\xff]/g, '').slice(0, 6_000);

const request: fc.Arbitrary<Request> = fc.record({
  method: fc.constantFrom(...METHODS),
  target: fc
    .tuple(fc.constantFrom('/dfw/v2/700100', '/dfw/v2/700100', '/', '/ord'), bent(TARGETS))
    .map(([base, more]) => inTarget(base + more)),
  fields: fc.array(fc.tuple(fc.constantFrom(...NAMES), bent(VALUES).map(inValue)), { maxLength: 5 }),
  body: fc.option(fc.oneof(fc.constantFrom(...BODIES), bent(BODIES)), { nil: undefined, freq: 2 }),
});

function requestBytes({ method, target, fields, body }: Request, isLast: boolean): Buffer {
  const length = body === undefined ? [] : [`Content-Length: ${Buffer.byteLength(body, 'latin1')}`];
  const lines = [
    ...[`${method} ${target} HTTP/1.1`, 'Host: gw.test', ...length],
    ...fields.map(([name, value]) => `${name}: ${value}`),
    ...(isLast ? ['Connection: close'] : []),
  ];
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body ?? ''}`, 'latin1');
}

/** Requests one behind the other, well framed and odd in all else: each gets one answer, in their order. */
const requests = (victim: Victim): FuzzTarget<Request[]> => ({
  name: 'requests to a running gateway',
  arbitrary: fc.array(request, { minLength: 1, maxLength: 60, size: 'max' }),
  inputsIn: (sent) => sent.length,
  async check(sent) {
    const all = Buffer.concat(sent.map((one, at) => requestBytes(one, at === sent.length - 1)));
    const received = await talk(victim.url, all);
    const { answers, rest } = readAnswers(received, (at) => sent[at]?.method === 'HEAD');
    if (rest.length > 0) throw new Error(`more than an answer: ${rest.toString('latin1').slice(0, 200)}`);
    const isAll = answers.length === sent.length;
    const last = answers.at(-1);
    if (answers.length > sent.length || (!isAll && last?.fields.get('connection')?.toLowerCase() !== 'close'))
      throw new Error(`${answers.length} answers to ${sent.length} requests`);
  },
});

const PIECES = [
  ...[
    'GET ',
    'POST ',
    'GET /dfw/v2/700100/flavors HTTP/1.1\r\nHost: gw\r\n\r\n',
    '/dfw/v2/700100/servers',
    ' HTTP/1.1',
    ' HTTP/1.0',
    ' HTTP/9.9',
    '\r\n',
    '\r\n\r\n',
    '\n',
  ],
  ...[
    'Host: gw',
    'Content-Length: 5',
    'Content-Length: 0',
    'Content-Length: 99999999999999999999',
    'Content-Length: -1',
    'Transfer-Encoding: chunked',
    'Transfer-Encoding: gzip, chunked',
  ],
  ...[
    '5\r\nhello\r\n',
    '0\r\n\r\n',
    '0\r\nX: y\r\n\r\n',
    'ffffffffffffffff\r\n',
    '1;ext=1\r\na\r\n',
    'Connection: close',
    'Connection: upgrade',
    'Upgrade: websocket',
    'Expect: 100-continue',
  ],
  ...[
    'X: ',
    ': ',
    ' ',
    '\t',
    'hello',
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    '\x16\x03\x01\x02\x00',
    'CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n',
    '\0',
  ],
];

/** Bytes that are hardly HTTP, on connections of their own: answered or not, but never with anything that is no answer. */
const bytes = (victim: Victim): FuzzTarget<string[]> => ({
  name: 'bytes to a running gateway',
  arbitrary: fc.array(
    fc.oneof(
      bent(PIECES),
      bent(PIECES).map((text) => `GET /dfw/v2/700100/flavors HTTP/1.1\r\nHost: gw\r\n${text}`),
    ),
    { minLength: 1, maxLength: 40, size: 'max' },
  ),
  inputsIn: (texts) => texts.length,
  async check(texts) {
    await Promise.all(
      texts.map(async (text) => {
        const received = await talk(victim.url, Buffer.from(text, 'latin1'), 'end');
        const { rest } = readAnswers(received, () => false);
        if (rest.length > 0) throw new Error(`half an answer: ${rest.toString('latin1').slice(0, 200)}`);
      }),
    );
  },
});

interface RawAnswer {
  readonly status: string;
  readonly fields: string;
  readonly body: string;
  readonly path: string;
}

const STATUSES = [
  '200 OK',
  '200',
  '204 No Content',
  '304 Not Modified',
  '404 Not Found',
  '401 Unauthorized',
  '413 Too Large',
  '429 Slow',
  '500 Oops',
  '503 No',
  '999 Odd',
  '100 Continue',
  '600',
  'OK',
  '',
];
const FIELDS = [
  ...[
    'Content-Length: 2\r\n',
    'Content-Length: 500\r\n',
    'Content-Type: application/json\r\n',
    'Content-Type: text/html\r\n',
    'Transfer-Encoding: chunked\r\n',
    'Content-Encoding: gzip\r\n',
  ],
  ...[
    'Content-Encoding: x\r\n',
    'Retry-After: 9999999999\r\n',
    'Location: http://a/\r\n',
    'Location: \u0001\r\n',
    'X-Compute-Request-Id: \u0080\r\n',
    'Set-Cookie: a\r\n',
    'Connection: close\r\n',
  ],
  ...[
    'X: a\nb\r\n',
    ' folded\r\n',
    'Date: never\r\n',
    'Vary: *\r\n',
    'Server: x\r\n',
    'X-Same: 1\r\n',
    'Bad Name: x\r\n',
    '\r\n',
    ': \r\n',
    'Age: -5\r\n',
    'Cache-Control: max-age=1e99\r\n',
  ],
];
const ANSWER_BODIES = [
  '{}',
  '{"flavor":{"id":"1","links":[]}}',
  '<html>',
  '[',
  '5\r\nhello\r\n0\r\n\r\n',
  'zz\r\n',
  '{"overLimit":{"retryAfter":"x"}}',
  '\ufeff{}',
  '\x1f\x8b',
  '"\ud800"',
  '{"server":{"id":1e400}}',
];

const rawAnswer: fc.Arbitrary<RawAnswer> = fc.record({
  status: fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...STATUSES) }, bent(STATUSES)),
  fields: bent(FIELDS),
  body: bent(ANSWER_BODIES),
  path: fc.constantFrom('/flavors/', '/servers/', '/os-fuzz/'),
});

/** Answers of a region that are hardly HTTP: callers get an answer all the same, and a whole one of a known operation. */
function regionAnswers(victim: Victim): FuzzTarget<RawAnswer[]> {
  let turn = 0;
  return {
    name: 'answers of regions to a running gateway',
    arbitrary: fc.array(rawAnswer, { minLength: 1, maxLength: 8, size: 'max' }),
    inputsIn: (answers) => answers.length,
    async check(answers) {
      await victim.script(
        answers.map(({ status, fields, body }) =>
          Buffer.from(`HTTP/1.1 ${status}\r\n${fields}\r\n${body}`, 'latin1'),
        ),
      );
      // Numbers that were never asked for: nothing comes from the cache.
      const base = ++turn * 1_000;
      await Promise.all(answers.map(({ path }, at) => askOne(`/dfw/v2/700100${path}${base + at}`, path)));
    },
  };

  async function askOne(target: string, path: string): Promise<void> {
    const text = `GET ${target} HTTP/1.1\r\nHost: gw\r\nConnection: close\r\n\r\n`;
    const received = await talk(victim.url, Buffer.from(text));
    const { answers, rest } = readAnswers(received, () => false);
    // What is passed through as it comes may break as it came.
    const isCut = path === '/os-fuzz/' && answers.length === 0;
    if (!isCut && (answers.length !== 1 || rest.length > 0))
      throw new Error(`no whole answer to ${path}: ${rest.toString('latin1').slice(0, 300)}`);
  }
}
