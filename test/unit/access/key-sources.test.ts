import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { generateClientKey } from '../../../src/access/client-key.ts';
import { hashClientKey } from '../../../src/access/key-hash.ts';
import { joinKeySources, readKeysDirectory, readKeysVariable } from '../../../src/access/key-sources.ts';
import { clientSettings } from '../../support/client-settings.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-keys-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const [a, b] = ['billing', 'ci'].map((name) => generateClientKey(name)) as [string, string];
const CLIENTS = ['billing', 'ci.runner'];
const read = () => readKeysDirectory('keys', folder, CLIENTS);
const texts = (source: ReturnType<typeof read>) => source.problems.map(({ text }) => text);

function write(files: Record<string, string>): void {
  mkdirSync(join(folder, 'keys'), { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, 'keys', name), text);
}

describe('a folder of keys', () => {
  it('has a file per client, a line per key, with a name and an end if wanted', () => {
    write({
      billing: `# since March\n${hashClientKey(a)} new\n\n${hashClientKey(b)} old 2026-04-01\r\n`,
      'ci.runner': hashClientKey(b),
    });
    expect(read()).toEqual({
      problems: [],
      keys: [
        { client: 'billing', key: { hash: hashClientKey(a), name: 'new', notAfter: null } },
        { client: 'billing', key: { hash: hashClientKey(b), name: 'old', notAfter: '2026-04-01' } },
        { client: 'ci.runner', key: { hash: hashClientKey(b), notAfter: null } },
      ],
    });
  });

  it('may hold client keys themselves, of which only the hash is kept', () => {
    write({ billing: `${a}\n` });
    expect(read().keys).toEqual([{ client: 'billing', key: { hash: hashClientKey(a), notAfter: null } }]);
  });

  it('is read as an orchestrator mounts it: links, and hidden folders beside', () => {
    write({});
    mkdirSync(join(folder, 'keys', '..data'));
    mkdirSync(join(folder, 'keys', 'lost+found'));
    writeFileSync(join(folder, 'keys', '..data', 'billing'), hashClientKey(a));
    symlinkSync('..data/billing', join(folder, 'keys', 'billing'));
    writeFileSync(join(folder, 'keys', '.swp'), 'x');
    writeFileSync(join(folder, 'keys', 'billing~'), 'x');
    expect(read()).toMatchObject({ problems: [], keys: [{ client: 'billing' }] });
  });

  it('says which file or line is wrong, and never what it holds', () => {
    write({
      billing: `hunter2\n${a.slice(0, -1)}\n${hashClientKey(a)} name 2026-01-01 more\nsha256:hunter2\n${hashClientKey(a)} na/me\n${hashClientKey(a)} name tomorrow\n`,
      stranger: hashClientKey(b),
    });
    expect(texts(read())).toEqual([
      'has no hash in line 1 of the file billing, accepted: HASH [NAME [NOT-AFTER]], or a client key',
      'has a client key in line 2 of the file billing that was cut or mistyped, accepted: HASH [NAME [NOT-AFTER]], or a client key',
      'has more than it should in line 3 of the file billing, accepted: HASH [NAME [NOT-AFTER]]',
      'has a hash in line 4 of the file billing that is no hash of a key, accepted: sha256: and 64 hex digits (`sluice new-key`), or scrypt:N:r:p:salt:hash (`sluice hash-key`)',
      'has a name in line 5 of the file billing that no key can have, accepted: letters, digits, -, _ and .',
      'has an end in line 6 of the file billing that is no date with a time zone, accepted: 2026-12-31T12:00:00Z',
      'has the file stranger, which is called as no client, accepted: billing, ci.runner',
    ]);
    expect(JSON.stringify(read().problems)).not.toMatch(/hunter2|sluice_key/);
  });

  it('refuses a file that cannot be keys, and a folder that is not there', () => {
    expect(texts(read())[0]).toMatch(/^cannot be read \(ENOENT\)/);
    write({ billing: '#'.repeat(70_000) });
    expect(texts(read())[0]).toMatch(/too large/);
  });
});

describe('a variable of keys', () => {
  const of = (text: string | undefined) => readKeysVariable('KEYS', text, CLIENTS);

  it('holds any number of clients', () => {
    const text = `billing=${hashClientKey(a)} new 2026-04-01, ci.runner=${b}\n\n billing = ${hashClientKey(b)}`;
    expect(of(text)).toEqual({
      problems: [],
      keys: [
        { client: 'billing', key: { hash: hashClientKey(a), name: 'new', notAfter: '2026-04-01' } },
        { client: 'ci.runner', key: { hash: hashClientKey(b), notAfter: null } },
        { client: 'billing', key: { hash: hashClientKey(b), notAfter: null } },
      ],
    });
    expect(of('')).toEqual({ keys: [], problems: [] });
  });

  it('is checked, without a word of what it holds', () => {
    expect(texts(of(undefined))).toEqual([
      'names the variable KEYS, which is not set, accepted: one that is',
    ]);
    expect(texts(of(`hunter2,stranger=${hashClientKey(a)},billing=hunter2`))).toEqual([
      'has entry 1 of KEYS, which names no client, accepted: CLIENT=HASH [NAME [NOT-AFTER]]',
      'has entry 2 of KEYS, which is called as no client, accepted: billing, ci.runner',
      'has no hash in entry 3 of KEYS, accepted: HASH [NAME [NOT-AFTER]], or a client key',
    ]);
  });
});

describe('keys from elsewhere', () => {
  it('are their clients’ as if they stood in the configuration', () => {
    write({ billing: hashClientKey(a) });
    const access = {
      mode: 'keys' as const,
      allowRemoteOpen: false,
      tokenKeys: [],
      passThrough: false,
      keysDir: 'keys',
      keysVariable: 'KEYS',
      clients: CLIENTS.map((name) => clientSettings(name)),
    };
    expect(joinKeySources(access, { KEYS: `ci.runner=${b}` }, folder)).toEqual([]);
    expect(access.clients.map(({ keys }) => keys.map(({ hash }) => hash))).toEqual([
      [hashClientKey(a)],
      [hashClientKey(b)],
    ]);
    expect(joinKeySources({ ...access, keysDir: null, keysVariable: null }, {}, folder)).toEqual([]);
    expect(joinKeySources(access, {}, folder)).toHaveLength(1);
  });
});
