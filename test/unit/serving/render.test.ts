import { describe, expect, it } from 'vitest';
import { Fault } from '../../../src/faults/faults.ts';
import type { Call } from '../../../src/http/call.ts';
import { faultFormat, negotiate, renderFault } from '../../../src/serving/render.ts';

/** A call as far as its format is concerned. */
const call = (accept: string | undefined, query = '', path = '/dfw/v2/1/servers') =>
  ({ path, query, format: 'json', header: () => accept }) as unknown as Call;

describe('the format of an answer', () => {
  it.each([
    [undefined, undefined, '', 'json'],
    ['application/xml', undefined, '', 'xml'],
    ['application/xml', 'json', '', 'json'],
    ['application/xml', undefined, 'limit=1&format=json', 'json'],
    [undefined, undefined, 'format=XML', 'xml'],
    [undefined, 'json', 'format=xml', 'json'],
    [undefined, undefined, 'format=yaml', 'json'],
    [undefined, undefined, 'reformat=xml', 'json'],
  ] as const)('Accept %s, suffix %s, query "%s": %s', (accept, suffix, query, format) => {
    const one = call(accept, query);
    negotiate(one, suffix);
    expect(one.format).toBe(format);
  });

  it('that nobody accepts is 406', () => {
    expect(() => negotiate(call('text/html'), undefined)).toThrow(expect.objectContaining({ code: 406 }));
  });
});

describe('the format of a fault', () => {
  it.each([
    ['text/html', '', '/x', 'json'],
    ['application/xml', '', '/x', 'xml'],
    ['application/json', '', '/x.xml', 'xml'],
    [undefined, 'format=xml', '/x', 'xml'],
  ] as const)('Accept %s, query "%s", path %s: %s', (accept, query, path, format) => {
    expect(faultFormat(call(accept, query, path))).toBe(format);
  });
});

it('a fault is rendered in either format, its text escaped', () => {
  const fault = new Fault('overLimit', 'a < b & "c"', { retryAt: '2026-01-01T00:00:00Z' });
  expect(JSON.parse(renderFault(fault, 'json'))).toEqual({
    overLimit: { code: 413, message: 'a < b & "c"', retryAt: '2026-01-01T00:00:00Z' },
  });
  const xml = renderFault(fault, 'xml');
  expect(xml).toMatch(/<overLimit [^>]*code="413"/);
  expect(xml).toContain('<message>a &lt; b &amp; "c"</message>');
});
