import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Answered, ask } from '../support/ask.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { STUB_CREDENTIALS } from '../support/stub-identity.ts';
import { publishedAs } from '../support/stub-rates.ts';
import { type StubUpstream, startStubUpstream } from '../support/stub-upstream.ts';

let clock: FakeClock;
let upstream: StubUpstream;
let other: StubUpstream;
let gateway: TestGateway;

const account = (name: string, { identityUrl }: StubUpstream) => {
  const { username, apiKey } = STUB_CREDENTIALS;
  return { name, identity: { url: identityUrl, username, apiKey } };
};
const get = (path: string, tenant = '700100', headers: Record<string, string> = {}): Promise<Answered> =>
  ask(`${gateway.url}/dfw/v2/${tenant}${path}`, { headers });

beforeEach(async () => {
  clock = new FakeClock(Date.now());
  const life = { now: () => clock.now(), tokenLifeMs: 30 * 86_400_000 };
  upstream = await startStubUpstream(life);
  other = await startStubUpstream({ ...life, tenant: '700200' });
  for (const { region } of [upstream, other])
    region('DFW').publish(publishedAs([{ verb: 'GET', uri: '/servers', value: 2, unit: 'DAY' }]));
});

afterEach(async () => {
  await gateway.close();
  await upstream.close();
  await other.close();
});

describe('windows outlive a reload', () => {
  beforeEach(async () => {
    gateway = await startGateway({
      identityUrl: upstream.identityUrl,
      clock,
      settings: { accounts: [account('main', upstream), account('second', other)] },
    });
    for (const tenant of ['700100', '700200']) await get('/limits', tenant);
    for (let at = 0; at < 2; at++) expect((await get('/servers', '700200')).status).toBe(200);
  });

  const expectSpent = async () => {
    expect((await get('/servers', '700200')).status).toBe(413);
    expect(other.region('DFW').count('GET /servers')).toBe(2);
  };

  it('that takes their account away, until another gives it back', async () => {
    await gateway.reload({ accounts: [account('main', upstream)] });
    expect((await get('/servers', '700200')).status).toBe(404);
    await gateway.reload({ accounts: [account('main', upstream), account('second', other)] });
    await expectSpent();
  });

  it('that calls their account by another name', async () => {
    await gateway.reload({ accounts: [account('main', upstream), account('renamed', other)] });
    await expectSpent();
    const rejected = (labels: object) => gateway.metric('sluice_limit_rejected_total', { ...labels });
    expect(await rejected({ account: 'renamed' })).toBe(1);
  });

  it('that changes the margin', async () => {
    await gateway.reload({ limits: { marginMs: 20 } });
    await expectSpent();
  });

  it('that makes the limits static', async () => {
    const rows = [{ verb: 'GET', uri: '/servers', regex: '^/servers', value: 3, unit: 'DAY' }];
    await gateway.reload({ limits: { source: 'static', static: rows } });
    expect((await get('/servers', '700200')).status).toBe(200);
    expect((await get('/servers', '700200')).status).toBe(413);
    expect((await get('/servers')).status).toBe(200);
  });
});

it('a lowered static limit holds at once, a raised one lets the waiting go', async () => {
  const limits = (value: number) => ({
    limits: { source: 'static', static: [{ verb: 'GET', uri: '/servers', value, unit: 'MINUTE' }] },
  });
  const settings = { ...limits(4).limits, maxWaitMs: 100_000 };
  gateway = await startGateway({ identityUrl: upstream.identityUrl, clock, settings: { limits: settings } });
  for (let at = 0; at < 3; at++) expect((await get('/servers')).status).toBe(200);
  await gateway.reload(limits(3));
  const waiting = get('/servers');
  while ((await gateway.metric('sluice_limit_queue_depth')) === 0);
  await gateway.reload(limits(4));
  expect((await waiting).status).toBe(200);
  expect(upstream.region('DFW').count('GET /servers')).toBe(4);
});

it('a changed share reaches clients that were seen before, those who wait included', async () => {
  const clients = (small: number) => ({
    access: {
      clients: [
        { name: 'small', share: small },
        { name: 'large', share: 1 },
      ],
    },
  });
  upstream.region('DFW').publish(publishedAs([{ verb: 'GET', uri: '/servers', value: 1, unit: 'SECOND' }]));
  gateway = await startGateway({
    identityUrl: upstream.identityUrl,
    clock,
    settings: { ...clients(1), limits: { maxWaitMs: 3_000_000 } },
  });
  await get('/limits');
  await get('/servers');
  const order: string[] = [];
  const names = Array.from({ length: 12 }, (_, at) => (at % 2 ? 'small' : 'large'));
  // Each asks for something else: those that ask the same would share a slot.
  const waiting = names.map((name, at) =>
    get(`/servers?name=${at}`, '700100', { 'x-sluice-client': name }).then(() => order.push(name)),
  );
  while ((await gateway.metric('sluice_limit_queue_depth')) < waiting.length);
  await gateway.reload(clients(5));
  const { headers } = await get('/limits', '700100', { 'x-sluice-client': 'small' });
  expect(headers['x-sluice-share']).toBe('5');
  for (let left = waiting.length; left > 0; left--) {
    clock.tick(1100);
    while (order.length <= waiting.length - left) await new Promise(setImmediate);
  }
  await Promise.all(waiting);
  // Of six slots one goes to the share of 1, five to the share of 5.
  expect(order.slice(0, 6).filter((name) => name === 'small')).toHaveLength(5);
});
