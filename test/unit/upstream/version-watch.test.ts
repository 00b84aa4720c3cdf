import type { Dispatcher } from 'undici';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { IdentityHealth } from '../../../src/upstream/identity-health.ts';
import { VersionWatch } from '../../../src/upstream/version-watch.ts';
import { FakeClock } from '../../support/fake-clock.ts';

let clock: FakeClock;
let health: IdentityHealth;
let watch: VersionWatch;
let asked: Dispatcher.RequestOptions[];
let lines: object[];
let answer: () => number | Promise<number>;

beforeEach(() => {
  clock = new FakeClock();
  [asked, lines, answer] = [[], [], () => 200];
  const log = (fields: object, msg: string) => void lines.push({ msg, ...fields });
  health = new IdentityHealth(clock, { info: log, warn: log });
  const dispatcher = {
    request: async (options: Dispatcher.RequestOptions) => {
      asked.push(options);
      return { statusCode: await answer(), body: { dump: async () => {} } };
    },
  } as unknown as Dispatcher;
  const place = { account: 'main', region: '', origin: 'https://id.test', path: '/v3', dispatcher };
  watch = new VersionWatch(
    clock,
    health,
    () => [place],
    () => 0.5,
  );
});

afterEach(() => watch.stop());

const isUp = () => health.standing('main', '')?.isUp;
const refuse = () => {
  throw Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
};

it('asks for the versions, without credentials, what has not been heard of', async () => {
  watch.start();
  await clock.advance(5_000);
  expect(asked).toHaveLength(1);
  expect(asked[0]).toMatchObject({ method: 'GET', origin: 'https://id.test', path: '/v3' });
  expect(Object.keys(asked[0]!.headers as object)).toEqual(['accept', 'user-agent']);
  expect(isUp()).toBe(true);
});

it('asks nothing while logins and validations are answered, and within 35 s of the last of them', async () => {
  const pulse = health.pulse('main', '');
  watch.start();
  for (let time = 0; time < 10; time++) {
    pulse.answered(time % 2 === 0 ? 200 : 401);
    await clock.advance(20_000);
  }
  expect(asked).toHaveLength(0);
  await clock.advance(15_000);
  expect(asked).toHaveLength(1);
});

it.each([
  ['takes no connections', refuse, 'no connection (ECONNREFUSED)'],
  ['has a fault of its own', () => 500, 'it answers 500'],
  ['is not there behind its proxy', () => 503, 'it answers 503'],
])(
  'one that %s is down within a minute, with one line, and back with another',
  async (_what, broken, why) => {
    watch.start();
    await clock.advance(5_000);
    answer = broken;
    await clock.advance(60_000);
    expect(health.standing('main', '')).toMatchObject({ isUp: false, why });
    await clock.advance(60_000);
    answer = () => 300;
    await clock.advance(5_000);
    expect(isUp()).toBe(true);
    expect(lines).toEqual([
      { msg: 'an identity service is down', account: 'main', reason: why },
      { msg: 'an identity service is back', account: 'main', downMs: expect.any(Number) },
    ]);
  },
);

it('a login that goes wrong has it asked at once, and does not make it one that is down', async () => {
  const pulse = health.pulse('main', '');
  watch.start();
  pulse.answered(200);
  for (let time = 0; time < 5; time++) {
    pulse.answered(500);
    pulse.late();
    await clock.advance(3_000);
  }
  expect(asked.length).toBeGreaterThanOrEqual(4);
  expect([isUp(), lines]).toEqual([true, []]);
});

it('logins that get no connection make it one that is down', () => {
  const pulse = health.pulse('main', '');
  for (let time = 0; time < 3; time++)
    pulse.failed(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }));
  expect(isUp()).toBe(false);
});

it('asks once at a time, and no more once it is stopped, when a question under way tells nothing either', async () => {
  let end = (_status: Error) => {};
  answer = () => new Promise((_resolve, reject) => (end = reject));
  watch.start();
  await clock.advance(90_000);
  expect(asked).toHaveLength(1);
  watch.stop();
  end(new Error('closed'));
  await clock.advance(90_000);
  expect([asked.length, isUp(), clock.pending]).toEqual([1, undefined, 0]);
});
