import { describe, expect, it } from 'vitest';
import { generateClientKey } from '../../../src/access/client-key.ts';
import { ClientRegistry } from '../../../src/access/clients.ts';
import { decideAccess } from '../../../src/access/grants.ts';
import { hashClientKey, hashPassword } from '../../../src/access/key-hash.ts';
import { parseNotAfter } from '../../../src/access/not-after.ts';
import { clientSettings as client } from '../../support/client-settings.ts';

const [a, b, c] = ['a', 'b', 'c'].map((name) => generateClientKey(name)) as [string, string, string];

describe('the registry of clients', () => {
  it('knows whose a key is, and that another is nobody’s', () => {
    const registry = new ClientRegistry([
      client('billing', { keyHash: hashClientKey(a) }),
      client('ci', { keys: [{ hash: hashClientKey(b), name: 'runner', notAfter: null }] }),
    ]);
    expect(registry.findKey(a)).toMatchObject({ client: { name: 'billing' }, name: 'billing-0' });
    expect(registry.findKey(b)).toMatchObject({ client: { name: 'ci' }, name: 'runner' });
    for (const other of [c, '', 'billing', hashClientKey(a), a.toLowerCase(), `${a} `])
      expect(registry.findKey(other)).toBeUndefined();
  });

  it('takes all keys of a client at once, each with its own end', () => {
    const registry = new ClientRegistry([
      client('ci', {
        keyHash: hashClientKey(a),
        keys: [
          { hash: hashClientKey(b), notAfter: '2026-03-01' },
          { hash: hashClientKey(c), notAfter: '2026-03-01T12:00:00+02:00' },
        ],
      }),
    ]);
    expect(registry.findKey(a)?.endsAtMs).toBe(Number.POSITIVE_INFINITY);
    expect(registry.findKey(b)?.endsAtMs).toBe(Date.parse('2026-03-02T00:00:00Z'));
    expect(registry.findKey(c)?.endsAtMs).toBe(Date.parse('2026-03-01T10:00:00Z'));
  });

  it('finds the key a token was given for as long as the client has it', () => {
    const before = new ClientRegistry([client('ci', { keyHash: hashClientKey(a) })]);
    const { generation } = before.findKey(a)!;
    expect(before.keyOfToken('ci', generation)?.name).toBe('ci-0');

    const joined = new ClientRegistry([
      client('ci', { keys: [a, b].map((key) => ({ hash: hashClientKey(key), notAfter: null })) }),
    ]);
    expect(joined.keyOfToken('ci', generation)).toBeDefined();
    const rotated = new ClientRegistry([client('ci', { keyHash: hashClientKey(b) })]);
    expect(rotated.keyOfToken('ci', generation)).toBeUndefined();
    expect(new ClientRegistry([]).keyOfToken('ci', generation)).toBeUndefined();
    const moved = new ClientRegistry([client('other', { keyHash: hashClientKey(a) }), client('ci')]);
    expect(moved.keyOfToken('ci', generation)).toBeUndefined();
  });

  it('spells one hash in one way for tokens', () => {
    const [form, digest] = hashClientKey(a).split(':') as [string, string];
    const upper = `${form}:${digest.toUpperCase()}`;
    const generations = [hashClientKey(a), upper].map(
      (keyHash) => new ClientRegistry([client('ci', { keyHash })]).findKey(a)!.generation,
    );
    expect(generations[0]).toBe(generations[1]);
  });

  it('does not find a password by its text alone', async () => {
    const keyHash = await hashPassword('correct horse', { n: 1024, r: 1, p: 1 });
    const registry = new ClientRegistry([client('anna', { keyHash })]);
    expect(registry.findKey('correct horse')).toBeUndefined();
    expect(registry.passwordModel).toMatchObject({ n: 1024, r: 1, p: 1 });
    expect(registry.byName('anna')?.keys[0]?.password).toMatchObject({ kind: 'scrypt', n: 1024 });
    expect(new ClientRegistry([client('ci', { keyHash: hashClientKey(a) })]).passwordModel).toBeUndefined();
  });

  it('holds what each client may do', () => {
    const registry = new ClientRegistry([client('ro', { access: 'read', share: 3, maxWaitMs: 5 })]);
    const known = registry.byName('ro')!;
    expect(known).toMatchObject({ share: 3, maxWaitMs: 5, limits: [] });
    expect(decideAccess(known.grant, { account: 'x', service: 'compute', method: 'PUT' })?.lacks).toBe(
      'write',
    );
    expect(registry.byName('RO')).toBeUndefined();
    expect(registry.byName('__proto__')).toBeUndefined();
  });
});

describe('the end of a key', () => {
  it.each([
    ['2026-12-31', '2027-01-01T00:00:00Z'],
    ['2026-12-31T12:00Z', '2026-12-31T12:00:00Z'],
    ['2026-12-31T12:00:00Z', '2026-12-31T12:00:00Z'],
    ['2026-12-31T12:00:00.5-05:00', '2026-12-31T17:00:00.500Z'],
    ['2028-02-29', '2028-03-01T00:00:00Z'],
  ])('%s is %s', (text, end) => {
    expect(parseNotAfter(text)).toBe(Date.parse(end));
  });

  it.each([
    '',
    'tomorrow',
    '2026',
    '2026-13-01',
    '2026-02-30',
    '2026-02-30T00:00:00Z',
    '2026-12-31T12:00:00',
    '1',
  ])('%j is none', (text) => {
    expect(parseNotAfter(text)).toBeUndefined();
  });
});
