import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hrefsIn, hrefsOf } from '../../../src/links/json-hrefs.ts';
import { scanHrefs } from '../../../src/links/json-scan.ts';

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};
const takes = (text: string): boolean => scanHrefs(Buffer.from(text)) !== undefined;

describe('what is JSON', () => {
  it.each([
    ' [ ] ',
    '{}',
    '\t{"a" : [1, -0, 0.5, 1e9, 2E-07, 1.25e+3, true, false, null, ""] }\r\n',
    String.raw`"\" \\ \/ \b \f \n \r \t \u00e9 \uD83D"`,
    '{"":{"":[[[{}]]]}}',
    '"größe 😀 \u007f"',
    '0',
    '[{"a":1,"a":2}]',
  ])('is %s', (text) => {
    expect(isJson(text)).toBe(true);
    expect(takes(text)).toBe(true);
  });

  it.each([
    '',
    ' ',
    '{',
    '[',
    '"',
    '{}}',
    '[]]',
    '{]',
    '[}',
    '[1,]',
    '[,1]',
    '[1 2]',
    '{"a":1,}',
    '{,}',
    '{"a"}',
    '{"a":}',
    '{"a" 1}',
    '{a:1}',
    '{1:1}',
    "{'a':1}",
    '[1]x',
    '1 1',
    '01',
    '-',
    '+1',
    '.5',
    '1.',
    '1.e5',
    '1e',
    '1e+',
    '0x1',
    '--1',
    'tru',
    'trueX',
    'nul',
    'NaN',
    'Infinity',
    'undefined',
    '"\n"',
    '"\u0000"',
    String.raw`"\x41"`,
    String.raw`"\u12"`,
    String.raw`"\u12g4"`,
    String.raw`"\u123`,
    '"\\',
    '"\\"',
    '\u00a0[]',
    '\ufeff{}',
    '/* */ {}',
    '<html></html>',
  ])('is not %s', (text) => {
    expect(isJson(text)).toBe(false);
    expect(takes(text)).toBe(false);
  });

  it('is so down to 100 levels, and only when every level ends', () => {
    const nested = (depth: number) => `${'[{"a":'.repeat(depth / 2)}1${'}]'.repeat(depth / 2)}`;
    for (const depth of [62, 64, 66, 100]) {
      const text = nested(depth);
      expect(takes(text)).toBe(true);
      expect(takes(text.slice(0, -1))).toBe(false);
      expect(takes(`${text}]`)).toBe(false);
    }
    for (const text of [
      nested(102),
      nested(200_000),
      `${'['.repeat(101)}${']'.repeat(101)}`,
      '['.repeat(5_000_000),
    ])
      expect(takes(text)).toBe(false);
  });

  it('is just what JSON.parse takes, whatever is cut out of a document, put in or changed', () => {
    const pieces = fc.constantFrom(
      ...'{}[]:,"\\ \n\t-+.eE019u/afé\u0001'.split(''),
      '"a"',
      'null',
      '1.5',
      '😀',
    );
    const mended = fc.tuple(
      fc.json({ maxDepth: 4 }),
      fc.nat(),
      fc.nat(3),
      fc.array(pieces, { maxLength: 3 }),
    );
    const texts = fc.oneof(
      mended.map(([json, at, cut, put]) => {
        const start = at % (json.length + 1);
        return json.slice(0, start) + put.join('') + json.slice(start + cut);
      }),
      fc.array(pieces, { maxLength: 12 }).map((parts) => parts.join('')),
      fc.json(),
    );
    fc.assert(
      fc.property(texts, (text) => {
        // Bytes hold no half of a surrogate pair.
        const decoded = Buffer.from(text).toString();
        expect(takes(decoded)).toBe(isJson(decoded));
      }),
      { numRuns: 3000 },
    );
  });

  it('is not judged by what bytes that are no UTF-8 might mean', () => {
    const bytes = Buffer.from([0x5b, 0x22, 0xff, 0xe2, 0x82, 0x22, 0x5d]);
    expect(isJson(bytes.toString())).toBe(true);
    expect(scanHrefs(bytes)).toEqual([]);
    expect(scanHrefs(Buffer.from([0x5b, 0xff, 0x5d]))).toBeUndefined();
  });
});

describe('the links of a document', () => {
  const linksOf = (text: string): string[] => {
    const hrefs = hrefsIn(text);
    return hrefs.flatMap((start, index) => (index % 2 === 0 ? [text.slice(start, hrefs[index + 1])] : []));
  };

  it('are the strings of its hrefs', () => {
    const text =
      '{"href":"a","x":{"href" :\n"b","n":["href","c",{"href":""}]},"href":{"href":"d"},"hrefs":"e"}';
    expect(linksOf(text)).toEqual(['a', 'b', '', 'd']);
    expect(linksOf('{"href":null,"a":["b"],"href":["c"]}')).toEqual([]);
    expect(linksOf('["href","x"]')).toEqual([]);
    expect(linksOf('{"href":"a"')).toEqual([]);
  });

  it('are none in metadata, but are behind it', () => {
    const text =
      '{"metadata":{"href":"a","b":{"metadata":{}},"href":"c"},"href":"d","metadata":["e",{"href":"f"}]}';
    expect(linksOf(text)).toEqual(['d', 'f']);
    expect(linksOf('{"metadata":"x","href":"a"}')).toEqual(['a']);
    expect(linksOf(' { "meta" : {"href":"a"}, "href":"b"}')).toEqual([]);
    expect(linksOf('{"a":{"meta":{"href":"b"}}}')).toEqual(['b']);
  });

  it('are found in the text, whatever came before them in bytes', () => {
    const text = '{"größe":"😀é","href":"http://é.test/","x":"ü","href":"b"}';
    expect(linksOf(text)).toEqual(['http://é.test/', 'b']);
    const broken = Buffer.concat([
      Buffer.from('{"a":"'),
      Buffer.from([0xe2, 0x82]),
      Buffer.from('","href":"x"}'),
    ]);
    const decoded = broken.toString();
    const [start, end] = hrefsOf(broken, decoded)!;
    expect(decoded.slice(start, end)).toBe('x');
  });
});
