import { randomBytes } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { ClientRegistry } from '../../../src/access/clients.ts';
import { OwnTokens } from '../../../src/access/own-tokens.ts';
import { PasswordVerifier } from '../../../src/access/password.ts';
import { clientSettings } from '../../support/client-settings.ts';
import { FakeClock } from '../../support/fake-clock.ts';

/** What callers can invent is bounded in bytes, whatever of it they make long, and whatever longer text it was cut from. */

setFlagsFromString('--expose_gc');
const collectGarbage = runInNewContext('gc') as () => void;

function heapBytes(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

const MIB = 1024 * 1024;
const HASH = `scrypt:1024:1:1:${randomBytes(16).toString('base64url')}:${'h'.repeat(43)}`;

/** Addresses that differ. */
const address = (at: number) => `10.${(at >> 16) & 255}.${(at >> 8) & 255}.${at & 255}`;

/** The end of a text, as a parser cuts it out of a body. */
const cut = (length: number, at: number, bodyLength: number): string =>
  `${'x'.repeat(bodyLength)}${at}`.padEnd(bodyLength + length, '-').slice(-length);

describe('what wrong passwords leave behind is bounded', () => {
  const FLOODS: [what: string, login: (at: number) => { name: string; password: string; address: string }][] =
    [
      ['names', (at) => ({ name: `name-${at}`, password: 'p', address: '10.0.0.1' })],
      ['long names', (at) => ({ name: `${'n'.repeat(2_000)}${at}`, password: 'p', address: address(at) })],
      [
        'names at the ends of long bodies',
        (at) => ({ name: cut(40, at, 20_000), password: 'p', address: address(at) }),
      ],
      ['passwords', (at) => ({ name: 'anna', password: `${at}${'p'.repeat(900)}`, address: address(at) })],
      [
        'addresses',
        (at) => ({ name: 'anna', password: 'p', address: `2001:db8:${(at & 0xffff).toString(16)}:1::1` }),
      ],
    ];

  it.each(FLOODS)('by however many %s', async (_what, login) => {
    const clock = new FakeClock();
    const registry = new ClientRegistry([clientSettings('anna', { keyHash: HASH })]);
    const verifier = new PasswordVerifier(clock, async () => false);
    const before = heapBytes();
    for (let at = 0; at < 12_000; at++) {
      // Failures leak away, so that all of them are tried and counted.
      clock.tick(2_000);
      await verifier.verify(login(at), registry);
    }
    expect(heapBytes() - before).toBeLessThan(16 * MIB);
    // Whatever holds it is still there.
    expect(await verifier.verify(login(0), registry)).toHaveProperty('kind');
  });
});

it('what is remembered of upstream tokens is bounded by however many there are, and however long', () => {
  const tokens = new OwnTokens<{ catalog: string }>();
  const before = heapBytes();
  const terms = { expiresAtMs: 600_000, ttlMs: 300_000, isProven: true };
  for (let at = 0; at < 30_000; at++) {
    const value = { catalog: Buffer.from(cut(10_000, at, 10)).toString('latin1') };
    tokens.learn(cut(3_000, at, 10), { key: `user ${at}`, value, bytes: 10_000 }, terms, 0);
    tokens.refuse(tokens.digestOf(cut(3_000, at, 20)), 0);
  }
  expect(tokens.bytes).toBeLessThanOrEqual(37 * MIB);
  expect(heapBytes() - before).toBeLessThan(48 * MIB);
  // What holds it all is still there: the last of them is known, the first is not.
  expect(tokens.find(cut(3_000, 29_999, 10), 1)?.owner.catalog).toHaveLength(10_000);
  expect(tokens.find(cut(3_000, 0, 10), 1)).toBeUndefined();
});
