import { describe, expect, it } from 'vitest';
import { readVersions } from '../../../src/identity/discovery.ts';
import type { JsonValue } from '../../../src/json.ts';

const v3 = (href: string, id = 'v3.14') => ({ id, status: 'stable', links: [{ rel: 'self', href }] });
const read = (document: JsonValue, root = 'http://keys.test:5000/') => readVersions(document, new URL(root));

describe('a document of versions', () => {
  it.each<[string, JsonValue]>([
    ['Keystone’s at its root', { versions: { values: [v3('http://keys.test:5000/v3/')] } }],
    ['a plain list', { versions: [v3('http://keys.test:5000/v3')] }],
    ['a single version', { version: v3('http://keys.test:5000/v3/') }],
    ['with a relative link', { versions: [v3('v3/')] }],
    ['with a link that has no host', { versions: [v3('/v3/')] }],
    ['without a link', { versions: [{ id: 'v3.0' }] }],
    ['of the first v3', { versions: [v3('http://keys.test:5000/v3/', 'v3')] }],
  ])('%s leads to v3', (_what, document) => {
    expect(read(document)).toEqual({ v3: 'http://keys.test:5000/v3' });
  });

  it('names each version that Sluice speaks, and no other', () => {
    const document = {
      versions: {
        values: [
          v3('http://keys.test:5000/v3/'),
          v3('http://keys.test:5000/v2.0/', 'v2.0'),
          v3('http://keys.test:5000/v1.1/', 'v1.1'),
          v3('http://keys.test:5000/v2/', 'v2.1'),
          { id: 4 },
          'junk',
        ],
      },
    };
    expect(read(document)).toEqual({ v3: 'http://keys.test:5000/v3', 'v2.0': 'http://keys.test:5000/v2.0' });
  });

  it('keeps the path of a link, below a prefix or beside it', () => {
    const document = { versions: [v3('http://keys.test/identity/v3/')] };
    expect(read(document, 'http://keys.test/identity')).toEqual({ v3: 'http://keys.test/identity/v3' });
    expect(read(document, 'https://keys.test/')).toEqual({ v3: 'https://keys.test/identity/v3' });
  });

  it.each([
    'http://internal-7.local:5000/v3/',
    'http://keys.test:35357/v3/',
    'https://evil.test/v3',
    'http://keys.test@evil.test/v3',
    '//evil.test/v3',
    'javascript:alert(1)',
    `http://keys.test/${'x'.repeat(3000)}/v3`,
    'http://keys.test/identity/v3/auth',
  ])('never leads credentials away from the host that was configured: %s', (href) => {
    expect(read({ versions: [v3(href)] }, 'https://keys.test/identity')).toEqual({
      v3: 'https://keys.test/identity/v3',
    });
  });

  it.each<[JsonValue]>([
    [null],
    ['x'],
    [[]],
    [{}],
    [{ versions: null }],
    [{ versions: { values: {} } }],
    [{ version: 3 }],
  ])('may be junk: %j', (document) => {
    expect(read(document)).toEqual({});
  });
});
