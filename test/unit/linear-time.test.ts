import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseAst, transformWithEsbuild } from 'vite';
import { afterAll, describe, expect, it } from 'vitest';
import { readCredential } from '../../src/access/credentials.ts';
import { parseForwarded } from '../../src/access/forwarded.ts';
import { parseDirectives } from '../../src/cache/directives.ts';
import { chooseEncoding, isNotModified } from '../../src/cache/http.ts';
import { readPlainGet } from '../../src/http/plain-get.ts';
import { readPlainPost } from '../../src/http/plain-post.ts';
import { parseExpires } from '../../src/identity/access-answer.ts';
import { triageOverLimit } from '../../src/limits/published/over-limit.ts';
import { Matcher } from '../../src/limits/windows/matcher.ts';
import { Window } from '../../src/limits/windows/window.ts';
import { hrefsIn } from '../../src/links/json-hrefs.ts';
import { restoreRef } from '../../src/links/restore.ts';
import { createLinkRewriter } from '../../src/links/rewrite.ts';
import {
  canonicalPath,
  canonicalQuery,
  hasServiceTraversal,
  hasTraversal,
} from '../../src/routing/canonical.ts';
import { createRouter } from '../../src/routing/route.ts';
import { redactText } from '../../src/telemetry/redact.ts';
import { parseJson } from '../../src/translation/json.ts';
import { requestFormat, responseFormat } from '../../src/translation/negotiate.ts';
import { readXml } from '../../src/translation/read-xml.ts';
import { renderXml } from '../../src/translation/write-xml.ts';
import { normaliseFault } from '../../src/upstream/normalise.ts';
import { search, steps } from '../support/regex-steps.ts';
import { VisitCounter } from '../support/visits.ts';
import { type GrowingText, grown, worstTexts } from '../support/worst-texts.ts';

/** Twice the text may take twice the steps, and what it takes at the least. */
const MOST_GROWTH = 2.3;

const root = fileURLToPath(new URL('../../src/', import.meta.url));

interface FoundExpression {
  readonly place: string;
  readonly expression: RegExp;
}

/** Every regular expression that stands in `src/`, and every place where one is made of a text. */
async function expressions(): Promise<{ written: FoundExpression[]; made: string[] }> {
  const written: FoundExpression[] = [];
  const made: string[] = [];
  for (const file of readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  )) {
    const { code } = await transformWithEsbuild(readFileSync(root + file, 'utf8'), file, {
      loader: 'ts',
      sourcemap: false,
    });
    visit(parseAst(code), (node) => {
      const { regex } = node as { regex?: { pattern: string; flags: string } };
      if (regex) written.push({ place: file, expression: new RegExp(regex.pattern, regex.flags) });
      const { type, callee } = node as { type?: string; callee?: { name?: string } };
      if ((type === 'NewExpression' || type === 'CallExpression') && callee?.name === 'RegExp')
        made.push(file);
    });
  }
  return { written, made };
}

function visit(node: unknown, look: (node: object) => void): void {
  if (typeof node !== 'object' || node === null) return;
  look(node);
  for (const inner of Object.values(node)) visit(inner, look);
}

const { written, made } = await expressions();

/** What the operator alone writes, or stands in no way of a gateway: `npm run fuzz` tries these, too. */
const NOT_OUTSIDE = new Set([
  // `${NAME:-default}` of the configuration, and names of variables.
  'settings/interpolate.ts',
  'settings/overrides.ts',
  // An address in a request to the simulator.
  'simulator/region/body.ts',
]);

/** The most that the steps grow by when the text is twice as long, over all texts an expression can be slow on. */
function growthOf(expression: RegExp): { growth: number; text: GrowingText | undefined } {
  let worst: { growth: number; text: GrowingText | undefined } = { growth: 0, text: undefined };
  for (const text of worstTexts(expression)) {
    const small = steps(expression, grown(text, 300));
    // A quadratic search has tried far more by then.
    if (small < 300 * 20) continue;
    const growth = steps(expression, grown(text, 600)) / small;
    if (growth > worst.growth) worst = { growth, text };
  }
  return worst;
}

describe('the counter of steps', () => {
  it.each([
    ['a quadratic search', /\s+$/, 4],
    [
      'a quadratic head field, as there once was one',
      /^([a-z]+):[ \t]*([!-~](?:[ \t!-~]*[!-~])?)?[ \t]*$/i,
      4,
    ],
    ['a quadratic loop over all matches', /<style[\s\S]*?<\/style>/g, 4],
    ['an exponential one', /^(a+)+$/, 1],
  ])('finds %s', (_what, expression, least) => {
    expect(growthOf(expression).growth).toBeGreaterThanOrEqual(least === 4 ? 3.5 : 0.99);
  });

  it('finds what V8 finds', () => {
    for (const { expression } of written)
      for (const text of worstTexts(expression).slice(0, 60)) {
        const short = grown(text, 7);
        const { found } = search(expression, short);
        expression.lastIndex = 0;
        const by = expression.exec(short);
        expression.lastIndex = 0;
        expect(found, `${expression} on ${JSON.stringify(short)}`).toEqual(
          by ? [by.index, by.index + by[0].length] : undefined,
        );
      }
  });
});

describe('every regular expression takes steps in proportion to the text', () => {
  it('there are some', () => expect(written.length).toBeGreaterThan(150));

  it.each([...new Set(written.map(({ place }) => place))].filter((place) => !NOT_OUTSIDE.has(place)))(
    '%s',
    (place) => {
      for (const { expression } of written.filter((one) => one.place === place)) {
        const { growth, text } = growthOf(expression);
        expect(growth, `${expression} on ${JSON.stringify(text)}`).toBeLessThan(MOST_GROWTH);
      }
    },
  );

  it('those that are made of texts are made where that is known to be safe', () => {
    expect([...new Set(made)].sort()).toEqual(MADE_OF_TEXTS);
  });
});

/** Parts that stand in the source, or texts of the operator's own. */
const MADE_OF_TEXTS = [
  'access/client-key.ts',
  'cache/redis/codec.ts',
  'json.ts',
  'settings/expression.ts',
  'settings/overrides.ts',
  'settings/schema-walk.ts',
  'simulator/chaos/chaos.ts',
  'simulator/nova/server-query.ts',
  'simulator/rates/limit.ts',
  'translation/xml-name.ts',
  'upstream/plain-text.ts',
];

/** A function, and texts that grow by which it could be held up. */
type Row = readonly [name: string, run: (text: string) => unknown, ...texts: GrowingText[]];

const again = (text: string, before = '', after = ''): GrowingText => ({ before, again: text, after });
const BAD = '\u0001';
const router = createRouter({ maxTargetBytes: () => 1e9 });
const links = createLinkRewriter({
  endpoints: [{ region: 'DFW', origin: 'http://dfw.test', basePath: '/v2/1', tenant: '1' }],
});
const limit = (regex: string) =>
  new Matcher([new Window({ verb: 'GET', uri: '/x', regex, value: 1, unit: 'DAY' } as never, 0)]);

const ROWS: readonly Row[] = [
  [
    'the fast path’s reader of heads',
    (text) => readPlainGet(Buffer.from(`GET / HTTP/1.1\r\nHost: a\r\n${text}\r\n\r\n`, 'latin1')),
    ...['X1:', 'X1: a'].flatMap((before) => [
      again(' ', before, BAD),
      again('\t', before, BAD),
      again(' a', before, BAD),
    ]),
    again('a', '', BAD),
    again('X: a\r\n', '', BAD),
  ],
  [
    'the fast path’s reader of logins',
    (text) =>
      readPlainPost(
        Buffer.from(`POST / HTTP/1.1\r\nHost: a\r\n${text}\r\nContent-Length: 2\r\n\r\n{}`, 'latin1'),
      ),
    again(' ', 'X1:', BAD),
    again('X: a\r\n', '', BAD),
    again('\r\n', 'X1: a', ''),
    again('1', 'Content-Length: ', BAD),
  ],
  [
    'paths',
    (text) => canonicalPath(text),
    again('/'),
    again('%2e', '/', '%'),
    again('%41', '/'),
    again('/a', '', '%zz'),
    again(';', '/'),
  ],
  [
    'paths that lead aside',
    (text) => [hasTraversal(text), hasServiceTraversal(text)],
    again('/.', '', '/a'),
    again('..', '/'),
    again('%252e', '/'),
    again('/..;', ''),
  ],
  [
    'queries',
    (text) => canonicalQuery(text),
    again('&'),
    again('a=', '', '%'),
    again('%26'),
    again('+;', ''),
  ],
  [
    'URLs',
    (text) => router('GET', text),
    again('/', '', '.json'),
    again('.json', '/dfw/v2/1/servers'),
    again('&limit=1', '/dfw/v2/1/flavors?'),
    again('%2F', '/dfw/v2/1/images/'),
  ],
  [
    'Accept',
    (text) => responseFormat(text, undefined),
    again(';', 'a/b'),
    again('q=', 'a/b;'),
    again(','),
    again(' ', 'a/b;q', BAD),
  ],
  ['Content-Type', (text) => requestFormat(text), again(';', 'a/b'), again(' ', 'application/json', BAD)],
  [
    'Cache-Control',
    (text) => parseDirectives(text),
    again(','),
    again('='),
    again('"', 'max-age='),
    again(' ', 'a', ','),
  ],
  [
    'If-None-Match',
    (text) => isNotModified(text, '"z"'),
    again('"'),
    again('"a'),
    again('W/', '"'),
    again(','),
  ],
  [
    'Accept-Encoding',
    (text) => chooseEncoding(text, 5_000),
    again(';'),
    again(','),
    again(' ', 'gzip;', BAD),
  ],
  [
    'Forwarded',
    (text) => parseForwarded(text),
    again(';'),
    again('for=a,'),
    again('\\', 'for="'),
    again(' ', 'for=a', BAD),
  ],
  [
    'credentials',
    (text) => readCredential({ authorization: text }),
    again(' ', 'Bearer', BAD),
    again('a', 'Bearer ', ' x'),
  ],
  [
    'references in bodies',
    (text) => restoreRef(text, 'images'),
    again('/', 'http://a'),
    again('a/', '/', '\n'),
    again('/a', '', '\n'),
    again('?', '/a/b'),
  ],
  [
    'links of answers',
    (text) => links.rewriteBody(JSON.stringify({ href: text }), 'http://gw.test', 'DFW'),
    again('/', 'http://dfw.test/v2/1'),
    again('http://dfw.test'),
  ],
  [
    'links, wherever they stand',
    (text) => hrefsIn(text),
    again('{"href":'),
    again('"href":"a",', '{'),
    again('[', '', ']'),
    again('\\"', '"'),
  ],
  [
    'error pages',
    (text) => normaliseFault(500, text),
    again('<'),
    again('<style>'),
    again('<script>', '<'),
    again('&'),
    again('<!--'),
    again('</'),
    again(' ', '', BAD),
  ],
  [
    'errors in the log',
    (text) => redactText(text),
    again('://'),
    again('token'),
    again('password: ', '', ''),
    again('Bearer '),
    again('"', 'secret='),
    again('a'),
    again('at position '),
  ],
  [
    'JSON',
    (text) => tried(() => parseJson(text)),
    again('[', '', ']'),
    again('1', ',', 'x'),
    again('"a",', '['),
    again('1.0,', '['),
    again(' ', '[', 'x'),
    again('1e', '['),
  ],
  [
    'XML',
    (text) => tried(() => readXml(`<server ${text}`, ['server'])),
    again('a="b" '),
    again('&lt;', 'name="'),
    again('<a>', '>'),
    again(' ', '', 'x'),
    again('<!-- -->', '>'),
  ],
  [
    'documents in XML',
    (text) => renderXml('server', { server: { name: text, metadata: { [text]: text } } }),
    again('&'),
    again('_x0041_'),
    again('\ud800'),
    again('1a'),
  ],
  [
    'dates of tokens',
    (text) => tried(() => parseExpires(text)),
    again('T'),
    again('0', '2026-01-01T00:00:00.'),
    again(' ', '2026-01-01', BAD),
    again('+00'),
  ],
  [
    'waits of regions',
    (text) => triageOverLimit({ status: 413, headers: { 'retry-after': text } }, 0),
    again(' ', '', BAD),
    again('9'),
    again('1 '),
  ],
  ...['.*changes-since.*', '(a+)+$', '(a|a)*b', '.*.*.*x', '[^/]+/[^/]+/[^/]+$'].map(
    (regex): Row => [
      `a published limit ${regex}`,
      (text) => limit(regex).find('GET', { path: text, fullPath: `/v2/1${text}`, query: text }),
      ...[again('a', '/'), again('/a'), again('changes-since'), again('/')],
    ],
  ),
];

function tried(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return error;
  }
}

describe('what reads outside text visits its characters in proportion', () => {
  const counter = new VisitCounter();
  afterAll(() => counter.close());

  it('the counter sees a quadratic reader', () => {
    const reader = (text: string) => {
      for (let at = 0; at < text.length; at++) text.indexOf('x', at);
    };
    expect(
      counter.count(() => reader('a'.repeat(2_000))) / counter.count(() => reader('a'.repeat(1_000))),
    ).toBeGreaterThan(3.5);
  });

  it.each(ROWS.map((row) => [row[0], row] as const))('%s', (_name, [, run, ...texts]) => {
    for (const text of texts) {
      run(grown(text, 100));
      const [small, large] = [1_000, 2_000].map((length) => counter.count(() => run(grown(text, length))));
      expect(large! / (small! + 50), JSON.stringify(text)).toBeLessThan(MOST_GROWTH);
    }
  });
});
