import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { digestClientKey, generateClientKey, parseClientKey } from '../../../src/access/client-key.ts';
import { describeKey } from '../../../src/commands/new-key.ts';

describe('what new-key prints', () => {
  const key = generateClientKey('billing');
  const [first, ...rest] = describeKey('billing', key).split('\n') as [string, ...string[]];

  it('has the key on its first line and nowhere else', () => {
    expect(first).toBe(key);
    expect(parseClientKey(first).kind).toBe('key');
    expect(rest.join('\n')).not.toContain(key.slice(-50));
  });

  it('has lines for the configuration, with the hash alone', () => {
    expect(parse(rest.join('\n'))).toEqual({
      access: {
        mode: 'keys',
        clients: [{ name: 'billing', keyHash: `sha256:${digestClientKey(key)}` }],
      },
    });
  });

  it.each(['123', '1.5', 'true', 'No', 'null', '0x1f', '1e3', '2026-01-01', 'a.b', 'a_b-c', 'x'])(
    'keeps the name %s a text',
    (name) => {
      const lines = describeKey(name, generateClientKey(name)).split('\n').slice(1).join('\n');
      expect(parse(lines).access.clients[0].name).toBe(name);
    },
  );
});
