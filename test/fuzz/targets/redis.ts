import fc from 'fast-check';
import { decodeEntry, encodeEntry } from '../../../src/cache/redis/codec.ts';
import { decodeMessage, encodeMessage } from '../../../src/cache/redis/message.ts';
import { createSeal } from '../../../src/redis/seal.ts';
import type { FuzzTarget } from '../target.ts';
import { mutated } from '../text.ts';

const NOW = Date.UTC(2026, 0, 1);
const [SECRET, OPEN] = [createSeal(['a signing key of some length']), createSeal([])];
const identity = { key: 'k', scope: 'main/DFW/flavors', tenant: '1', subject: '2', query: '' };
const times = { storedAt: NOW, freshUntil: NOW + 1, staleUntil: NOW + 2, errorUntil: NOW + 3 };
const body = JSON.stringify({
  flavor: { id: '2', links: [{ rel: 'self', href: 'http://a/v2/1/flavors/2' }], name: 'x'.repeat(1_200) },
});
const written = (text: string, seal: typeof SECRET) =>
  encodeEntry({ ...identity, ...times, status: 200, body: text, headers: {} }, '1', seal)!;

/** Entries as they may stand in Redis: one that was not written by an instance is nobody's answer. */
export const entries: FuzzTarget<{ bytes: Buffer; isSealed: boolean }> = {
  name: 'entries in Redis',
  arbitrary: fc.boolean().chain((isSealed) => {
    const seal = isSealed ? SECRET : OPEN;
    const kept = fc
      .constantFrom(written(body, seal), written('{"flavor":{}}', seal), Buffer.alloc(0))
      .chain(mutated);
    const other = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes));
    return fc.record({
      bytes: fc.oneof({ weight: 5, arbitrary: kept }, other),
      isSealed: fc.constant(isSealed),
    });
  }),
  check({ bytes, isSealed }) {
    const entry = decodeEntry(bytes, identity, isSealed ? SECRET : OPEN, NOW);
    if (entry === null) return;
    JSON.parse(entry.body);
    if (isSealed && entry.body !== body && entry.body !== '{"flavor":{}}')
      throw new Error('it took an entry that nobody wrote');
  },
};

const message = (kind: 'write' | 'all') =>
  encodeMessage(
    {
      from: 'a',
      scope: identity.scope,
      change: kind === 'all' ? { kind } : { kind, lists: true, subject: '2' },
    } as never,
    SECRET,
  );

/** Messages of other instances, or of anybody. */
export const messages: FuzzTarget<string> = {
  name: 'messages in Redis',
  arbitrary: fc
    .constantFrom(`17 ${message('write')}`, `18 ${message('all')}`)
    .chain((text) => mutated(Buffer.from(text)).map((bytes) => bytes.toString())),
  check(text) {
    const heard = decodeMessage(text, SECRET);
    if (heard?.isGenuine && !message('write').includes(`"scope":"${heard.scope}"`))
      throw new Error('it believes what nobody said');
  },
};
