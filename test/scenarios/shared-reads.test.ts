import { describe, expect } from 'vitest';
import { ask } from '../support/ask.ts';
import { scenario } from '../support/scenario.ts';
import { json } from '../support/stub-answers.ts';
import { publishedAs } from '../support/stub-rates.ts';

const { it, gateway, dfw, clock } = scenario('test', {
  standstill: true,
  settings: { limits: { maxWaitMs: 3_600_000 } },
  script(upstream) {
    const dfw = upstream.region('DFW');
    dfw.publish(publishedAs([{ verb: 'GET', uri: '/servers', value: 1, unit: 'MINUTE' }]));
    let version = 0;
    dfw.on('GET /servers/detail', (exchange) => json({ servers: [{ id: String(++version) }] })(exchange));
  },
  begin: () => ask(url('/limits')),
});
const url = (path: string) => `${gateway.url}/dfw/v2/700100${path}`;

describe('reads that wait for a slot', () => {
  it('share one request where they ask the same, whoever asks and in whatever format', async () => {
    expect((await ask(url('/servers/detail'))).text).toContain('"1"');
    const formats = ['application/json', 'application/xml'];
    const waiting = Array.from({ length: 40 }, (_, index) =>
      ask(url('/servers/detail'), {
        headers: { accept: formats[index % 2]!, 'x-sluice-client': `client-${index % 3}` },
      }),
    );
    await expect.poll(() => gateway.metric('sluice_limit_queue_depth')).toBe(40);
    const other = ask(url('/servers/detail?status=ACTIVE'));
    await expect.poll(() => gateway.metric('sluice_limit_queue_depth')).toBe(41);
    clock.tick(61_000);
    const answers = await Promise.all(waiting);
    for (const { status, text } of answers) {
      expect(status).toBe(200);
      expect(text).toMatch(/id="2"|"id":\s*"2"/);
    }
    expect(dfw.count('GET /servers/detail')).toBe(2);
    expect(await gateway.metric('sluice_limit_shared_reads_total')).toBe(39);
    clock.tick(61_000);
    expect((await other).status).toBe(200);
    expect(dfw.count('GET /servers/detail')).toBe(3);
  });

  it('are not shared between versions of an answer', async () => {
    await ask(url('/servers/detail'));
    const waiting = ['2.1', '2.60'].map((version) =>
      ask(url('/servers/detail'), { headers: { 'x-openstack-nova-api-version': version } }),
    );
    await expect.poll(() => gateway.metric('sluice_limit_queue_depth')).toBe(2);
    clock.tick(61_000);
    await expect.poll(() => dfw.count('GET /servers/detail')).toBe(2);
    clock.tick(61_000);
    await Promise.all(waiting);
    expect(dfw.count('GET /servers/detail')).toBe(3);
  });
});
