import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { generateClientKey } from '../../../src/access/client-key.ts';
import { ClientRegistry } from '../../../src/access/clients.ts';
import { hashClientKey, parseKeyHash, type ScryptHash } from '../../../src/access/key-hash.ts';
import { type PasswordVerdict, PasswordVerifier } from '../../../src/access/password.ts';
import { clientSettings } from '../../support/client-settings.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { createGate } from '../../support/gate.ts';

/** A hash of the form, told apart by its salt: what is right for it is said below. */
const hashNumber = (number: number) =>
  `scrypt:1024:1:1:${Buffer.from(`salt-${number}-xx`).toString('base64url')}:${'h'.repeat(43)}`;
const saltOf = (number: number) => (parseKeyHash(hashNumber(number)) as ScryptHash).salt.toString();
const RIGHT = new Map([
  [saltOf(1), 'apple'],
  [saltOf(2), 'banana'],
  [saltOf(3), 'cherry'],
]);

const REGISTRY = new ClientRegistry([
  clientSettings('anna', { keyHash: hashNumber(1) }),
  clientSettings('bert', { keys: [2, 3].map((number) => ({ hash: hashNumber(number), notAfter: null })) }),
  clientSettings('robot', { keyHash: hashClientKey(generateClientKey('robot')) }),
]);

function setUp(registry = REGISTRY) {
  const clock = new FakeClock();
  const gate = createGate();
  gate.open();
  const state = { clock, gate, verified: 0, isGated: false };
  const verifier = new PasswordVerifier(clock, async (password, { salt }) => {
    state.verified++;
    if (state.isGated) await held.pass();
    return RIGHT.get(salt.toString()) === password;
  });
  const held = createGate();
  const login = (name: string, password: string, address = '10.0.0.1', clients = registry) =>
    verifier.verify({ name, password, address }, clients);
  const decideNow = (name: string, password: string, address = '10.0.0.1') =>
    verifier.decideNow({ name, password, address }, registry);
  return { state, clock, held, login, decideNow };
}

const kinds = (verdicts: readonly PasswordVerdict[]) => verdicts.map(({ kind }) => kind);

describe('a login with a password', () => {
  it('is right for the client’s own name and any of its passwords', async () => {
    const { login } = setUp();
    expect(await login('anna', 'apple')).toMatchObject({ kind: 'right', key: { name: 'anna-0' } });
    expect(await login('bert', 'cherry')).toMatchObject({ kind: 'right', key: { name: 'bert-1' } });
    for (const [name, password] of [
      ['anna', 'banana'],
      ['anna', ''],
      ['Anna', 'apple'],
      ['nobody', 'apple'],
      ['robot', 'apple'],
    ] as const)
      expect(await login(name, password)).toEqual({ kind: 'wrong' });
  });

  it('costs as much for a name that nobody has, or that has no password', async () => {
    const { state, login } = setUp();
    for (const name of ['anna', 'nobody', 'robot']) {
      const before = state.verified;
      await login(name, 'wrong');
      expect(state.verified - before).toBe(1);
    }
  });

  it('is verified once for some minutes, then again', async () => {
    const { state, clock, login } = setUp();
    for (let again = 0; again < 5; again++) expect((await login('anna', 'apple')).kind).toBe('right');
    expect(state.verified).toBe(1);
    clock.tick(9 * 60_000);
    await login('anna', 'apple');
    expect(state.verified).toBe(1);
    clock.tick(60_000);
    expect((await login('anna', 'apple')).kind).toBe('right');
    expect(state.verified).toBe(2);
  });

  it('that is wrong is remembered too, and still counts as a failure', async () => {
    const { state, login } = setUp();
    const verdicts: PasswordVerdict[] = [];
    for (let again = 0; again < 8; again++) verdicts.push(await login('anna', 'wrong'));
    expect(state.verified).toBe(1);
    expect(kinds(verdicts)).toEqual([...Array(6).fill('wrong'), 'slow', 'slow']);
    expect(verdicts.at(-1)).toEqual({ kind: 'slow', retryAfterSeconds: 1 });
  });

  it('is verified once however many ask at the same time', async () => {
    const { state, held, login } = setUp();
    state.isGated = true;
    const all = Array.from({ length: 100 }, (_, at) => login('anna', 'apple', `10.0.1.${at}`));
    await held.arrived(1);
    held.open();
    expect(new Set(kinds(await Promise.all(all)))).toEqual(new Set(['right']));
    expect(state.verified).toBe(1);
  });

  it('is refused beyond what may share one verification, for the moment', async () => {
    const { state, held, login } = setUp();
    state.isGated = true;
    const all = Array.from({ length: 300 }, () => login('anna', 'apple'));
    await held.arrived(1);
    held.open();
    const found = kinds(await Promise.all(all));
    expect(found.filter((kind) => kind === 'right')).toHaveLength(257);
    expect(found.filter((kind) => kind === 'slow')).toHaveLength(43);
  });

  it('is slowed after failures from the same place, and right again after the pause', async () => {
    const { clock, login } = setUp();
    for (let failure = 0; failure < 6; failure++) await login('anna', `wrong-${failure}`);
    expect(await login('anna', 'apple')).toEqual({ kind: 'slow', retryAfterSeconds: 1 });
    clock.tick(1_000);
    expect((await login('anna', 'apple')).kind).toBe('right');
  });

  it('that was right before is never slowed, even when it has to be verified again', async () => {
    const { clock, login } = setUp();
    await login('anna', 'apple');
    for (let failure = 0; failure < 50; failure++) await login('anna', `wrong-${failure}`);
    expect((await login('anna', 'apple')).kind).toBe('right');
    clock.tick(11 * 60_000);
    for (let failure = 0; failure < 50; failure++) await login('anna', `wrong-${failure}`);
    expect((await login('anna', 'apple')).kind).toBe('right');
  });

  it('goes through for others while one caller fails and fails', async () => {
    const { clock, login } = setUp();
    for (let second = 0; second < 600; second++) {
      await login('anna', `wrong-${second}`);
      clock.tick(1_000);
    }
    expect((await login('anna', 'wrong')).kind).toBe('slow');
    expect((await login('anna', 'apple', '10.0.0.2')).kind).toBe('right');
    expect((await login('bert', 'banana', '10.0.0.1')).kind).toBe('right');
  });

  it('is told to wait honestly when many addresses try one name, unless it is at home', async () => {
    const { login } = setUp();
    await login('anna', 'apple', 'home');
    let verdict: PasswordVerdict = { kind: 'wrong' };
    for (let at = 0; at < 200; at++) verdict = await login('anna', `wrong-${at}`, `10.1.0.${at % 100}`);
    expect(verdict).toMatchObject({ kind: 'slow' });
    expect((await login('anna', 'apple', 'home')).kind).toBe('right');
    expect((await login('bert', 'banana', '10.2.0.1')).kind).toBe('right');
  });

  it('is heard for the first time from a new place, while a flood tries its name from everywhere', async () => {
    const { clock, login } = setUp();
    for (let at = 0; at < 5_000; at++) {
      await login('anna', `wrong-${at}`, `10.1.${at % 16}.${at % 200}`);
      if (at % 10 === 0) clock.tick(1);
    }
    expect((await login('anna', 'again', '10.1.0.0')).kind).toBe('slow');
    expect((await login('anna', 'apple', '10.9.0.1')).kind).toBe('right');
    // One that fails there is a guesser like the others.
    expect((await login('anna', 'guess', '10.9.0.2')).kind).toBe('wrong');
    expect((await login('anna', 'guess again', '10.9.0.2')).kind).toBe('slow');
  });

  it('counts failures that shared one verification for each who asked', async () => {
    const { state, held, login } = setUp();
    state.isGated = true;
    const all = Array.from({ length: 10 }, () => login('anna', 'wrong'));
    await held.arrived(1);
    held.open();
    expect(new Set(kinds(await Promise.all(all)))).toEqual(new Set(['wrong']));
    expect((await login('anna', 'other')).kind).toBe('slow');
  });

  it('ends with the password: another registry, another answer', async () => {
    const { login } = setUp();
    expect((await login('anna', 'apple')).kind).toBe('right');
    const changed = new ClientRegistry([clientSettings('anna', { keyHash: hashNumber(2) })]);
    expect((await login('anna', 'apple', '10.0.0.1', changed)).kind).toBe('wrong');
    expect((await login('anna', 'banana', '10.0.0.1', changed)).kind).toBe('right');
    const ended = new ClientRegistry([
      clientSettings('anna', { keys: [{ hash: hashNumber(1), notAfter: '2025-12-31' }] }),
    ]);
    expect((await login('anna', 'apple', '10.0.0.1', ended)).kind).toBe('wrong');
  });

  it('needs no work where nobody has a password', async () => {
    const { state, login } = setUp(new ClientRegistry([clientSettings('robot')]));
    for (let again = 0; again < 50; again++) expect((await login('robot', 'x')).kind).toBe('wrong');
    expect(state.verified).toBe(0);
  });

  it('with endless words is wrong without work, and counts', async () => {
    const { state, login } = setUp();
    expect((await login('anna', 'x'.repeat(100_000))).kind).toBe('wrong');
    expect((await login('n'.repeat(100_000), 'x')).kind).toBe('wrong');
    expect(state.verified).toBe(0);
  });

  it('tells nobody that something broke inside', async () => {
    const clock = new FakeClock();
    const verifier = new PasswordVerifier(clock, () => Promise.reject(new Error('no memory')));
    const login = () => verifier.verify({ name: 'anna', password: 'apple', address: 'a' }, REGISTRY);
    await expect(login()).rejects.toThrow('no memory');
    await expect(login()).rejects.toThrow('no memory');
  });
});

describe('a flood of passwords that there is no time to verify', () => {
  const COST_MS = 100;

  /** Verifications take 100 ms of a clock turned by hand. */
  function setUpSlow() {
    const clock = new FakeClock();
    const verifier = new PasswordVerifier(
      clock,
      (password, { salt }) =>
        new Promise((resolve) =>
          clock.setTimer(() => resolve(RIGHT.get(salt.toString()) === password), COST_MS),
        ),
    );
    const login = (name: string, password: string, address: string) =>
      verifier.verify({ name, password, address }, REGISTRY);
    let guess = 0;
    /** 64 addresses that have never been verified before, each with 20 guesses a second. */
    const flood = async (seconds: number) => {
      for (let turn = 0; turn < seconds * 20; turn++) {
        for (let at = 0; at < 64; at++)
          void login(at % 2 === 0 ? 'anna' : 'nobody', `guess ${guess++}`, `10.1.0.${at}`);
        await clock.advance(50);
      }
    };
    return { clock, login, flood };
  }

  it('leaves room for the first login from a new place, and for the next ones', async () => {
    const { login, flood } = setUpSlow();
    await flood(60);
    for (const [at, [name, password]] of [
      ['anna', 'apple'],
      ['bert', 'cherry'],
      ['anna', 'pear'],
    ].entries()) {
      const first = login(name!, password!, `10.9.0.${at}`);
      await flood(5);
      expect((await first).kind).toBe(password === 'pear' ? 'wrong' : 'right');
      await flood(20);
    }
  });

  it('lets in who waits as told, even where its first seconds have spent all there was', async () => {
    const { login, flood } = setUpSlow();
    await flood(0.2);
    let verdict: PasswordVerdict | undefined;
    for (let turns = 0; turns < 5 && verdict?.kind !== 'right'; turns++) {
      if (verdict?.kind === 'slow') await flood(verdict.retryAfterSeconds);
      const attempt = login('anna', 'apple', '10.9.0.1');
      await flood(6);
      verdict = await attempt;
    }
    expect(verdict).toMatchObject({ kind: 'right' });
  });
});

describe('what is said of a login at once', () => {
  it('is nothing where a password has to be verified, and nothing is begun or counted', async () => {
    const { state, login, decideNow } = setUp();
    for (let again = 0; again < 100; again++) {
      expect(decideNow('anna', 'wrong')).toBeUndefined();
      expect(decideNow('anna', 'apple')).toBeUndefined();
      expect(decideNow('nobody', `word-${again}`)).toBeUndefined();
    }
    expect(state.verified).toBe(0);
    expect((await login('anna', 'apple')).kind).toBe('right');
    expect(decideNow('anna', 'apple')).toMatchObject({ kind: 'right', key: { name: 'anna-0' } });
  });

  it('is that there is no room, while all who may wait do; not to a place that nobody has failed from', async () => {
    const { state, held, login, decideNow } = setUp();
    for (const at of [1, 2]) await login('nobody', 'first word', `10.0.0.${at}`);
    state.isGated = true;
    const waiting = Array.from({ length: 10 }, (_, at) =>
      login('nobody', `word-${at}`, `10.0.0.${1 + (at % 2)}`),
    );
    await held.arrived(2);
    expect(decideNow('nobody', 'another word', '10.0.0.1')).toMatchObject({ kind: 'slow' });
    expect(decideNow('root', 'another word', '10.0.0.2')).toMatchObject({ kind: 'slow' });
    expect(decideNow('nobody', 'another word', '10.0.0.9')).toBeUndefined();
    expect(decideNow('anna', 'apple', '10.0.0.1')).toBeUndefined();
    held.open();
    await Promise.all(waiting);
  });

  it('is what would have been found out otherwise, whatever has gone before', async () => {
    const attempt = fc.tuple(
      fc.constantFrom('anna', 'bert', 'robot', 'nobody', 'n'.repeat(70)),
      fc.constantFrom('apple', 'banana', 'wrong', 'other', 'p'.repeat(1_100)),
      fc.constantFrom('10.0.0.1', '10.0.0.2', '2001:db8::1'),
      fc.nat({ max: 3_000 }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(attempt, { minLength: 1, maxLength: 80 }), async (attempts) => {
        const [slowly, atOnce] = [setUp(), setUp()];
        for (const [name, password, address, ms] of attempts) {
          const verdict = await slowly.login(name, password, address);
          const decided = atOnce.decideNow(name, password, address);
          expect(decided ?? (await atOnce.login(name, password, address))).toEqual(verdict);
          for (const { clock } of [slowly, atOnce]) clock.tick(ms);
        }
        expect(atOnce.state.verified).toBe(slowly.state.verified);
      }),
      { numRuns: 60 },
    );
  });
});
