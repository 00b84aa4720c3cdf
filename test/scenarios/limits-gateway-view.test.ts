import { expect } from 'vitest';
import { ask } from '../support/ask.ts';
import { scenario } from '../support/scenario.ts';
import { publishedAs, type StubLimit } from '../support/stub-rates.ts';

const LIMITS: StubLimit[] = [
  { verb: 'GET', uri: '*', value: 100, unit: 'MINUTE' },
  { verb: 'POST', uri: '/servers', value: 50, unit: 'DAY' },
];

const { it, gateway, dfw, clock } = scenario('test', {
  standstill: true,
  settings: { access: { clients: [{ name: 'billing', share: 3 }] } },
  script: (upstream) => upstream.region('DFW').publish(publishedAs(LIMITS)),
});

const url = (path: string) => `${gateway.url}/dfw/v2/700100${path}`;

interface Row {
  verb: string;
  value: number;
  remaining: number;
  unit: string;
  'next-available': string;
}
interface Limits {
  limits: { rate: { uri: string; regex: string; limit: Row[] }[]; absolute: Record<string, number> };
}

async function rowOf(uri: string): Promise<Row> {
  const { rate } = (await ask(url('/limits'))).json<Limits>().limits;
  return rate.find((one) => one.uri === uri)!.limit[0]!;
}

it('GET /limits shows the rates as Sluice sees them now, and the absolute limits of the region', async () => {
  const { status, json } = await ask(url('/limits'));
  expect(status).toBe(200);
  const { rate, absolute } = json<Limits>().limits;
  expect(rate.map(({ uri, regex }) => [uri, regex])).toEqual([
    ['*', '.*'],
    ['/servers', '^/servers'],
  ]);
  expect(absolute).toEqual({ maxTotalInstances: 100 });
  const before = await rowOf('*');
  expect(before).toMatchObject({ verb: 'GET', value: 100, unit: 'MINUTE' });
  await ask(url('/servers'));
  await ask(url('/servers/detail'));
  expect((await rowOf('*')).remaining).toBe(before.remaining - 2);
  clock.tick(120_000);
  // The absolute limits are seconds old at most: at most one question after them is charged.
  expect((await rowOf('*')).remaining).toBeGreaterThanOrEqual(99);
});

it('GET /limits costs the account nothing, however often it is asked', async () => {
  await ask(url('/limits'));
  const asked = dfw.count('GET /limits');
  for (let at = 0; at < 30; at++) await ask(url('/limits'));
  expect(dfw.count('GET /limits')).toBe(asked);
  expect(asked).toBeLessThanOrEqual(2);
});

it('GET /limits in XML', async () => {
  for (const [path, headers] of [
    ['/limits.xml', {}],
    ['/limits', { accept: 'application/xml' }],
  ] as const) {
    const answer = await ask(url(path), { headers });
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toContain('application/xml');
    expect(answer.text).toMatch(/<limits [^>]*xmlns=/);
    expect(answer.text).toMatch(/<rate [^>]*uri="\/servers"/);
    expect(answer.text).toMatch(
      /<limit [^>]*verb="POST"[^>]*value="50"|<limit [^>]*value="50"[^>]*verb="POST"/,
    );
    expect(answer.text).toContain('maxTotalInstances');
  }
});

it("GET /limits says what the caller's own part is", async () => {
  const { headers } = await ask(url('/limits'), { headers: { 'x-sluice-client': 'billing' } });
  expect(headers['x-sluice-client']).toBe('billing');
  expect(headers['x-sluice-share']).toBe('3');
  expect(headers['x-sluice-waiting']).toBe('0');
  const nobody = await ask(url('/limits'), { headers: { 'x-sluice-client': 'someone' } });
  expect(nobody.headers['x-sluice-client']).toBe('anonymous');
});

it('every answer that used a limit says what is left of it, and no other', async () => {
  const remaining = (await rowOf('*')).remaining;
  const read = await ask(url('/servers'));
  expect(read.headers['ratelimit-policy']).toBe('"GET * MINUTE";q=100;w=60');
  expect(read.headers['ratelimit']).toMatch(new RegExp(`^"GET \\* MINUTE";r=${remaining - 1};t=\\d+$`));
  const miss = await ask(url('/flavors'));
  expect(miss.headers['ratelimit']).toMatch(/^"GET \* MINUTE";r=\d+;t=\d+$/);
  const hit = await ask(url('/flavors'));
  expect(hit.headers['ratelimit']).toBeUndefined();
  const created = await ask(url('/servers'), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ server: { name: 'a', imageRef: '1', flavorRef: '2' } }),
  });
  expect(created.headers['ratelimit-policy']).toBe('"POST /servers DAY";q=50;w=86400');
  const refused = await ask(url('/servers/none'));
  expect(refused.status).toBe(404);
  expect(refused.headers['ratelimit']).toBeDefined();
});

it('an answer that goes through says it too', async () => {
  dfw.on('GET /os-keypairs', ({ response }) => void response.end('{"keypairs":[]}'));
  const { headers } = await ask(url('/os-keypairs'));
  expect(headers['ratelimit-policy']).toBe('"GET * MINUTE";q=100;w=60');
  expect(headers['ratelimit']).toMatch(/^"GET \* MINUTE";r=\d+;t=\d+$/);
});

it('a request that did not wait says nothing of waiting', async () => {
  expect((await ask(url('/servers'))).headers['x-sluice-wait-ms']).toBeUndefined();
});
