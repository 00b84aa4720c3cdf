import fc from 'fast-check';
import type { JsonValue } from '../../../src/json.ts';
import { triageOverLimit } from '../../../src/limits/published/over-limit.ts';
import { parsePublishedLimits } from '../../../src/limits/published/parse.ts';
import { Matcher } from '../../../src/limits/windows/matcher.ts';
import { Window } from '../../../src/limits/windows/window.ts';
import type { FuzzTarget } from '../target.ts';
import { bent, jsonValue, noisy } from '../text.ts';

const NOW = Date.UTC(2026, 0, 1);
const EXPRESSIONS = [
  '.*',
  '^',
  '$',
  '/servers',
  'changes-since',
  '(',
  ')',
  '(a+)+',
  '(a|a)*',
  '[^/]',
  '[',
  ']',
  '\\d+',
  '{2,}',
  '{1,900}',
  '?',
  '|',
  '\\1',
  '(?=a)',
  '(?:',
  '/v[^/]/(\\d+)/',
];
const PATHS = ['/servers', '/detail', '/images', 'a', '/', '?', 'changes-since', 'é', '/v2/1', '1', '%2F'];

const word = (...words: string[]) => fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...words) }, noisy);
const row = fc.record(
  {
    verb: word('GET', 'POST', 'ALL', 'get'),
    value: fc.oneof(fc.nat(10_000), fc.constantFrom<unknown>(-1, 1e308, '10', null, 0.5)),
    remaining: fc.oneof(fc.nat(10_000), fc.constantFrom<unknown>(-1, 1e308, '10', null)),
    unit: word('SECOND', 'MINUTE', 'HOUR', 'DAY', 'YEAR'),
    'next-available': word('2026-01-01T00:00:10Z', '9999-12-31T00:00:00Z', 'never'),
  },
  { requiredKeys: ['verb', 'value', 'unit'] },
);
const rate = fc.record(
  { uri: bent(PATHS), regex: bent(EXPRESSIONS), limit: fc.array(row, { maxLength: 3 }) },
  { requiredKeys: ['limit'] },
);
const document = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      limits: fc.record({ rate: fc.array(rate, { maxLength: 4 }), absolute: jsonValue(['maxTotalRAMSize']) }),
    }),
  },
  { weight: 1, arbitrary: jsonValue(['limits', 'rate', 'limit', 'uri', 'regex', 'value', 'verb', 'unit']) },
);

/** Documents of limits, and paths that are held against them: read or refused, and never for long. */
export const limits: FuzzTarget<{ document: unknown; path: string; query: string }> = {
  name: 'documents of limits, and paths held against them',
  arbitrary: fc.record({ document, path: bent(PATHS), query: bent(PATHS) }),
  check({ document: written, path, query }) {
    let rows: ReturnType<typeof parsePublishedLimits>;
    try {
      rows = parsePublishedLimits(JSON.parse(JSON.stringify(written)) as JsonValue);
    } catch (error) {
      if (error instanceof TypeError && error.message.includes('"limits"')) return;
      throw error;
    }
    const matcher = new Matcher(rows.limits.map((limit) => new Window(limit, 1_000)));
    // As long as a request's target may be.
    const [short, asked] = [path.slice(0, 8_192), query.slice(0, 8_192)];
    for (const verb of ['GET', 'POST'])
      matcher.find(verb, { path: short, fullPath: `/v2/1${short}`, query: asked });
  },
};

const header = word(
  '10',
  '0',
  '-1',
  '1767225600',
  '1767225600000',
  '99999999999',
  'Thu, 01 Jan 2026 00:00:30 GMT',
  'Fri, 31 Dec 9999 00:00:00 GMT',
);

/** Refusals: a wait is a number, and not over already. */
export const refusals: FuzzTarget<{ status: number; retryAfter: string; body: unknown }> = {
  name: 'refusals of regions',
  arbitrary: fc.record({
    status: fc.constantFrom(413, 429, 503),
    retryAfter: header,
    body: fc.oneof(
      fc.record({
        overLimit: fc.record(
          { code: fc.nat(999), retryAfter: header, retryAt: header, message: word('quota', 'limit') },
          { requiredKeys: [] },
        ),
      }),
      jsonValue(['overLimit', 'retryAfter', 'retryAt', 'message', 'details']),
    ),
  }),
  check({ status, retryAfter, body }) {
    const answer = {
      status,
      headers: { 'retry-after': retryAfter },
      body: JSON.parse(JSON.stringify(body)) as JsonValue,
    };
    const verdict = triageOverLimit(answer, NOW);
    if (!('retryAfterMs' in verdict)) return;
    const { retryAfterMs } = verdict;
    if (!(retryAfterMs > 0)) throw new Error(`it waits ${retryAfterMs} ms`);
  },
};
