import { describe, expect, it } from 'vitest';
import { isJsonObject, type JsonValue } from '../../../src/json.ts';
import { OPERATIONS } from '../../../src/operations/table.ts';
import { parseJson, stringifyJson } from '../../../src/translation/json.ts';
import {
  readIdentityXml,
  readIdentityXmlAnswer,
  readXml,
  readXmlAnswer,
} from '../../../src/translation/read-xml.ts';
import {
  renderFaultXml,
  renderIdentityXml,
  renderXml,
  renderXmlRequest,
} from '../../../src/translation/write-xml.ts';
import { canonicalXml } from './canonical.ts';
import { goldenFolders, goldenPairs } from './golden.ts';

/**
 * What a rendering adds or drops for good: an empty `<metadata/>` that JSON lacked, links that were an empty list.
 * Numbers keep their spelling in the comparison.
 */
function comparable(value: JsonValue): unknown {
  return JSON.parse(stringifyJson(spelled(value))) as unknown;
}

function spelled(value: JsonValue): JsonValue {
  if (typeof value === 'number' || (typeof value === 'object' && value !== null && 'text' in value))
    return `number ${String(value)}`;
  if (Array.isArray(value)) return value.map(spelled);
  if (!isJsonObject(value)) return value;
  const kept = Object.entries(value).filter(([key, member]) => {
    if (Array.isArray(member)) return !(key.endsWith('links') && member.length === 0);
    return !(key === 'metadata' && isJsonObject(member) && Object.keys(member).length === 0);
  });
  return Object.fromEntries(kept.map(([key, member]) => [key, spelled(member)]));
}

describe('golden pairs of every operation', () => {
  for (const operation of OPERATIONS) {
    const pairs = goldenPairs(operation.name);
    const requests = pairs.filter(({ name }) => name.split('.')[0] === 'request');
    const responses = pairs.filter(({ name }) => name.split('.')[0] === 'response');
    const { request, response } = operation;

    it(`${operation.name} has a pair for each body it has, and for no other`, () => {
      expect(requests.length > 0).toBe(request !== null);
      expect(responses.length > 0).toBe(response !== null);
      expect(pairs).toHaveLength(requests.length + responses.length);
    });

    for (const { name, json, xml } of requests) {
      it(`${operation.name}: ${name} is read as its JSON`, () => {
        const read = readXml(xml, [request!]);
        expect(read.document).toBe(request);
        expect(read.value).toEqual(parseJson(json));
      });
      it(`${operation.name}: ${name} is rendered as its XML`, () => {
        expect(canonicalXml(renderXmlRequest(request!, parseJson(json)))).toBe(canonicalXml(xml));
      });
    }

    for (const { name, json, xml } of responses) {
      it(`${operation.name}: ${name} is rendered as its XML`, () => {
        expect(canonicalXml(renderXml(response!, parseJson(json)))).toBe(canonicalXml(xml));
      });
      it(`${operation.name}: ${name} is read as its JSON`, () => {
        const read = readXmlAnswer(xml, [response!]);
        expect(read.document).toBe(response);
        expect(comparable(read.value)).toEqual(comparable(parseJson(json)));
      });
    }
  }

  it('has no folder that belongs to nothing', () => {
    const known = new Set([...OPERATIONS.map(({ name }) => name), 'faults', 'choices', 'identity']);
    expect(goldenFolders().filter((folder) => !known.has(folder))).toEqual([]);
  });
});

describe('golden faults', () => {
  const pairs = goldenPairs('faults');
  it('are there', () => expect(pairs.length).toBeGreaterThan(15));
  for (const { name, json, xml } of pairs) {
    it(`${name} is the same from every operation and without one`, () => {
      const expected = canonicalXml(xml);
      expect(canonicalXml(renderFaultXml(parseJson(json)))).toBe(expected);
      for (const { response } of OPERATIONS)
        if (response !== null) expect(canonicalXml(renderXml(response, parseJson(json)))).toBe(expected);
    });
    it(`${name} is read back`, () => {
      const read = readXmlAnswer(xml, ['servers', 'network', 'extensionAction']);
      expect(read.document).toBe('fault');
      expect(read.value).toEqual(parseJson(json));
    });
  }
});

it('a 300 answer is rendered and read as choices', () => {
  const [pair] = goldenPairs('choices');
  expect(canonicalXml(renderXml('servers', parseJson(pair!.json)))).toBe(canonicalXml(pair!.xml));
  expect(readXmlAnswer(pair!.xml, ['servers', 'choices']).value).toEqual(parseJson(pair!.json));
});

describe('golden bodies of Identity v2.0', () => {
  const pairs = goldenPairs('identity');
  it('are there', () => expect(pairs.length).toBeGreaterThan(5));
  for (const { name, json, xml } of pairs) {
    const document = name.split('.')[0] as 'auth' | 'access' | 'tenants' | 'unauthorized';
    it(`${name} is rendered as its XML`, () => {
      const value = parseJson(json);
      const rendered =
        document === 'unauthorized' ? renderFaultXml(value, 'identity') : renderIdentityXml(document, value);
      expect(canonicalXml(rendered)).toBe(canonicalXml(xml));
    });
    it(`${name} is read as its JSON`, () => {
      const read =
        document === 'auth' ? readIdentityXml(xml) : readIdentityXmlAnswer(xml, ['access', 'tenants']);
      expect(read.document).toBe(document === 'unauthorized' ? 'fault' : document);
      expect(read.value).toEqual(parseJson(json));
    });
  }
});
