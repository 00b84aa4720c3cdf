import { describe, expect, it } from 'vitest';
import { readCredential } from '../../../src/access/credentials.ts';

const KEY = 'sluice_key_a_b_c';

describe('what a request shows', () => {
  it.each([
    [{}, { kind: 'none' }],
    [{ 'x-auth-token': '' }, { kind: 'none' }],
    [{ 'x-auth-token': '   ' }, { kind: 'none' }],
    [{ 'x-auth-token': KEY }, { kind: 'key', text: KEY }],
    [{ 'x-auth-token': ` ${KEY} ` }, { kind: 'key', text: KEY }],
    [{ authorization: `Bearer ${KEY}` }, { kind: 'key', text: KEY }],
    [{ authorization: `bearer  ${KEY} ` }, { kind: 'key', text: KEY }],
    [
      { authorization: `BEARER ${KEY}`, 'x-auth-token': '' },
      { kind: 'key', text: KEY },
    ],
    [
      { authorization: `Bearer ${KEY}`, 'x-auth-token': KEY },
      { kind: 'key', text: KEY },
    ],
    [{ 'x-auth-token': 'sluice_token_x' }, { kind: 'token', text: 'sluice_token_x' }],
    [{ 'x-auth-token': 'gAAAAABk' }, { kind: 'foreign', text: 'gAAAAABk' }],
    [{ 'x-auth-token': 'SLUICE_KEY_a' }, { kind: 'foreign', text: 'SLUICE_KEY_a' }],
    [{ authorization: `Bearer ${KEY}`, 'x-auth-token': 'other' }, { kind: 'conflict' }],
    [{ 'x-auth-token': `${KEY}, other` }, { kind: 'key', text: `${KEY}, other` }],
    [{ 'x-auth-token': [KEY, 'other'] }, { kind: 'key', text: `${KEY}, other` }],
    [{ authorization: 'Basic YTpi' }, { kind: 'none' }],
    [
      { authorization: 'Basic YTpi', 'x-auth-token': KEY },
      { kind: 'key', text: KEY },
    ],
    [{ authorization: KEY }, { kind: 'none' }],
    [{ authorization: 'Bearer' }, { kind: 'none' }],
    [{ authorization: 'Bearer a b' }, { kind: 'none' }],
    [{ authorization: `Bearer${KEY}` }, { kind: 'none' }],
    [{ authorization: `Bearer ${KEY},${KEY}` }, { kind: 'key', text: `${KEY},${KEY}` }],
  ])('%j is %j', (headers, credential) => {
    expect(readCredential(headers)).toEqual(credential);
  });

  it('is read at once however long a header is', () => {
    expect(readCredential({ authorization: `Bearer ${' '.repeat(30_000)}\u0001` })).toEqual({ kind: 'none' });
    expect(readCredential({ authorization: `Bearer x${' '.repeat(30_000)}\u0001` })).toEqual({
      kind: 'none',
    });
  });
});
