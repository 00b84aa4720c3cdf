import { describe, expect, it } from 'vitest';
import { type Shaper, silentObserver } from '../../../../src/limits/queue/shaper-contract.ts';
import { refusalFault } from '../../../../src/limits/refusal.ts';
import type { Permit, Refusal } from '../../../../src/limits/slot-request.ts';
import { type FakeClock, settle } from '../../../support/fake-clock.ts';
import { limit, permitted, refused, requestFor, shaperWith, TEST_SETTINGS } from '../harness.ts';

/** Sends `count` requests, each answered at once. */
function use(shaper: Shaper, path: string, count: number, overrides = {}): void {
  for (let index = 0; index < count; index++)
    permitted(shaper.acquire(requestFor(path, overrides))).answered(200);
}

/** Notes the order in which waiting requests are let through; each is answered at once. */
function line(clock: FakeClock) {
  const left: { name: string; at: number }[] = [];
  const turnedAway: { name: string; refusal: Refusal }[] = [];
  return {
    left,
    turnedAway,
    join(name: string, outcome: ReturnType<Shaper['acquire']>) {
      const settled = (answer: Permit | Refusal) => {
        if (answer.refused) turnedAway.push({ name, refusal: answer });
        else {
          left.push({ name, at: clock.monotonic() });
          answer.answered(200);
        }
      };
      if (outcome instanceof Promise)
        void outcome.then(settled, () => turnedAway.push({ name, refusal: undefined as never }));
      else settled(outcome);
    },
  };
}

describe('windows', () => {
  it('hold a slot from sending until the answer, a unit and a margin', async () => {
    const { shaper, clock } = shaperWith([limit('GET', '*', 1, 'SECOND')]);
    const first = permitted(shaper.acquire(requestFor('/flavors')));
    const queue = line(clock);
    queue.join('second', shaper.acquire(requestFor('/flavors')));
    await clock.advance(400);
    first.answered(200);
    await clock.advance(1000);
    expect(queue.left).toEqual([]);
    await clock.advance(10);
    expect(queue.left).toHaveLength(1);
    expect(queue.left[0]!.at).toBeGreaterThan(1400);
    expect(queue.left[0]!.at).toBeLessThan(1407);
  });

  it('hold a slot whose caller left as if it were counted a second after it was sent', () => {
    const { shaper, clock } = shaperWith([limit('GET', '*', 1, 'SECOND')]);
    const permit = permitted(shaper.acquire(requestFor('/servers')));
    clock.tick(100);
    permit.lost();
    clock.tick(1_800);
    expect(refused(shaper.acquire(requestFor('/servers', { maxWaitMs: 0 }))).reason).toBe('wait');
    permit.answered(200);
    clock.tick(110);
    permitted(shaper.acquire(requestFor('/servers')));
  });

  it('let a slot go whose caller left though nobody ever waits for one', () => {
    const { shaper, clock } = shaperWith([limit('GET', '*', 10, 'SECOND')]);
    const remaining = () => shaper.snapshot().limits[0]!.remaining;
    for (let left = 0; left < 5; left++) permitted(shaper.acquire(requestFor('/servers'))).lost();
    expect(remaining()).toBe(5);
    clock.tick(1_500);
    const permit = permitted(shaper.acquire(requestFor('/servers')));
    expect(permit.charges[0]!.remaining).toBe(4);
    permit.answered(200);
    clock.tick(1_010);
    expect(permitted(shaper.acquire(requestFor('/servers'))).charges[0]!.remaining).toBe(9);
    expect(shaper.spare(requestFor('/servers'), 0.7)).toBeDefined();
    for (let ended = 0; ended < 3; ended++) clock.tick(1_010);
    expect(remaining()).toBe(10);
    expect(shaper.isEmpty).toBe(true);
  });

  it('hold the slots of requests that wait for a connection for as long as they wait', () => {
    const { shaper, clock } = shaperWith([limit('GET', '*', 2, 'SECOND')]);
    const impatient = () => shaper.acquire(requestFor('/servers', { maxWaitMs: 0 }));
    const [sent, queued] = [permitted(impatient()), permitted(impatient())];
    queued.queued();
    clock.tick(10_000);
    // The one on its way is taken for counted long ago; the other would still be counted when it leaves.
    permitted(impatient()).answered(200);
    expect(refused(impatient()).reason).toBe('wait');
    queued.sent();
    clock.tick(1_500);
    permitted(impatient()).answered(200);
    expect(refused(impatient()).reason).toBe('wait');
    clock.tick(1_010);
    permitted(impatient());
    queued.answered(200);
    sent.answered(200);
  });

  it('give the slot of a request back that never got a connection', () => {
    const { shaper } = shaperWith([limit('GET', '*', 1, 'DAY')]);
    const permit = permitted(shaper.acquire(requestFor('/servers')));
    permit.queued();
    permit.cancel();
    permitted(shaper.acquire(requestFor('/servers')));
  });

  it('give an unsent slot back at once', async () => {
    const { shaper, clock } = shaperWith([limit('GET', '*', 1, 'DAY')]);
    permitted(shaper.acquire(requestFor('/flavors'))).cancel();
    permitted(shaper.acquire(requestFor('/flavors'))).answered(200);
    expect(refused(shaper.acquire(requestFor('/flavors'))).reason).toBe('spent');
    expect(clock.pending).toBe(0);
  });

  it('earn no burst from idle time', async () => {
    const { shaper, clock } = shaperWith([limit('GET', '*', 4, 'SECOND')]);
    clock.tick(3_600_000);
    use(shaper, '/flavors', 4);
    expect(shaper.acquire(requestFor('/flavors'))).toBeInstanceOf(Promise);
  });

  it('do not slow down further a region that takes long to answer', async () => {
    const { shaper, clock } = shaperWith([limit('GET', '*', 1, 'SECOND')]);
    permitted(shaper.acquire(requestFor('/flavors')));
    const queue = line(clock);
    queue.join('next', shaper.acquire(requestFor('/flavors')));
    await clock.advance(2_100);
    expect(queue.left).toHaveLength(1);
  });

  it('charge every limit that matches, and any method to ALL', () => {
    const { shaper } = shaperWith([limit('ALL', '*', 3, 'DAY'), limit('GET', '/servers', 2, 'DAY')]);
    use(shaper, '/servers', 2);
    expect(refused(shaper.acquire(requestFor('/servers'))).limit).toMatchObject({ uri: '/servers' });
    use(shaper, '/servers', 1, { method: 'POST' });
    expect(refused(shaper.acquire(requestFor('/flavors', { method: 'DELETE' }))).limit).toMatchObject({
      verb: 'ALL',
    });
  });
});

describe('refusals', () => {
  it('come at once for a limit of value 0', () => {
    const { shaper } = shaperWith([
      limit('GET', '*', 5, 'SECOND'),
      limit('GET', '/os-networksv2', 0, 'MINUTE'),
    ]);
    expect(refused(shaper.acquire(requestFor('/os-networksv2')))).toMatchObject({
      reason: 'forbidden',
      limit: { value: 0 },
    });
  });

  it('come at once for a spent DAY limit, with the time at which it would pass', () => {
    const { shaper, clock } = shaperWith([limit('POST', '/servers', 2, 'DAY')]);
    use(shaper, '/servers', 2, { method: 'POST' });
    clock.tick(3_600_000);
    const { reason, retryAfterSeconds } = refused(shaper.acquire(requestFor('/servers', { method: 'POST' })));
    expect(reason).toBe('spent');
    expect(retryAfterSeconds).toBeGreaterThan(23 * 3600);
    clock.tick(retryAfterSeconds * 1000);
    use(shaper, '/servers', 1, { method: 'POST' });
  });

  it('come at once when the expected wait is too long, and their Retry-After is honest', async () => {
    const { shaper, clock } = shaperWith([limit('GET', '*', 2, 'SECOND')]);
    const queue = line(clock);
    for (let index = 0; index < 12; index++) queue.join(`${index}`, shaper.acquire(requestFor('/flavors')));
    const refusal = refused(shaper.acquire(requestFor('/flavors', { maxWaitMs: 3000 })));
    expect(refusal).toMatchObject({
      reason: 'wait',
      retryAfterSeconds: 7,
      limit: { value: 2, unit: 'SECOND' },
    });
    queue.join('patient', shaper.acquire(requestFor('/flavors', { maxWaitMs: 6500 })));
    await clock.advance(6500);
    expect(queue.left.map(({ name }) => name)).toContain('patient');
    expect(queue.turnedAway).toEqual([]);
  });

  it('never wait when they may not', () => {
    const { shaper } = shaperWith([limit('GET', '*', 1, 'SECOND')]);
    use(shaper, '/flavors', 1);
    expect(refused(shaper.acquire(requestFor('/flavors', { maxWaitMs: 0 }))).retryAfterSeconds).toBe(2);
  });

  it('come when the time is up after all, because urgent requests came in between', async () => {
    const { shaper, clock } = shaperWith([limit('GET', '*', 1, 'SECOND')]);
    const queue = line(clock);
    use(shaper, '/flavors', 1);
    queue.join('batch', shaper.acquire(requestFor('/flavors', { priority: 'batch', maxWaitMs: 1500 })));
    for (let index = 0; index < 3; index++) queue.join('urgent', shaper.acquire(requestFor('/flavors')));
    await clock.advance(1500);
    expect(queue.turnedAway).toMatchObject([{ name: 'batch', refusal: { reason: 'wait' } }]);
  });

  it('are faults that name the limit, with whole seconds', () => {
    const { shaper, clock } = shaperWith([limit('POST', '/servers', 1, 'DAY')]);
    use(shaper, '/servers', 1, { method: 'POST' });
    const refusal = refused(shaper.acquire(requestFor('/servers', { method: 'POST' })));
    const fault = refusalFault(refusal, { overLimitStatus: 413, nowWall: clock.now() });
    expect(fault.toDocument()).toMatchObject({ overLimit: { code: 413 } });
    expect(fault.message).toContain('POST /servers, 1 per DAY');
    expect(fault.headers['retry-after']).toMatch(/^\d+$/);
    expect(Date.parse(fault.retryAt!)).toBe(clock.now() + Number(fault.headers['retry-after']) * 1000);
    expect(refusalFault(refusal, { overLimitStatus: 429 }).code).toBe(429);
  });
});

describe('the queue', () => {
  it('is fair by share between clients that saturate it', async () => {
    const { shaper, clock } = shaperWith([limit('GET', '*', 20, 'SECOND')], {
      shares: (client) => (client === 'large' ? 3 : 1),
    });
    const queue = line(clock);
    use(shaper, '/flavors', 20);
    for (let index = 0; index < 600; index++) {
      queue.join('small', shaper.acquire(requestFor('/flavors', { client: 'small' })));
      queue.join('large', shaper.acquire(requestFor('/flavors/detail', { client: 'large' })));
    }
    await clock.advance(20_500);
    const large = queue.left.filter(({ name }) => name === 'large').length / queue.left.length;
    expect(queue.left.length).toBeGreaterThan(350);
    expect(large).toBeGreaterThan(0.72);
    expect(large).toBeLessThan(0.78);
  });

  it('lets a newcomer pass a flood of another client', async () => {
    const { shaper, clock } = shaperWith([limit('GET', '*', 10, 'SECOND')]);
    const queue = line(clock);
    for (let index = 0; index < 400; index++)
      queue.join('flood', shaper.acquire(requestFor('/flavors', { client: 'flood' })));
    await clock.advance(3000);
    queue.join('guest', shaper.acquire(requestFor('/flavors', { client: 'guest' })));
    await clock.advance(1100);
    expect(queue.left.filter(({ name }) => name === 'guest')).toHaveLength(1);
  });

  it('serves a client interactive requests before its batch, and background after everybody', async () => {
    const { shaper, clock } = shaperWith([limit('GET', '*', 1, 'SECOND')]);
    const queue = line(clock);
    use(shaper, '/flavors', 1);
    for (const [name, priority] of [
      ['background', 'background'],
      ['batch', 'batch'],
      ['interactive', 'interactive'],
    ] as const)
      queue.join(name, shaper.acquire(requestFor('/flavors', { priority })));
    queue.join('other batch', shaper.acquire(requestFor('/flavors', { client: 'other', priority: 'batch' })));
    await clock.advance(6000);
    expect(queue.left.map(({ name }) => name)).toEqual(['interactive', 'other batch', 'batch', 'background']);
  });

  it('is passed by requests that do not need the narrow limit others wait for', () => {
    const { shaper } = shaperWith([limit('GET', '*', 50, 'SECOND'), limit('GET', '/narrow', 1, 'MINUTE')]);
    use(shaper, '/narrow', 1);
    for (let index = 0; index < 20; index++)
      expect(shaper.acquire(requestFor('/narrow'))).toBeInstanceOf(Promise);
    use(shaper, '/flavors', 49);
    expect(shaper.queueDepth).toBe(20);
  });

  it('does not count those held up by a narrow limit into the wait for the wide one', () => {
    const { shaper } = shaperWith([limit('GET', '*', 2, 'SECOND'), limit('GET', '/narrow', 1, 'MINUTE')]);
    use(shaper, '/narrow', 1);
    for (let index = 0; index < 20; index++) void shaper.acquire(requestFor('/narrow'));
    use(shaper, '/flavors', 1);
    expect(shaper.acquire(requestFor('/flavors', { maxWaitMs: 1200 }))).toBeInstanceOf(Promise);
  });

  it('forgets a caller that leaves', async () => {
    const { shaper, clock } = shaperWith([limit('GET', '*', 1, 'SECOND')]);
    const queue = line(clock);
    use(shaper, '/flavors', 1);
    const leaver = new AbortController();
    queue.join('gone', shaper.acquire(requestFor('/flavors', { signal: leaver.signal })));
    queue.join('stays', shaper.acquire(requestFor('/flavors')));
    leaver.abort();
    expect(shaper.queueDepth).toBe(1);
    await clock.advance(1010);
    expect(queue.left.map(({ name }) => name)).toEqual(['stays']);
  });

  it('is bounded per client and in all, and a flood makes room for who holds less', async () => {
    const settings = { ...TEST_SETTINGS, maxQueue: 6, maxQueuePerClient: 5 };
    const { shaper, clock } = shaperWith([limit('GET', '*', 1, 'SECOND')], { settings });
    const queue = line(clock);
    use(shaper, '/flavors', 1);
    for (let index = 0; index < 5; index++)
      queue.join(`a${index}`, shaper.acquire(requestFor('/flavors', { client: 'a' })));
    expect(refused(shaper.acquire(requestFor('/flavors', { client: 'a' }))).reason).toBe('client-queue-full');
    queue.join('b0', shaper.acquire(requestFor('/flavors', { client: 'b' })));
    queue.join('b1', shaper.acquire(requestFor('/flavors', { client: 'b' })));
    await settle();
    expect(queue.turnedAway).toMatchObject([{ name: 'a4', refusal: { reason: 'queue-full' } }]);
    queue.join('b2', shaper.acquire(requestFor('/flavors', { client: 'b' })));
    expect(refused(shaper.acquire(requestFor('/flavors', { client: 'b' }))).reason).toBe('queue-full');
    expect(shaper.queueDepth).toBe(6);
  });

  it('refuses everybody when the shaper closes', async () => {
    const { shaper, clock } = shaperWith([limit('GET', '*', 1, 'SECOND')]);
    const queue = line(clock);
    use(shaper, '/flavors', 1);
    queue.join('waiting', shaper.acquire(requestFor('/flavors')));
    shaper.close();
    await settle();
    expect(queue.turnedAway).toMatchObject([{ refusal: { reason: 'closed' } }]);
    expect(refused(shaper.acquire(requestFor('/flavors'))).reason).toBe('closed');
  });
});

describe('limits that change', () => {
  it('let the waiting go when they are raised', async () => {
    const { shaper, clock } = shaperWith([limit('GET', '*', 1, 'MINUTE')]);
    const queue = line(clock);
    use(shaper, '/flavors', 1);
    for (let index = 0; index < 5; index++) queue.join(`${index}`, shaper.acquire(requestFor('/flavors')));
    shaper.setLimits([limit('GET', '*', 4, 'MINUTE')]);
    await settle();
    expect(queue.left.map(({ name }) => name)).toEqual(['0', '1', '2']);
  });

  it('are kept at once when they are lowered', () => {
    const { shaper, clock } = shaperWith([limit('GET', '*', 10, 'SECOND')]);
    use(shaper, '/flavors', 6);
    shaper.setLimits([limit('GET', '*', 3, 'SECOND')]);
    expect(shaper.acquire(requestFor('/flavors'))).toBeInstanceOf(Promise);
    clock.tick(1010);
    use(shaper, '/flavors', 2);
  });

  it('count what is on its way in a window that is new', () => {
    const { shaper } = shaperWith([limit('GET', '*', 10, 'SECOND')]);
    for (let index = 0; index < 3; index++) permitted(shaper.acquire(requestFor('/servers')));
    shaper.setLimits([limit('GET', '*', 10, 'SECOND'), limit('GET', '/servers', 4, 'MINUTE')]);
    use(shaper, '/servers', 1);
    expect(shaper.acquire(requestFor('/servers'))).toBeInstanceOf(Promise);
  });

  it('begin with what others have used', () => {
    const { shaper, clock } = shaperWith([]);
    const now = clock.monotonic();
    shaper.setLimits([limit('POST', '/servers', 50, 'DAY', { remaining: 2 })], {
      askedAt: now,
      answeredAt: now,
    });
    use(shaper, '/servers', 2, { method: 'POST' });
    expect(refused(shaper.acquire(requestFor('/servers', { method: 'POST' }))).reason).toBe('spent');
    clock.tick(86_400_000 + 60_000);
    use(shaper, '/servers', 50, { method: 'POST' });
  });

  it('do not count our own use twice', () => {
    const published = limit('GET', '*', 50, 'MINUTE');
    const { shaper, clock } = shaperWith([published]);
    clock.tick(600_000);
    use(shaper, '/servers', 30);
    clock.tick(20_000);
    const now = clock.monotonic();
    shaper.setLimits([{ ...published, remaining: 20 }], { askedAt: now, answeredAt: now });
    use(shaper, '/servers', 20);
  });

  it('hold everybody but GET /limits until they are known', async () => {
    const { shaper, clock } = shaperWith([limit('GET', '*', 5, 'SECOND')]);
    const queue = line(clock);
    shaper.hold();
    queue.join('caller', shaper.acquire(requestFor('/flavors')));
    permitted(shaper.acquire(requestFor('/limits', { client: ' limits' }))).answered(200);
    await clock.advance(500);
    expect(queue.left).toEqual([]);
    shaper.setLimits([limit('GET', '*', 2, 'SECOND')]);
    await settle();
    expect(queue.left).toMatchObject([{ name: 'caller' }]);
  });
});

describe('an unforeseen refusal of the upstream', () => {
  it('stops the window it concerns until Retry-After and is counted', async () => {
    let overLimits = 0;
    const observe = { ...silentObserver, overLimit: () => void overLimits++ };
    const { shaper, clock } = shaperWith(
      [limit('GET', '*', 50, 'MINUTE'), limit('GET', '/servers', 900, 'DAY')],
      { observe },
    );
    const queue = line(clock);
    permitted(shaper.acquire(requestFor('/servers'))).answered(413, { 'retry-after': '12' });
    expect(overLimits).toBe(1);
    queue.join('again', shaper.acquire(requestFor('/servers', { again: true })));
    await clock.advance(11_900);
    expect(queue.left).toEqual([]);
    await clock.advance(200);
    expect(queue.left).toMatchObject([{ name: 'again' }]);
  });

  describe('that several limits of a unit can be the reason of', () => {
    const LIMITS = [
      limit('ALL', '*', 100, 'MINUTE'),
      limit('GET', '*', 60, 'MINUTE'),
      limit('GET', '/servers', 10, 'MINUTE'),
    ];
    const now = (path: string, more = {}) => requestFor(path, { maxWaitMs: 0, ...more });
    const refuse = (shaper: Shaper, path: string) =>
      permitted(shaper.acquire(now(path))).answered(413, { 'retry-after': '40' });
    const learn = (shaper: Shaper, clock: FakeClock, remaining: readonly number[]) => {
      const at = clock.monotonic();
      const said = LIMITS.map((one, index) => ({ ...one, remaining: remaining[index]! }));
      shaper.askBegins();
      shaper.setLimits(said, {
        askedAt: at,
        answeredAt: at,
        answeredAtWall: clock.now(),
      });
    };

    it('stops the one with least left, and what that is not about goes on', () => {
      const { shaper } = shaperWith(LIMITS);
      refuse(shaper, '/servers');
      expect(refused(shaper.acquire(now('/servers'))).refused).toBe(true);
      permitted(shaper.acquire(now('/images')));
      permitted(shaper.acquire(now('/servers', { method: 'POST' })));
      permitted(shaper.acquire(now('/limits', { client: ' limits' })));
    });

    it('stops the next one when it was not that', () => {
      const { shaper } = shaperWith(LIMITS);
      refuse(shaper, '/servers');
      refuse(shaper, '/images');
      expect(refused(shaper.acquire(now('/flavors'))).refused).toBe(true);
      permitted(shaper.acquire(now('/servers', { method: 'POST' })));
    });

    it('lets the suspect go when the region names another', () => {
      const { shaper, clock } = shaperWith(LIMITS);
      refuse(shaper, '/servers');
      learn(shaper, clock, [0, 50, 9]);
      expect(refused(shaper.acquire(now('/servers')))).toMatchObject({ limit: { verb: 'ALL' } });
      learn(shaper, clock, [1, 50, 9]);
      permitted(shaper.acquire(now('/servers')));
    });

    it('does not when the region names none, or was asked before', () => {
      const { shaper, clock } = shaperWith(LIMITS);
      learn(shaper, clock, [99, 59, 9]);
      refuse(shaper, '/servers');
      learn(shaper, clock, [98, 58, 8]);
      expect(refused(shaper.acquire(now('/servers'))).refused).toBe(true);
      permitted(shaper.acquire(now('/images')));
    });

    it('stops all that have as little left', () => {
      const { shaper } = shaperWith([
        limit('ALL', '*', 10, 'MINUTE'),
        limit('GET', '/servers', 10, 'MINUTE'),
      ]);
      refuse(shaper, '/servers');
      expect(refused(shaper.acquire(now('/images'))).refused).toBe(true);
    });
  });

  it('puts the refused request at the head of its line', async () => {
    const { shaper, clock } = shaperWith([limit('GET', '*', 1, 'SECOND')]);
    const queue = line(clock);
    const first = permitted(shaper.acquire(requestFor('/servers')));
    queue.join('later', shaper.acquire(requestFor('/servers')));
    first.answered(429, { 'retry-after': '1' });
    queue.join('again', shaper.acquire(requestFor('/servers', { again: true })));
    await clock.advance(5000);
    expect(queue.left.map(({ name }) => name)).toEqual(['again', 'later']);
  });

  it('leaves quotas and sizes alone', () => {
    const { shaper } = shaperWith([limit('POST', '*', 5, 'MINUTE')]);
    permitted(shaper.acquire(requestFor('/servers', { method: 'POST' }))).answered(413, {
      'retry-after': '0',
    });
    permitted(shaper.acquire(requestFor('/servers', { method: 'POST' }))).answered(413, {});
    use(shaper, '/servers', 3, { method: 'POST' });
  });

  it('pauses the region on a 503 that says for how long', async () => {
    const { shaper, clock } = shaperWith([limit('GET', '*', 50, 'SECOND')]);
    const queue = line(clock);
    permitted(shaper.acquire(requestFor('/servers'))).answered(503, { 'retry-after': '2' });
    expect(refused(shaper.acquire(requestFor('/servers', { maxWaitMs: 500 })))).toMatchObject({
      reason: 'wait',
      limit: undefined,
    });
    queue.join('patient', shaper.acquire(requestFor('/servers', { maxWaitMs: 5000 })));
    await clock.advance(1900);
    expect(queue.left).toEqual([]);
    await clock.advance(200);
    expect(queue.left).toHaveLength(1);
  });
});

describe('a number of the upstream', () => {
  const LIMITS = [
    limit('GET', '*', 50, 'MINUTE'),
    limit('POST', '*', 50, 'MINUTE'),
    limit('POST', '/servers', 50, 'HOUR'),
  ];
  const post = (path: string, more = {}) => requestFor(path, { method: 'POST', ...more });
  const refuseWith = (retryAfter: string, status = 413) => {
    const made = shaperWith(LIMITS);
    permitted(made.shaper.acquire(post('/servers'))).answered(status, { 'retry-after': retryAfter });
    return made;
  };

  it.each(['31', '3600', '999999', '9'.repeat(400), 'Fri, 31 Dec 9999 23:59:59 GMT', '253402300799'])(
    'stops nothing that the refused limit is not about: Retry-After %s',
    (retryAfter) => {
      const { shaper } = refuseWith(retryAfter);
      permitted(shaper.acquire(requestFor('/servers')));
      permitted(shaper.acquire(requestFor('/limits', { client: ' limits' })));
      if (retryAfter !== '31') permitted(shaper.acquire(post('/images')));
      expect(refused(shaper.acquire(post('/servers', { maxWaitMs: 0 }))).refused).toBe(true);
    },
  );

  it.each(['3600', '999999', '9'.repeat(400), 'Fri, 31 Dec 9999 23:59:59 GMT', '253402300799'])(
    'never stops anything for longer than the longest published window: Retry-After %s',
    (retryAfter) => {
      const { shaper, clock } = refuseWith(retryAfter);
      const { retryAfterSeconds } = refused(shaper.acquire(post('/servers')));
      expect(retryAfterSeconds).toBeLessThanOrEqual(3602);
      clock.tick(3_602_000);
      permitted(shaper.acquire(post('/servers')));
    },
  );

  it('takes an epoch for the date that it is', () => {
    const { shaper, clock } = shaperWith(LIMITS);
    const epoch = Math.floor(clock.now() / 1000) + 100;
    permitted(shaper.acquire(post('/servers'))).answered(413, { 'retry-after': `${epoch}` });
    expect(refused(shaper.acquire(post('/servers'))).retryAfterSeconds).toBeLessThanOrEqual(102);
    clock.tick(102_000);
    permitted(shaper.acquire(post('/servers')));
  });

  it.each([
    ['31', 31],
    ['3600', 3600],
    ['86000', 3600],
  ])('pauses the region on a 503 for no longer than that: Retry-After %s', (retryAfter, seconds) => {
    const { shaper, clock } = refuseWith(retryAfter, 503);
    expect(refused(shaper.acquire(requestFor('/servers', { maxWaitMs: 0 }))).retryAfterSeconds).toBe(seconds);
    clock.tick(seconds * 1000);
    permitted(shaper.acquire(requestFor('/servers')));
  });

  it('does not pause the region on a 503 that names a time nobody would wait for', () => {
    const { shaper } = refuseWith('253402300799', 503);
    permitted(shaper.acquire(requestFor('/servers')));
  });
});

describe('a limit that the region does not publish', () => {
  const remove = (path: string) => requestFor(path, { method: 'DELETE', maxWaitMs: 60_000 });

  it('holds back the kind of request that it refused, and nothing else', async () => {
    const { shaper, clock } = shaperWith([limit('GET', '*', 50, 'MINUTE'), limit('POST', '/a', 5, 'DAY')]);
    const queue = line(clock);
    permitted(shaper.acquire(remove('/servers/1'))).answered(413, { 'retry-after': '20' });
    queue.join('same', shaper.acquire(remove('/servers/2')));
    queue.join('other path', shaper.acquire(remove('/images/2')));
    queue.join('other method', shaper.acquire(requestFor('/servers/2')));
    await settle();
    expect(queue.left.map(({ name }) => name)).toEqual(['other path', 'other method']);
    await clock.advance(20_100);
    expect(queue.left.map(({ name }) => name)).toEqual(['other path', 'other method', 'same']);
    permitted(shaper.acquire(remove('/servers/3')));
  });

  it('is refused at once, and by its name, when it takes hours', () => {
    const { shaper } = shaperWith([limit('GET', '*', 50, 'MINUTE'), limit('POST', '/a', 5, 'DAY')]);
    permitted(shaper.acquire(requestFor('/servers/1'))).answered(413, { 'retry-after': '7000' });
    const refusal = refused(shaper.acquire(requestFor('/servers/2')));
    expect(refusal).toMatchObject({ reason: 'spent', retryAfterSeconds: 7000 });
    expect(refusalFault(refusal, { overLimitStatus: 413 }).message).toContain(
      'GET /servers, which the region does not publish',
    );
    // Of the published limits there is room.
    permitted(shaper.acquire(requestFor('/images')));
  });

  it('is remembered for a bounded number of kinds', () => {
    const { shaper, clock } = shaperWith([limit('POST', '/a', 5, 'DAY')]);
    for (let index = 0; index < 1000; index++)
      permitted(shaper.acquire(remove(`/${index}`))).answered(413, { 'retry-after': '50' });
    expect(shaper.acquire(remove('/999'))).toBeInstanceOf(Promise);
    permitted(shaper.acquire(remove('/1')));
    expect(shaper.isEmpty).toBe(false);
    clock.tick(51_000);
    permitted(shaper.acquire(remove('/999')));
  });
});

describe('a snapshot', () => {
  it('says who used how much and when a DAY limit will be gone', () => {
    const { shaper, clock } = shaperWith([
      limit('POST', '/servers', 100, 'DAY'),
      limit('POST', '*', 60, 'MINUTE'),
    ]);
    for (let minute = 0; minute < 30; minute++) {
      use(shaper, '/servers', 1, { method: 'POST', client: minute % 3 ? 'billing' : 'audit' });
      clock.tick(60_000);
    }
    const { limits, queueDepth } = shaper.snapshot();
    expect(queueDepth).toBe(0);
    expect(Object.fromEntries(limits[0]!.used)).toEqual({ audit: 10, billing: 20 });
    expect(limits[0]!.remaining).toBe(70);
    const inMs = limits[0]!.exhaustionMs! - clock.now();
    expect(inMs).toBeGreaterThan(70 * 60_000);
    expect(inMs).toBeLessThan(3 * 70 * 60_000);
    expect(limits[1]!.exhaustionMs).toBeUndefined();
  });

  it('shows on a permit what its limits stand at', () => {
    const { shaper } = shaperWith([limit('GET', '*', 5, 'SECOND')]);
    use(shaper, '/servers', 2);
    const { charges } = permitted(shaper.acquire(requestFor('/servers')));
    expect(charges).toMatchObject([{ remaining: 2, resetSeconds: 2, limit: { value: 5 } }]);
  });
});

describe('what nobody else wants', () => {
  it('is given while more than the wanted part of every limit is free, and is charged', () => {
    const { shaper } = shaperWith([limit('GET', '*', 10, 'MINUTE'), limit('ALL', '*', 100, 'MINUTE')]);
    use(shaper, '/servers', 7);
    const permit = shaper.spare(requestFor('/servers'), 0.2);
    expect(permit?.charges.map(({ remaining }) => remaining)).toEqual([2, 92]);
    permit?.answered(200);
    expect(shaper.spare(requestFor('/servers'), 0.2)).toBeUndefined();
    permitted(shaper.acquire(requestFor('/servers')));
  });

  it('is nothing while somebody waits, the region wants to be left alone, or a limit is not known', async () => {
    const counted: string[] = [];
    const observe = { ...silentObserver, refused: (reason: string) => void counted.push(reason) };
    const { shaper, clock } = shaperWith([limit('GET', '/servers', 1, 'MINUTE')], { observe });
    use(shaper, '/servers', 1);
    const waiting = shaper.acquire(requestFor('/servers'));
    expect(shaper.spare(requestFor('/flavors'), 0.2)).toBeUndefined();
    await clock.advance(61_000);
    permitted((await waiting) as Permit).answered(200);
    expect(shaper.spare(requestFor('/flavors'), 0.2)).toBeDefined();
    shaper.pause(clock.monotonic() + 1_000);
    expect(shaper.spare(requestFor('/flavors'), 0.2)).toBeUndefined();
    clock.tick(1_000);
    shaper.hold();
    expect(shaper.spare(requestFor('/flavors'), 0.2)).toBeUndefined();
    expect(counted).toEqual([]);
  });
});
