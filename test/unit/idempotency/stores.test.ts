import { appendFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openJournal } from '../../../src/idempotency/journal.ts';
import type { KeyScope } from '../../../src/idempotency/key.ts';
import { LocalStore } from '../../../src/idempotency/local-store.ts';
import {
  type IdempotencyRecord,
  openAnswer,
  readRecord,
  sealAnswer,
} from '../../../src/idempotency/record.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { recordAt } from './records.ts';

const clock = new FakeClock();

const record = (over: Partial<IdempotencyRecord> = {}) => recordAt(clock, over);

describe('an answer', () => {
  const scope: KeyScope = { client: 'a', account: 'b', tenant: 'c', key: 'a key' };
  const answer = { status: 202, headers: { location: '/x' }, text: '{"server":{"adminPass":"secret"}}' };

  it('is opened with its key, and with no other', () => {
    const sealed = sealAnswer(answer, 'name', scope);
    expect(Buffer.from(sealed, 'base64').toString('latin1')).not.toContain('secret');
    expect(openAnswer(sealed, 'name', scope)).toEqual(answer);
    expect(openAnswer(sealed, 'name', { ...scope, key: 'another' })).toBeUndefined();
    expect(openAnswer(sealed, 'other', scope)).toBeUndefined();
  });

  it.each(['', 'AAAA', 'rubbish!', Buffer.alloc(200).toString('base64')])('%j is none', (sealed) =>
    expect(openAnswer(sealed, 'name', scope)).toBeUndefined(),
  );
});

describe('a record', () => {
  it('is read as it was written', () => {
    const done = record({ state: 'done', answer: 'x' });
    expect(readRecord(JSON.stringify(done))).toEqual(done);
  });

  it.each([
    'rubbish',
    'null',
    '[]',
    '{}',
    JSON.stringify({ ...record(), state: 'other' }),
    JSON.stringify({ ...record(), leaseUntil: 'soon' }),
    JSON.stringify({ ...record(), state: 'done' }),
    JSON.stringify({ ...record(), answer: 'x' }),
  ])('%s is none', (text) => expect(readRecord(text)).toBeUndefined());
});

describe('what a process remembers', () => {
  it('is bounded in bytes: the oldest that are over go first, what runs stays', async () => {
    const store = new LocalStore({ clock, maxBytes: 10_000 });
    await store.claim('running', record());
    for (let index = 0; index < 100; index++)
      await store.claim(`done-${index}`, record({ state: 'done', answer: 'x'.repeat(500) }));
    expect(store.bytes).toBeLessThanOrEqual(10_000);
    expect(await store.find('running')).toBeDefined();
    expect(await store.find('done-99')).toBeDefined();
    expect(await store.find('done-0')).toBeUndefined();
  });

  it('changes only where it stands as it was read', async () => {
    const store = new LocalStore({ clock, maxBytes: 10_000 });
    const claimed = await store.claim('a', record());
    const next = await store.replace('a', claimed.held, record({ state: 'sent' }));
    expect(next).toBeDefined();
    expect(await store.replace('a', claimed.held, undefined)).toBeUndefined();
    expect(await store.replace('a', next!, undefined)).toBeDefined();
    expect(await store.find('a')).toBeUndefined();
  });
});

describe('a journal', () => {
  async function place(): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'sluice-journal-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    return join(folder, 'below', 'keys');
  }
  const warnings: string[] = [];
  const reopen = (path: string) =>
    openJournal({ path, warn: (line) => warnings.push(line), now: clock.now() });

  it('remembers what is over, takes what was sent for lost, and forgets what was not', async () => {
    const path = await place();
    const journal = await reopen(path);
    await Promise.all([
      journal.write('waiting', record()),
      journal.write('sent', record({ state: 'sent', sentAt: 1 })),
      journal.write('done', record({ state: 'done', answer: 'x' })),
      journal.write('gone', record({ state: 'done', answer: 'x' })),
      journal.write('gone', undefined),
      journal.write('old', record({ state: 'done', answer: 'x', expiresAt: clock.now() })),
    ]);
    await journal.close();
    const { records } = await reopen(path);
    expect([...records].map(([name, { state }]) => [name, state])).toEqual([
      ['sent', 'lost'],
      ['done', 'done'],
    ]);
    expect((await readFile(path, 'utf8')).trim().split('\n')).toHaveLength(3);
  });

  it('is whole again after something could not be appended', async () => {
    const path = await place();
    const journal = await reopen(path);
    await journal.write('first', record({ state: 'done', answer: 'x' }));
    await rm(dirname(path), { recursive: true });
    await journal.write('second', record({ state: 'done', answer: 'x' }));
    expect(warnings.splice(0)).toEqual([expect.stringContaining('cannot be written')]);
    await mkdir(dirname(path));
    await journal.write('third', record({ state: 'done', answer: 'x' }));
    await journal.close();
    expect([...(await reopen(path)).records.keys()]).toEqual(['first', 'second', 'third']);
  });

  it('keeps nothing that the store has let go', async () => {
    const journal = await reopen(await place());
    const store = new LocalStore({ clock, maxBytes: 4_000, journal });
    for (let index = 0; index < 100; index++)
      await store.claim(`done-${index}`, record({ state: 'done', answer: 'x'.repeat(500) }));
    expect(journal.records.size).toBeLessThan(5);
    const over = new LocalStore({ clock, maxBytes: 1_000_000, journal });
    await over.claim('over', record({ state: 'done', answer: 'x', expiresAt: clock.now() + 1 }));
    clock.tick(1);
    expect(await over.find('over')).toBeUndefined();
    expect(journal.records.has('over')).toBe(false);
  });

  it.each<[string, string, boolean]>([
    ['half a last line', '{"name":"half","rec', true],
    ['a last line of zeros', '\0'.repeat(64), false],
    ['a line that says nothing', 'rubbish\n', false],
  ])('with %s behind it says whether something may be missing', async (_what, rest, isWhole) => {
    const path = await place();
    expect((await reopen(path)).isWhole).toBe(true);
    await appendFile(path, rest);
    expect((await reopen(path)).isWhole).toBe(isWhole);
    expect((await reopen(path)).isWhole).toBe(true);
    await writeFile(path, '');
    expect((await reopen(path)).isWhole).toBe(false);
    warnings.length = 0;
  });

  it('stands half a last line, and says so of more rubbish', async () => {
    const path = await place();
    const journal = await reopen(path);
    await journal.write('done', record({ state: 'done', answer: 'x' }));
    await journal.close();
    await appendFile(path, '{"name":"half","rec');
    expect((await reopen(path)).records.size).toBe(1);
    expect(warnings).toEqual([]);
    await appendFile(path, 'rubbish\nmore rubbish\n');
    expect((await reopen(path)).records.size).toBe(1);
    expect(warnings.splice(0)).toEqual([expect.stringContaining('2 lines')]);
  });

  it('that cannot be written leaves it to memory, and says so', async () => {
    const path = await place();
    await writeFile(join(path, '..', '..', 'a-file'), '');
    const journal = await reopen(join(path, '..', '..', 'a-file', 'keys'));
    await journal.write('a', record());
    expect(warnings.splice(0).at(-1)).toContain('cannot be written');
  });
});
