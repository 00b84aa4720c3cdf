import { afterEach, beforeEach, expect, it } from 'vitest';
import { ask } from '../support/ask.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { json, text } from '../support/stub-answers.ts';
import { publishedAs } from '../support/stub-rates.ts';
import type { StubRegion } from '../support/stub-region.ts';
import { type StubUpstream, startStubUpstream } from '../support/stub-upstream.ts';

let clock: FakeClock;
let upstream: StubUpstream;
let gateway: TestGateway;
let dfw: StubRegion;

beforeEach(async () => {
  clock = new FakeClock(Date.now());
  upstream = await startStubUpstream({ now: () => clock.now(), tokenLifeMs: 30 * 86_400_000 });
  dfw = upstream.region('DFW');
  dfw.publish(
    publishedAs([
      { verb: 'GET', uri: '*', value: 100, unit: 'MINUTE' },
      { verb: 'POST', uri: '/servers', value: 50, unit: 'HOUR' },
    ]),
  );
  gateway = await startGateway({
    identityUrl: upstream.identityUrl,
    clock,
    settings: { limits: { maxWaitMs: 0 } },
  });
  await ask(url('/limits'));
});

afterEach(async () => {
  await gateway.close();
  await upstream.close();
});

const url = (path: string) => `${gateway.url}/dfw/v2/700100${path}`;
const create = (path = '/servers') =>
  ask(url(path), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ server: { name: 'a', imageRef: '1', flavorRef: '2' } }),
  });
const overLimit = (members: object, headers: Record<string, string> = {}) =>
  text(JSON.stringify({ overLimit: { code: 413, message: 'slower', ...members } }), 413, {
    'content-type': 'application/json',
    ...headers,
  });

it.each([
  [
    'an epoch in the header',
    () => overLimit({}, { 'retry-after': `${Math.floor(clock.now() / 1000) + 60}` }),
  ],
  ['an epoch in the body', () => overLimit({ retryAfter: Math.floor(clock.now() / 1000) + 60 })],
  ['an epoch of ms in the body', () => overLimit({ retryAfter: clock.now() + 60_000 })],
])('%s is the date that it is', async (_what, answer) => {
  dfw.on('POST /servers', answer(), json({ server: { id: 'n', adminPass: 'x' } }, 202));
  const refused = await create();
  expect(refused.status).toBe(413);
  expect(Number(refused.headers['retry-after'])).toBeLessThanOrEqual(62);
  clock.tick(62_000);
  expect((await create()).status).toBe(202);
});

it.each([
  ['a huge number in the header', () => overLimit({}, { 'retry-after': '99999999' })],
  ['a huge number in the body', () => overLimit({ retryAfter: 1e300 })],
  ['the year 9999 in the header', () => overLimit({}, { 'retry-after': 'Fri, 31 Dec 9999 23:59:59 GMT' })],
  ['the year 9999 in the body', () => overLimit({ retryAt: '9999-12-31T23:59:59Z' })],
])('%s holds nothing longer than the longest limit, and nothing else at all', async (_what, answer) => {
  dfw.on('POST /servers', answer(), json({ server: { id: 'n', adminPass: 'x' } }, 202));
  const refused = await create();
  expect(refused.status).toBe(413);
  expect(Number(refused.headers['retry-after'])).toBeLessThanOrEqual(3602);
  expect((await ask(url('/servers'))).status).toBe(200);
  clock.tick(3_602_000);
  expect((await create()).status).toBe(202);
});

it('a 503 that wants a century for itself is no pause', async () => {
  dfw.on('POST /servers', text('later', 503, { 'retry-after': '3153600000' }));
  expect((await create()).status).toBe(503);
  expect((await ask(url('/servers'))).status).toBe(200);
});

it('a next-available in the year 9999 holds a spent limit no longer than its unit', async () => {
  const publish = (remaining: number) =>
    dfw.publish([
      {
        uri: '/servers',
        regex: '^/servers',
        limit: [
          { verb: 'POST', value: 50, remaining, unit: 'HOUR', 'next-available': '9999-12-31T23:59:59Z' },
        ],
      },
    ]);
  publish(0);
  dfw.on('POST /servers', json({ server: { id: 'n', adminPass: 'x' } }, 202));
  await gateway.close();
  gateway = await startGateway({
    identityUrl: upstream.identityUrl,
    clock,
    settings: { limits: { maxWaitMs: 0 } },
  });
  await ask(url('/limits'));
  const refused = await create();
  expect(refused.status).toBe(413);
  expect(Number(refused.headers['retry-after'])).toBeLessThanOrEqual(3602);
  publish(50);
  clock.tick(3_602_000);
  expect((await create()).status).toBe(202);
});
