import { expect } from 'vitest';
import { ask } from '../support/ask.ts';
import { scenario } from '../support/scenario.ts';
import { publishedAs } from '../support/stub-rates.ts';

const { it, gateway, clock } = scenario('test', {
  standstill: true,
  settings: { access: { clients: [{ name: 'billing' }] }, limits: { maxWaitMs: 100_000 } },
  script(upstream) {
    upstream.region('DFW').publish(
      publishedAs([
        { verb: 'GET', uri: '/servers', value: 1, unit: 'MINUTE' },
        { verb: 'GET', uri: '*', value: 5, unit: 'DAY' },
      ]),
    );
  },
});

const get = (path: string) =>
  ask(`${gateway.url}/dfw/v2/700100${path}`, { headers: { 'x-sluice-client': 'billing' } });

it('/status.json says who waits, what is left of each limit, who used it and when it will be gone', async () => {
  await get('/limits');
  await get('/servers');
  const waiting = get('/servers');
  while ((await gateway.metric('sluice_limit_queue_depth', { region: 'DFW' })) === 0);
  const { status, json } = await ask(`${gateway.adminUrl}/status.json`);
  expect(status).toBe(200);
  const { accounts, limits } = json<{ accounts: object[]; limits: { region: string; limits: object[] }[] }>();
  expect(accounts).toMatchObject([{ name: 'main', ready: true }]);
  const dfw = limits.find(({ region }) => region === 'DFW')!;
  expect(dfw).toMatchObject({ account: 'main', waiting: 1, waitingByClient: { billing: 1 }, pausedMs: 0 });
  expect(dfw.limits).toMatchObject([
    {
      uri: '/servers',
      value: 1,
      unit: 'MINUTE',
      remaining: 0,
      usedByClient: { billing: 1 },
      exhaustedAt: null,
    },
    { uri: '*', value: 5, unit: 'DAY', usedByClient: { billing: 1 }, exhaustedAt: expect.any(String) },
  ]);
  clock.tick(62_000);
  expect((await waiting).status).toBe(200);
});
