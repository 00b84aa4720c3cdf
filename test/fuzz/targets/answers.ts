import fc from 'fast-check';
import { SaxesParser } from 'saxes';
import { CodingError, decodeContent } from '../../../src/content-coding.ts';
import { createLinkRewriter } from '../../../src/links/rewrite.ts';
import type { DocumentName } from '../../../src/operations/operation.ts';
import { DOCUMENTS } from '../../../src/operations/resources/documents.ts';
import { parseJson } from '../../../src/translation/json.ts';
import { renderFaultXml, renderXml } from '../../../src/translation/write-xml.ts';
import { normaliseFault } from '../../../src/upstream/normalise.ts';
import type { FuzzTarget } from '../target.ts';
import { bent, jsonValue } from '../text.ts';

const NAMES = [
  'servers',
  'server',
  'id',
  'name',
  'links',
  'href',
  'rel',
  'addresses',
  'public',
  'metadata',
  'image',
  'values',
  'rate',
  'OS-DCF:diskConfig',
  'xmlns',
  '1a',
  'a:b:c',
];
const HREFS = [
  'http://dfw.test/v2/1/servers/1',
  'http://dfw.test/1/images/2',
  'http://other.test/',
  '/v2/1/servers',
  'http://dfw.test/v2/1/../2',
];
const links = createLinkRewriter({
  endpoints: [{ region: 'DFW', origin: 'http://dfw.test', basePath: '/v2/1', tenant: '1' }],
});

/** Answers of regions: links of any JSON are rewritten into JSON, and any JSON becomes a document that is well formed. */
export const answers: FuzzTarget<{ value: unknown; document: DocumentName }> = {
  name: 'answers of regions, translated',
  arbitrary: fc.record({
    value: jsonValue(NAMES, HREFS),
    document: fc.constantFrom(...(Object.keys(DOCUMENTS) as DocumentName[])),
  }),
  check({ value, document }) {
    const text = JSON.stringify({ [document]: value });
    const rewritten = links.rewriteBody(text, 'http://gw.test', 'DFW');
    const parsed = parseJson(rewritten);
    assertWellFormed(renderXml(document, parsed));
    assertWellFormed(renderFaultXml(parsed));
  },
};

function assertWellFormed(xml: string): void {
  const parser = new SaxesParser({ xmlns: true });
  parser.on('error', (error) => {
    throw error;
  });
  parser.write(xml).close();
}

const PAGE = [
  ...[
    '<',
    '>',
    '<html>',
    '<style>',
    '</style>',
    '<script>',
    '</script>',
    '<h1>',
    '</h1>',
    '&amp;',
    '&',
    '<!--',
    '-->',
    '503 Service Unavailable',
  ],
  ...[
    '{"',
    '"}',
    '{"message": "m", "code": 413}',
    '{"error":',
    '{"overLimit":{',
    '\n',
    '{"computeFault":{"code":500}}',
    '<title>',
    ' ',
  ],
];

/** Error pages and documents of any kind become a fault. */
export const errorPages: FuzzTarget<{ status: number; text: string }> = {
  name: 'error pages of regions',
  arbitrary: fc.record({ status: fc.integer({ min: 400, max: 599 }), text: bent(PAGE) }),
  check({ status, text }) {
    const fault = JSON.parse(normaliseFault(status, text)) as Record<string, unknown>;
    if (Object.keys(fault).length === 0) throw new Error('it made no fault');
  },
};

const CODINGS = [
  'gzip',
  'GZIP',
  'x-gzip',
  'deflate',
  'br',
  'identity',
  'gzip, gzip',
  ',',
  ' ',
  'zstd',
  'deflate, br',
];

/** Bodies that say they are coded, and are not, or are in another way. */
export const codings: FuzzTarget<{ coding: string; bytes: Uint8Array }> = {
  name: 'content codings',
  arbitrary: fc.record({
    coding: fc.oneof(fc.constantFrom(...CODINGS), bent(CODINGS)),
    bytes: fc.oneof(
      fc.uint8Array({ maxLength: 64 }),
      fc
        .uint8Array({ maxLength: 20 })
        .map((tail) => Uint8Array.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, ...tail])),
    ),
  }),
  async check({ coding, bytes }) {
    try {
      await decodeContent(Buffer.from(bytes), coding, 1_000_000);
    } catch (error) {
      if (!(error instanceof CodingError)) throw error;
    }
  },
};
