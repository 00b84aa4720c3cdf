import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { hrefsOf } from '../../../src/links/json-hrefs.ts';
import { readLongDocument, rewriteInTurns } from '../../../src/links/long-document.ts';
import { createLinkRewriter } from '../../../src/links/rewrite.ts';
import { parseJson, stringifyJson } from '../../../src/translation/json.ts';
import { parseJsonInTurns } from '../../../src/translation/json-in-turns.ts';
import { renderXml, renderXmlInTurns } from '../../../src/translation/write-xml.ts';
import { XmlSizeError } from '../../../src/translation/xml-error.ts';
import { MOST_AT_ONCE } from '../../../src/turns.ts';
import type { FuzzTarget } from '../target.ts';
import { bent, jsonValue } from '../text.ts';

const ORIGIN = 'https://dfw.test';
const links = createLinkRewriter({
  endpoints: [{ region: 'DFW', origin: ORIGIN, basePath: '/v2/1', tenant: '1' }],
});
const href = fc.constantFrom(
  `${ORIGIN}/v2/1/servers/1`,
  `${ORIGIN}/1/images/2?a=é`,
  'https://other.test/',
  '',
);
const item = fc.oneof(
  jsonValue(['id', 'metadata', 'href', 'links', '__proto__']),
  fc.record({ id: fc.string({ unit: 'grapheme' }), links: fc.array(fc.record({ rel: fc.string(), href })) }),
);
/** What makes a document long: in one piece, in many, or in none that could be cut. */
const filler = fc.constantFrom<unknown>(
  'x'.repeat(MOST_AT_ONCE),
  'ü"\\ '.repeat(MOST_AT_ONCE / 8),
  Array.from({ length: 20_000 }, (_, at) => ({ href: `${ORIGIN}/v2/1/servers/${at}` })),
  Array.from({ length: 40_000 }, () => [[]]),
);

const whole = fc
  .tuple(fc.array(item, { maxLength: 6 }), filler, fc.constantFrom('servers', 'images', 'server', 'a'))
  .map(([items, long, key]) =>
    JSON.stringify({ before: items[0], [key]: [...items, long], after: items[1] }),
  );
/** Cut, or with something else at a place. */
const broken = fc
  .tuple(
    whole,
    fc.double({ min: 0, max: 1, noNaN: true }),
    bent(['"', '{', '}', '[', ']', ',', ':', '\\', '']),
  )
  .map(([text, at, other]) => {
    const index = Math.floor(at * text.length);
    return text.slice(0, index) + other + (other === '' ? '' : text.slice(index + 1));
  });

/** What a reader makes of a text, or that it takes it for none. */
const tried = <T>(read: () => T): T | undefined => {
  try {
    return read();
  } catch {
    return undefined;
  }
};

/** What is long is dealt with in turns of the event loop, and comes out as if it had been dealt with at once. */
export const longDocuments: FuzzTarget<string> = {
  name: 'long documents in turns and at once',
  arbitrary: fc.oneof({ weight: 3, arbitrary: whole }, broken),
  // At once it takes as long as it takes; what is done in turns others watch.
  mayBlock: true,
  values: 20,
  async check(text) {
    const bytes = Buffer.from(text);
    const read = bytes.toString();
    const hrefs = hrefsOf(bytes, read);
    const document = await readLongDocument(bytes);
    if ((hrefs === undefined) !== (document === undefined)) throw new Error('one is JSON, the other is not');
    if (document === undefined) return;
    const rewritten = await rewriteInTurns(document, (piece, at) =>
      links.rewriteBody(piece, 'http://sluice.test', 'DFW', at),
    );
    if (rewritten.toString() !== links.rewriteBody(read, 'http://sluice.test', 'DFW', hrefs))
      throw new Error('its links are others');
    const value = parseJson(read, Number.POSITIVE_INFINITY);
    const inTurns = await parseJsonInTurns(bytes);
    if (!isDeepStrictEqual(inTurns, value) || stringifyJson(inTurns) !== stringifyJson(value))
      throw new Error('it is another value');
    const pieces = await renderXmlInTurns('servers', value).catch((error: unknown) => {
      if (!(error instanceof XmlSizeError)) throw error;
      return undefined;
    });
    if (pieces !== undefined && Buffer.concat(pieces).toString() !== tried(() => renderXml('servers', value)))
      throw new Error('it is another document in XML');
  },
};
