import { expect, test } from 'vitest';
import { simulatorSettings } from '../../src/simulator/config.ts';
import { type Cloud, startCloud } from '../support/openstack-simulator.ts';

const statuses = async (count: number, ask: () => Promise<Response>): Promise<number[]> => {
  const found = [];
  for (let index = 0; index < count; index++) found.push((await ask()).status);
  return found;
};

const twoASecond = { service: 'compute', scope: 'project', value: 2, unit: 'SECOND' } as const;

test.each(['sliding', 'fixed', 'leaky'] as const)(
  'a hidden limit per project (%s): beyond it 429 with Retry-After, nothing told before',
  async (algorithm) => {
    const cloud = await startCloud({ serviceLimits: { algorithm, limits: [twoASecond] } });
    await cloud.token();
    const first = await cloud.compute('/flavors');
    expect([...first.headers.keys()].filter((name) => name.includes('ratelimit'))).toEqual([]);
    expect(await statuses(1, () => cloud.compute('/flavors'))).toEqual([200]);
    const refused = await cloud.compute('/flavors');
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '1']);
    expect(await refused.json()).toMatchObject({ overLimit: { code: 429, retryAfter: '1' } });
    // Windows end after their last instant.
    cloud.simulator.control.advance(1001);
    expect((await cloud.compute('/flavors')).status).toBe(200);
  },
);

test('each service and each region has windows of its own, each project too', async () => {
  const cloud = await startCloud({ serviceLimits: { limits: [{ value: 1, unit: 'MINUTE' }] } });
  const other = (await cloud.login(undefined, { project: { name: 'demo-second' } })).headers.get(
    'x-subject-token',
  )!;
  const at =
    (path: string, headers = {}) =>
    async () =>
      (await cloud.ask(path, { headers })).status;
  const [dfw, ord, image] = [at('/dfw/v2.1/flavors'), at('/ord/v2.1/flavors'), at('/image/dfw/v2/images')];
  expect([await dfw(), await ord(), await image()]).toEqual([200, 200, 200]);
  expect([await dfw(), await ord(), await image()]).toEqual([429, 429, 429]);
  expect(await at('/dfw/v2.1/flavors', { 'x-auth-token': other })()).toBe(200);
});

const dialects: [told: 'count' | 'epoch' | 'rate' | 'fields' | 'ietf', headers: (cloud: Cloud) => object][] =
  [
    [
      'count',
      () => ({ 'x-ratelimit-limit': '60', 'x-ratelimit-remaining': '59', 'x-ratelimit-reset': '60' }),
    ],
    ['epoch', ({ clock }) => ({ 'x-ratelimit-reset': String(Math.ceil(clock.now() / 1000) + 60) })],
    ['rate', () => ({ 'x-ratelimit-limit': '60r/m', 'x-ratelimit-remaining': '59' })],
    ['fields', () => ({ 'ratelimit-limit': '60', 'ratelimit-remaining': '59', 'ratelimit-reset': '60' })],
    ['ietf', () => ({ 'ratelimit-policy': '"default";q=60;w=60', ratelimit: '"default";r=59;t=60' })],
  ];

test.each(dialects)('what is left is told in the dialect %s', async (told, expected) => {
  const limits = [{ service: 'compute', value: 60, unit: 'MINUTE' }] as const;
  const cloud = await startCloud({ serviceLimits: { told, limits } });
  const { headers } = await cloud.compute('/flavors');
  expect(Object.fromEntries(headers)).toMatchObject(expected(cloud));
});

test('a refusal says when to come again in the form of the settings, or not at all', async () => {
  const after = async (retryAfter: 'date' | 'extension' | 'none') => {
    const cloud = await startCloud({ serviceLimits: { retryAfter, limits: [{ value: 0, unit: 'MINUTE' }] } });
    const { headers } = await cloud.compute('/flavors');
    return [headers.get('retry-after'), headers.get('x-retry-after')];
  };
  expect(await after('date')).toEqual([expect.stringMatching(/GMT$/), null]);
  expect(await after('extension')).toEqual([null, '60']);
  expect(await after('none')).toEqual([null, null]);
});

test('the preset ovhcloud: 60 logins a minute per user, 20 requests a second per project and service', async () => {
  const cloud = await startCloud({ preset: 'ovhcloud' });
  expect(new Set(await statuses(60, () => cloud.login()))).toEqual(new Set([201]));
  const refused = await cloud.login();
  expect([refused.status, await refused.json()]).toEqual([
    429,
    { error: { code: 429, message: 'This request was rate-limited.', title: 'Too Many Requests' } },
  ]);
  const alt = {
    methods: ['password'],
    password: {
      user: { name: 'alt', domain: { id: 'default' }, password: 'alt-password-for-the-simulator-only' },
    },
  };
  const login = await cloud.login(alt, { project: { name: 'alt' } });
  expect(login.status).toBe(201);
  const headers = { 'x-auth-token': login.headers.get('x-subject-token')! };
  const compute = () => fetch(`${cloud.url}/gra11/v2.1/flavors`, { headers });
  expect(await statuses(21, compute)).toEqual([...Array(20).fill(200), 429]);
  expect(simulatorSettings({ preset: 'ovhcloud' }).serviceLimits.limits).toHaveLength(5);
});

test('limits change while it runs, by hand and at the admin API', async () => {
  const cloud = await startCloud({ chaos: { enabled: true }, serviceLimits: { limits: [twoASecond] } });
  const change = (body: object) =>
    fetch(`${cloud.url}/_simulator/limits`, { method: 'POST', body: JSON.stringify(body) });
  expect(await statuses(3, () => cloud.compute('/flavors'))).toEqual([200, 200, 429]);
  expect((await change({ limits: [{ service: 'compute', value: 4 }] })).status).toBe(200);
  expect(await statuses(5, () => cloud.compute('/flavors'))).toEqual([200, 200, 200, 200, 429]);
  expect((await change({ limits: [{ service: 'nobody', value: 4 }] })).status).toBe(400);
  expect(cloud.simulator.control.rejected('DFW')).toBe(2);
});
