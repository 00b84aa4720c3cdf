import { describe, expect } from 'vitest';
import { ask } from '../support/ask.ts';
import { scenario } from '../support/scenario.ts';
import { type Answer, json, text, tooMany } from '../support/stub-answers.ts';
import { publishedAs } from '../support/stub-rates.ts';

const { it, gateway, dfw, clock } = scenario('test', {
  standstill: true,
  settings: { limits: { maxWaitMs: 60_000 } },
  script(upstream) {
    const limit = { verb: 'ALL', uri: '*', value: 1000, unit: 'SECOND' } as const;
    upstream.region('DFW').publish(publishedAs([limit]));
  },
  begin: () => ask(`${gateway.url}/dfw/v2/700100/limits`),
});

const send = (path: string, method = 'GET', body?: string, headers: Record<string, string> = {}) =>
  ask(`${gateway.url}/dfw/v2/700100${path}`, {
    method,
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(body === undefined ? {} : { body }),
  });

/** Turns the clock until the request has been answered. */
async function waitedOut<T>(answer: Promise<T>): Promise<T> {
  let isDone = false;
  const done = () => {
    isDone = true;
  };
  answer.then(done, done);
  for (let turn = 0; !isDone && turn < 20_000; turn++) {
    if (clock.pending > 0 && (await gateway.metric('sluice_limit_queue_depth')) > 0) clock.tick(500);
    await new Promise(setImmediate);
  }
  return answer;
}

const rates: [string, () => Answer][] = [
  ['with a date', () => tooMany.rateByDate(new Date(Date.now() + 4000))],
  ['with seconds', () => tooMany.rateBySeconds(4)],
  [
    '429 with seconds',
    () =>
      text('{"overLimit":{"code":429,"message":"slow"}}', 429, {
        'content-type': 'application/json',
        'retry-after': '4',
      }),
  ],
];

describe.each(rates)('a rate limit nobody foresaw (%s) is waited out and sent again', (_what, answer) => {
  it('for a GET', async () => {
    dfw.on('GET /servers', answer(), json({ servers: [] }));
    const { status, headers } = await waitedOut(send('/servers'));
    expect(status).toBe(200);
    expect(Number(headers['x-sluice-wait-ms'])).toBeGreaterThanOrEqual(2500);
    expect(dfw.count('GET /servers')).toBe(2);
    expect(await gateway.metric('sluice_upstream_overlimit_total', { account: 'main', region: 'DFW' })).toBe(
      1,
    );
    expect(
      await gateway.metric('sluice_upstream_retries_total', { region: 'DFW', reason: 'overlimit' }),
    ).toBe(1);
  });

  it('for a POST: it was refused before it was executed', async () => {
    const body = JSON.stringify({ server: { name: 'a', imageRef: '1', flavorRef: '2' } });
    dfw.on('POST /servers', answer(), json({ server: { id: 'n', adminPass: 'x' } }, 202));
    const { status } = await waitedOut(send('/servers', 'POST', body));
    expect(status).toBe(202);
    const bodies = dfw.requests('POST /servers').map((request) => request.body);
    expect(bodies).toHaveLength(2);
    expect(bodies[1]).toBe(bodies[0]);
  });

  it('for paths that go through, their bodies sent whole again', async () => {
    dfw.on('POST /os-keypairs', answer(), json({ keypair: {} }));
    const body = '{"keypair":{"name":"ops"}}';
    const { status, headers } = await waitedOut(send('/os-keypairs', 'POST', body));
    expect(status).toBe(200);
    expect(dfw.requests('POST /os-keypairs').map((request) => request.body)).toEqual([body, body]);
    expect(Number(headers['x-sluice-wait-ms'])).toBeGreaterThanOrEqual(2500);
    expect(headers['retry-after']).toBeUndefined();
  });

  it('or, where the caller may not wait that long, told at once', async () => {
    dfw.on('GET /servers', answer(), json({ servers: [] }));
    const {
      status,
      headers,
      json: body,
    } = await send('/servers', 'GET', undefined, { 'x-sluice-max-wait': '100' });
    expect(status).toBe(413);
    expect(Number(headers['retry-after'])).toBeGreaterThanOrEqual(1);
    expect(body()).toHaveProperty('overLimit.retryAt');
    expect(dfw.count('GET /servers')).toBe(1);
  });
});

describe('a 413 that is no rate limit goes through untouched, at once', () => {
  const create = JSON.stringify({ server: { name: 'a', imageRef: '1', flavorRef: '2' } });

  it('a quota, with its Retry-After: 0', async () => {
    dfw.on('POST /servers', tooMany.quota);
    const { status, headers, json: body } = await send('/servers', 'POST', create);
    expect(status).toBe(413);
    expect(headers['retry-after']).toBe('0');
    expect(body()).toEqual({ overLimit: { code: 413, message: 'Quota exceeded in the stub: cores' } });
    expect(dfw.count('POST /servers')).toBe(1);
    expect(await gateway.metric('sluice_upstream_overlimit_total')).toBe(0);
    dfw.off('POST /servers');
    expect((await send('/servers', 'POST', create)).status).toBe(202);
  });

  it('a quota in XML', async () => {
    dfw.on('POST /servers', tooMany.quota);
    const { status, text: body } = await send('/servers', 'POST', create, { accept: 'application/xml' });
    expect(status).toBe(413);
    expect(body).toMatch(/<overLimit [^>]*code="413"/);
    expect(body).toContain('Quota exceeded in the stub: cores');
  });

  it('a size', async () => {
    dfw.on('POST /servers', tooMany.bodySize);
    const { status, headers, json: body } = await send('/servers', 'POST', create);
    expect(status).toBe(413);
    expect(headers['retry-after']).toBeUndefined();
    expect(Object.values(body())[0]).toMatchObject({ code: 413 });
    expect(dfw.count('POST /servers')).toBe(1);
  });

  it.each([
    ['a quota', tooMany.quota],
    ['a size', tooMany.bodySize],
  ])('%s on a path that goes through', async (_what, answer) => {
    dfw.on('POST /os-volumes_boot', answer);
    const { status } = await send('/os-volumes_boot', 'POST', '{}');
    expect(status).toBe(413);
    expect(dfw.count('POST /os-volumes_boot')).toBe(1);
    expect(await gateway.metric('sluice_upstream_overlimit_total')).toBe(0);
  });
});

it('a rate that the region enforces but does not publish is waited out too', async () => {
  dfw.publish([]);
  clock.tick(3_600_000);
  const published = async () =>
    (await ask(`${gateway.url}/dfw/v2/700100/limits`)).json<{ limits: { rate: unknown[] } }>().limits.rate;
  while ((await published()).length > 0);
  dfw.on('GET /servers', tooMany.rateBySeconds(4), json({ servers: [] }));
  const started = clock.now();
  const answer = await waitedOut(send('/servers'));
  expect(answer.status).toBe(200);
  expect(clock.now() - started).toBeGreaterThanOrEqual(4000);
  expect(dfw.count('GET /servers')).toBe(2);
});
