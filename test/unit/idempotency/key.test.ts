import { describe, expect, it } from 'vitest';
import { type Asked, fingerprintOf, type KeyScope, nameOf, readKey } from '../../../src/idempotency/key.ts';
import { parseJson } from '../../../src/translation/json.ts';

describe('an Idempotency-Key', () => {
  it.each([
    ['"8e03978e"', '8e03978e'],
    ['8e03978e-40d5', '8e03978e-40d5'],
    [' "a b" ', 'a b'],
    ['"a\\"b\\\\c"', 'a"b\\c'],
    ['a/b+c=', 'a/b+c='],
    ['"with";parameters=1', 'with'],
  ])('%j is %j', (field, key) => expect(readKey(field)).toBe(key));

  it('that is not there is none', () => expect(readKey(undefined)).toBeUndefined());

  it.each(['', ' ', '""', '"a', 'a"', 'a b', 'a,b', 'a;b', '"a", "b"', '"\u0001"', 'ä', 'x'.repeat(256)])(
    '%j is refused with 400',
    (field) => expect(() => readKey(field)).toThrow(expect.objectContaining({ code: 400 })),
  );
});

describe('what a keyed request is remembered by', () => {
  const scope: KeyScope = { client: 'a', account: 'b', tenant: 'c', key: 'd' };

  it('differs with each part, and where parts only run together', () => {
    const others = [
      { ...scope, client: 'x' },
      { ...scope, account: 'x' },
      { ...scope, tenant: 'x' },
      { ...scope, key: 'x' },
      { ...scope, client: 'ab', account: '' },
    ];
    const names = [scope, ...others].map(nameOf);
    expect(new Set(names).size).toBe(names.length);
    expect(nameOf({ ...scope })).toBe(names[0]);
    expect(names[0]).toMatch(/^[\w-]{43}$/);
  });
});

describe('two requests under one key', () => {
  const scope: KeyScope = { client: 'a', account: 'b', tenant: 'c', key: 'd' };
  const asked = (body: string, over: Partial<Asked> = {}) =>
    fingerprintOf(
      { region: 'DFW', method: 'POST', path: '/servers', query: '', body: parseJson(body), ...over },
      scope,
    );

  it('are the same however their bodies are written', () => {
    const same = ['{"a":1,"b":[1,{"c":null,"d":"x"}]}', ' { "b" : [ 1, {"d":"\\u0078","c":null} ], "a":1 }'];
    expect(asked(same[0]!)).toBe(asked(same[1]!));
  });

  it('differ in any value, order of a list, region, path, query or method', () => {
    const prints = [
      asked('{"a":[1,2]}'),
      asked('{"a":[2,1]}'),
      asked('{"a":[1,2],"b":null}'),
      asked('{"a":["1",2]}'),
      asked('{"a":[1,2]}', { region: 'ORD' }),
      asked('{"a":[1,2]}', { path: '/images' }),
      asked('{"a":[1,2]}', { query: 'x=1' }),
      asked('{"a":[1,2]}', { method: 'PUT' }),
      asked('{"a":[1,2]}', { body: undefined }),
    ];
    expect(new Set(prints).size).toBe(prints.length);
  });

  it('are told apart only with the key', () => {
    const other = fingerprintOf(
      { region: 'DFW', method: 'POST', path: '/servers', query: '', body: parseJson('{}') },
      { ...scope, key: 'e' },
    );
    expect(other).not.toBe(asked('{}'));
  });
});
