import { describe, expect, it } from 'vitest';
import { type Begun, IdempotencyKeeper, KeyTaken, type Run } from '../../../src/idempotency/keeper.ts';
import { LocalStore } from '../../../src/idempotency/local-store.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { recordAt } from './records.ts';

const HOUR_MS = 3_600_000;

/** Instances that share one store. */
function instances(count: number) {
  const clock = new FakeClock();
  const store = new LocalStore({ clock, maxBytes: 1_000_000 });
  const keepers = Array.from(
    { length: count },
    () => new IdempotencyKeeper({ store, clock, keepMs: 24 * HOUR_MS }),
  );
  return { clock, store, keepers };
}

const begin = (
  keeper: IdempotencyKeeper,
  print = 'f',
  patienceMs = 0,
  signal = new AbortController().signal,
) => keeper.begin('name', print, { patienceMs, signal });

function runOf(begun: Begun): Run {
  if (begun.kind !== 'run') throw new Error(`it is ${begun.kind}`);
  return begun.run;
}

describe('a keyed request', () => {
  it('is sent by the first, and answered to all others from then on', async () => {
    const { keepers } = instances(2);
    const run = runOf(await begin(keepers[0]!));
    expect(await begin(keepers[1]!)).toEqual({ kind: 'running' });
    await run.sending();
    expect(await begin(keepers[0]!)).toEqual({ kind: 'running' });
    await run.done('answer');
    for (const keeper of keepers)
      expect(await begin(keeper)).toMatchObject({ kind: 'answered', record: { answer: 'answer' } });
  });

  it('is a mismatch for another fingerprint, whatever became of the first', async () => {
    const { keepers } = instances(1);
    const run = runOf(await begin(keepers[0]!));
    expect(await begin(keepers[0]!, 'g')).toEqual({ kind: 'mismatch' });
    await run.done('a');
    expect(await begin(keepers[0]!, 'g')).toEqual({ kind: 'mismatch' });
  });

  it('is free again once it is forgotten, and after a day', async () => {
    const { keepers, clock } = instances(1);
    await runOf(await begin(keepers[0]!)).forget();
    const run = runOf(await begin(keepers[0]!, 'g'));
    await run.done('a');
    clock.tick(24 * HOUR_MS - 1);
    expect((await begin(keepers[0]!, 'g')).kind).toBe('answered');
    clock.tick(1);
    expect((await begin(keepers[0]!, 'h')).kind).toBe('run');
  });

  it('is waited for as long as patience allows, here and elsewhere', async () => {
    const { keepers, clock } = instances(2);
    const run = runOf(await begin(keepers[0]!));
    const patient = keepers.map((keeper) => begin(keeper, 'f', 10_000));
    const impatient = keepers.map((keeper) => begin(keeper, 'f', 1000));
    await clock.advance(1000);
    expect(await Promise.all(impatient)).toEqual([{ kind: 'running' }, { kind: 'running' }]);
    await run.sending();
    await run.done('a');
    await clock.advance(500);
    expect((await Promise.all(patient)).map(({ kind }) => kind)).toEqual(['answered', 'answered']);
  });

  it('is not waited for by a caller that leaves', async () => {
    const { keepers } = instances(1);
    await begin(keepers[0]!);
    const left = new AbortController();
    const waiting = begin(keepers[0]!, 'f', 10_000, left.signal);
    await settle();
    left.abort(new Error('left'));
    await expect(waiting).rejects.toThrow('left');
  });
});

describe('an instance that dies', () => {
  it('before it has sent the request leaves it to the next to ask, after its lease', async () => {
    const { store, clock } = instances(0);
    await store.claim('name', recordAt(clock, { owner: 'dead', expiresAt: clock.now() + HOUR_MS }));
    const keeper = new IdempotencyKeeper({ store, clock, keepMs: HOUR_MS });
    const waiting = begin(keeper, 'f', 60_000);
    await clock.advance(14_000);
    expect(await Promise.race([waiting, 'still waiting'])).toBe('still waiting');
    await clock.advance(2_000);
    expect((await waiting).kind).toBe('run');
  });

  it('after it has sent it leaves it lost', async () => {
    const { store, clock } = instances(0);
    const record = {
      state: 'sent',
      fingerprint: 'f',
      owner: 'dead',
      leaseUntil: clock.now() - 1,
      startedAt: clock.now() - 20_000,
      sentAt: clock.now() - 19_000,
      expiresAt: clock.now() + HOUR_MS,
    } as const;
    await store.claim('name', record);
    const keeper = new IdempotencyKeeper({ store, clock, keepMs: HOUR_MS });
    const begun = await begin(keeper);
    expect(begun).toMatchObject({ kind: 'lost', lost: { record: { sentAt: record.sentAt } } });
    if (begun.kind !== 'lost') throw new Error();
    const second = await begin(keeper);
    if (second.kind !== 'lost') throw new Error();
    expect((await begun.lost.again())?.record.state).toBe('waiting');
    expect(await second.lost.again()).toBeUndefined();
  });

  it('after it has sent what nobody can know again leaves that written down', async () => {
    const { keepers } = instances(1);
    const run = runOf(await begin(keepers[0]!));
    await run.sending(true);
    await run.lost();
    expect(await begin(keepers[0]!)).toMatchObject({ kind: 'lost', lost: { record: { isUnmarked: true } } });
  });

  it('only for a while does not send what another has taken over meanwhile', async () => {
    const { keepers, clock, store } = instances(2);
    const frozen = runOf(await begin(keepers[0]!));
    const held = await store.find('name');
    await store.replace('name', held!, { ...held!.record, leaseUntil: clock.now() });
    const taken = runOf(await begin(keepers[1]!));
    await expect(frozen.sending()).rejects.toThrow(KeyTaken);
    await taken.sending();
    await taken.done('a');
  });

  it('is not taken for dead while it runs', async () => {
    const { keepers, clock } = instances(2);
    const run = runOf(await begin(keepers[0]!));
    await run.sending();
    await clock.advance(120_000);
    expect(await begin(keepers[1]!)).toEqual({ kind: 'running' });
    await run.done('a');
    expect((await begin(keepers[1]!)).kind).toBe('answered');
    expect(clock.pending).toBe(0);
  });
});
