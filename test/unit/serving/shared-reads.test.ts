import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ReadTerms, SharedReads } from '../../../src/serving/shared-reads.ts';
import type { Cancellation } from '../../../src/upstream/cancellation.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';

/** A caller that can leave. */
function caller() {
  let watcher: (() => void) | undefined;
  const controller = new AbortController();
  const cancellation: Cancellation & { leave(): void } = {
    get gone() {
      return controller.signal.aborted;
    },
    signal: controller.signal,
    watch(callback) {
      watcher = callback;
    },
    leave() {
      controller.abort(new Error('left'));
      watcher?.();
    },
  };
  return cancellation;
}

/** A read that waits for a slot until it is granted one, then for its answer. */
function scripted() {
  const sent: {
    at: number;
    terms: ReadTerms;
    answer: (value: string) => void;
    fail: (error: Error) => void;
  }[] = [];
  const queue: { grant: () => void; refuse: () => void; terms: ReadTerms }[] = [];
  const send = async (terms: ReadTerms): Promise<string> => {
    terms.waiting.begin();
    const isGranted = await new Promise<boolean>((resolve, reject) => {
      queue.push({ grant: () => resolve(true), refuse: () => resolve(false), terms });
      terms.cancellation.signal.addEventListener('abort', () => reject(terms.cancellation.signal.reason));
    }).catch((error: unknown) => {
      terms.waiting.end(false);
      throw error;
    });
    terms.waiting.end(isGranted);
    if (!isGranted) throw new Error('over limit');
    if (terms.cancellation.gone) throw new Error('gone');
    return new Promise<string>((answer, fail) => {
      sent.push({ at: sent.length, terms, answer, fail });
      terms.cancellation.watch(() => fail(new Error('aborted')));
    });
  };
  return { sent, queue, send };
}

const key = () => 'k';
const by = (who: Cancellation) => ({ caller: who, patienceMs: 1000 });

describe('identical reads in the queue', () => {
  it('are answered by the first that gets a slot, whichever that is', async () => {
    const reads = new SharedReads<string>(new FakeClock());
    const { sent, queue, send } = scripted();
    const outcomes = [1, 2, 3].map(() => reads.ask(key, by(caller()), send));
    queue[1]!.grant();
    await settle();
    expect(sent).toHaveLength(1);
    sent[0]!.answer('a');
    expect(await Promise.all(outcomes)).toEqual([
      { answer: 'a', isShared: true },
      { answer: 'a', isShared: false },
      { answer: 'a', isShared: true },
    ]);
    expect(reads.size).toBe(0);
  });

  it('do not take in one that comes once it is sent', async () => {
    const reads = new SharedReads<string>(new FakeClock());
    const { sent, queue, send } = scripted();
    const early = reads.ask(key, by(caller()), send);
    queue[0]!.grant();
    await settle();
    const late = reads.ask(key, by(caller()), send);
    sent[0]!.answer('early');
    expect(await early).toEqual({ answer: 'early', isShared: false });
    queue[1]!.grant();
    await settle();
    sent[1]!.answer('late');
    expect(await late).toEqual({ answer: 'late', isShared: false });
  });

  it('are separate where they ask something else', async () => {
    const reads = new SharedReads<string>(new FakeClock());
    const { sent, queue, send } = scripted();
    const outcomes = ['a', 'b'].map((name) => reads.ask(() => name, by(caller()), send));
    queue[0]!.grant();
    await settle();
    expect(reads.size).toBe(1);
    queue[1]!.grant();
    await settle();
    for (const { at, answer } of sent) answer(String(at));
    expect(await Promise.all(outcomes)).toEqual([
      { answer: '0', isShared: false },
      { answer: '1', isShared: false },
    ]);
  });

  it('keep each its own patience', async () => {
    const reads = new SharedReads<string>(new FakeClock());
    const { sent, queue, send } = scripted();
    const [impatient, patient] = [reads.ask(key, by(caller()), send), reads.ask(key, by(caller()), send)];
    queue[0]!.refuse();
    await expect(impatient).rejects.toThrow('over limit');
    queue[1]!.grant();
    await settle();
    sent[0]!.answer('a');
    expect(await patient).toEqual({ answer: 'a', isShared: false });
  });

  it('take along one that has no place in the queue, within its patience', async () => {
    const clock = new FakeClock();
    const reads = new SharedReads<string>(clock);
    const { sent, queue, send } = scripted();
    const refused = async (terms: ReadTerms): Promise<string> => {
      terms.waiting.refused();
      throw new Error('queue full');
    };
    await expect(reads.ask(key, by(caller()), refused)).rejects.toThrow('queue full');
    const first = reads.ask(key, by(caller()), send);
    const rider = reads.ask(key, by(caller()), refused);
    const hasty = reads.ask(key, { caller: caller(), patienceMs: 10 }, refused);
    const left = caller();
    const gone = reads.ask(key, by(left), refused);
    await settle();
    clock.tick(10);
    await expect(hasty).rejects.toThrow('queue full');
    left.leave();
    await expect(gone).rejects.toThrow('queue full');
    queue[0]!.grant();
    await settle();
    sent[0]!.answer('a');
    expect(await Promise.all([first, rider])).toEqual([
      { answer: 'a', isShared: false },
      { answer: 'a', isShared: true },
    ]);
    expect(clock.pending).toBe(0);
  });

  it('leave behind who rides along when nobody in the queue is left', async () => {
    const reads = new SharedReads<string>(new FakeClock());
    const { queue, send } = scripted();
    const first = reads.ask(key, by(caller()), send);
    const rider = reads.ask(key, by(caller()), async ({ waiting }) => {
      waiting.refused();
      throw new Error('queue full');
    });
    await settle();
    queue[0]!.refuse();
    await expect(first).rejects.toThrow('over limit');
    await expect(rider).rejects.toThrow('queue full');
    expect(reads.size).toBe(0);
  });

  it('share a failure', async () => {
    const reads = new SharedReads<string>(new FakeClock());
    const { sent, queue, send } = scripted();
    const outcomes = [1, 2].map(() => reads.ask(key, by(caller()), send));
    queue[0]!.grant();
    await settle();
    sent[0]!.fail(new Error('no answer'));
    for (const outcome of outcomes) await expect(outcome).rejects.toThrow('no answer');
  });

  it('go on for the others when the caller of the one that was sent leaves, and end with the last', async () => {
    const reads = new SharedReads<string>(new FakeClock());
    const { sent, queue, send } = scripted();
    const callers = [caller(), caller(), caller()];
    const outcomes = callers.map((one) =>
      reads.ask(key, by(one), send).catch((error: Error) => error.message),
    );
    queue[0]!.grant();
    await settle();
    callers[0]!.leave();
    callers[1]!.leave();
    await settle();
    expect(sent[0]!.terms.cancellation.gone).toBe(false);
    callers[2]!.leave();
    await settle();
    expect(sent[0]!.terms.cancellation.gone).toBe(true);
    expect(await Promise.all(outcomes)).toEqual(['aborted', 'aborted', 'aborted']);
  });

  it('do not wait for a caller that has left', async () => {
    const reads = new SharedReads<string>(new FakeClock());
    const { queue, sent, send } = scripted();
    const left = caller();
    const gone = reads.ask(key, by(left), send);
    const other = reads.ask(key, by(caller()), send);
    left.leave();
    await expect(gone).rejects.toThrow('left');
    queue[1]!.grant();
    await settle();
    sent[0]!.answer('a');
    expect(await other).toEqual({ answer: 'a', isShared: false });
  });

  it('give nobody an answer from before it came, whatever happens in whatever order', async () => {
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.constant('arrive' as const) },
      { weight: 3, arbitrary: fc.constant('grant' as const) },
      { weight: 3, arbitrary: fc.constant('answer' as const) },
      { weight: 1, arbitrary: fc.constant('refuse' as const) },
      { weight: 1, arbitrary: fc.constant('leave' as const) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(step, fc.nat(), fc.nat(1)), { maxLength: 40 }), async (steps) => {
        const reads = new SharedReads<string>(new FakeClock());
        const { sent, queue, send } = scripted();
        let now = 0;
        const callers: ReturnType<typeof caller>[] = [];
        const outcomes: Promise<void>[] = [];
        const sentAt: number[] = [];
        let answered = 0;
        const settleAll = async () => {
          await settle();
          while (sentAt.length < sent.length) sentAt.push(now);
        };
        for (const [what, which, topic] of steps) {
          now++;
          if (what === 'arrive') {
            const arrived = now;
            const who = caller();
            callers.push(who);
            outcomes.push(
              reads
                .ask(() => `k${topic}`, by(who), send)
                .then(
                  ({ answer }) => expect(Number(answer)).toBeGreaterThan(arrived),
                  (error: Error) => expect(error.message).toMatch(/over limit|left|aborted|gone/),
                ),
            );
          }
          if (what === 'grant') queue[which % Math.max(1, queue.length)]?.grant();
          if (what === 'refuse') queue[which % Math.max(1, queue.length)]?.refuse();
          if (what === 'leave') callers[which % Math.max(1, callers.length)]?.leave();
          await settleAll();
          if (what === 'answer' && answered < sent.length) {
            // The region says what it knew when the request was sent.
            sent[answered]!.answer(String(sentAt[answered]));
            answered++;
            await settleAll();
          }
        }
        for (const { grant } of queue) grant();
        now++;
        await settleAll();
        for (const [index, { answer }] of sent.entries()) answer(String(sentAt[index]));
        await Promise.all(outcomes);
        expect(reads.size).toBe(0);
      }),
      { numRuns: 300 },
    );
  });
});
