import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonValue } from '../../../src/json.ts';
import type { DocumentName } from '../../../src/operations/operation.ts';
import { readXml, readXmlAnswer, XmlError } from '../../../src/translation/read-xml.ts';
import { renderXml, renderXmlRequest } from '../../../src/translation/write-xml.ts';
import { canonicalXml, parseStrictly } from './canonical.ts';
import { create, flavor, image, metadata, server } from './resources.ts';

const RUNS = { seed: 20260104, numRuns: 400 };

/** JSON -> XML -> JSON is the same, the XML in between is well-formed, and XML -> JSON -> XML is the same too. */
function survives(document: DocumentName, value: JsonValue): void {
  const xml = renderXml(document, value);
  const read = readXmlAnswer(xml, [document]);
  expect(plain(read.value)).toEqual(plain(value));
  expect(canonicalXml(renderXml(document, read.value))).toBe(canonicalXml(xml));
}

/** Without the null prototypes and undefined members that generators make. */
const plain = (value: JsonValue): unknown => JSON.parse(JSON.stringify(value));

describe('answers survive JSON -> XML -> JSON', () => {
  it('a server', () => {
    fc.assert(
      fc.property(server, (value) => survives('server', { server: value })),
      RUNS,
    );
  });

  it('a page of servers', () => {
    const page = fc.array(server, { maxLength: 3 });
    fc.assert(
      fc.property(page, (servers) =>
        survives('serversDetail', { servers, servers_links: [{ rel: 'next', href: 'https://h/?a=1&b=2' }] }),
      ),
      { ...RUNS, numRuns: 150 },
    );
  });

  it('images', () => {
    fc.assert(
      fc.property(fc.array(image, { maxLength: 3 }), (images) => survives('imagesDetail', { images })),
      { ...RUNS, numRuns: 200 },
    );
  });

  it('a flavor', () => {
    fc.assert(
      fc.property(flavor, (value) => survives('flavor', { flavor: value })),
      RUNS,
    );
  });

  it('metadata', () => {
    fc.assert(
      fc.property(metadata, (value) => survives('metadata', { metadata: value })),
      RUNS,
    );
  });
});

it('a create request survives JSON -> XML -> JSON', () => {
  fc.assert(
    fc.property(create, (value) => {
      const body = { server: value };
      const xml = renderXmlRequest('server', body);
      expect(() => canonicalXml(xml)).not.toThrow();
      expect(plain(readXml(xml, ['server']).value)).toEqual(plain(body));
    }),
    RUNS,
  );
});

it('any JSON at all becomes a well-formed document that the reader can parse', () => {
  const documents = ['server', 'servers', 'limits', 'network', 'addresses', 'meta', 'adminPass'] as const;
  const anything = fc.jsonValue({ maxDepth: 4 }) as fc.Arbitrary<JsonValue>;
  fc.assert(
    fc.property(fc.constantFrom(...documents), anything, fc.boolean(), (document, value, isInside) => {
      const xml = renderXml(document, isInside ? { [document]: value } : value);
      expect(parseStrictly(xml)).toHaveLength(1);
      expect(['read', 'root']).toContain(outcome(() => readXmlAnswer(xml, [document])));
    }),
    { ...RUNS, numRuns: 1500 },
  );
});

/** `read`, or why it was refused: a body of another shape has another root. */
function outcome(read: () => unknown): string {
  try {
    read();
    return 'read';
  } catch (error) {
    if (error instanceof XmlError) return error.reason;
    throw error;
  }
}
