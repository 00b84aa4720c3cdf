import { describe, expect } from 'vitest';
import { ask } from '../support/ask.ts';
import { scenario } from '../support/scenario.ts';
import { json, text } from '../support/stub-answers.ts';

const { it, gateway, dfw, clock } = scenario('test', {
  standstill: true,
  regions: ['DFW', 'ORD'],
  settings: {
    upstream: { retries: 0, circuit: { failures: 5, openMs: 10_000 } },
    cache: { flavors: { ttl: 1, staleWhileRevalidate: 0 } },
  },
});
const get = (path: string, region = 'dfw') => ask(`${gateway.url}/${region}/v2/700100${path}`);

describe('a region that does not answer', () => {
  it('is left alone after a while, tried by one, and used again once it answers', async () => {
    await get('/flavors');
    dfw.on('GET /servers', text('bad gateway', 502));
    for (let time = 0; time < 5; time++) expect((await get('/servers')).status).toBe(502);
    const refused = await get('/servers');
    expect(refused.status).toBe(503);
    expect(refused.json()).toHaveProperty('serviceUnavailable.message', expect.stringMatching(/DFW/));
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    expect(dfw.count('GET /servers')).toBe(5);
    expect(await gateway.metric('sluice_circuit_state', { region: 'DFW' })).toBe(2);
    expect(await gateway.metric('sluice_circuit_opened_total', { region: 'DFW' })).toBe(1);
    const told = () =>
      gateway.logged().filter(({ service, region }) => service === 'compute' && region === 'DFW');
    expect(told()).toHaveLength(1);

    // Whoever is on call sees it, since when, and what to do; a reload changes nothing about it.
    const opened = new Date(clock.now()).toISOString();
    await gateway.reload({ upstream: { retries: 0, circuit: { failures: 5, openMs: 10_000 } } });
    const { text: page } = await ask(`${gateway.adminUrl}/status`);
    expect(page).toContain('Something is wrong.');
    expect(page).toMatch(
      /<h3>Services<\/h3>.*class="down"><strong>main DFW compute<\/strong>.*circuit open/s,
    );
    const ready = await ask(`${gateway.adminUrl}/readyz?verbose`);
    expect(ready.status).toBe(200);
    expect(ready.json<{ degraded: unknown[] }>().degraded).toContainEqual({
      part: 'circuit main DFW compute',
      since: opened,
      problem: expect.stringContaining('compute of DFW'),
      effect: expect.stringContaining('503'),
      todo: expect.stringContaining('provider'),
    });

    // What is cached goes on, and so do other regions.
    clock.tick(2000);
    expect((await get('/flavors')).headers).toHaveProperty('x-cache', 'STALE');
    expect((await get('/servers', 'ord')).status).toBe(200);

    clock.tick(9000);
    expect((await get('/servers')).status).toBe(502);
    expect((await get('/servers')).status).toBe(503);
    expect(dfw.count('GET /servers')).toBe(6);
    dfw.on('GET /servers', json({ servers: [] }));
    clock.tick(21_000);
    expect((await get('/servers')).status).toBe(200);
    expect((await get('/servers')).status).toBe(200);
    expect(await gateway.metric('sluice_circuit_state', { region: 'DFW' })).toBe(0);
    expect(told()).toHaveLength(2);
    const after = await ask(`${gateway.adminUrl}/readyz?verbose`);
    expect(after.text).not.toContain('circuit main');
  });

  it('is nobody’s alarm for ever where nobody asks it again', async () => {
    dfw.on('GET /servers', text('bad gateway', 502));
    for (let time = 0; time < 5; time++) await get('/servers');
    const state = () => gateway.metric('sluice_circuit_state', { region: 'DFW', service: 'compute' });
    expect(await state()).toBe(2);
    clock.tick(69_000);
    expect(await state()).toBe(2);
    clock.tick(1_000);
    expect(await state()).toBe(0);
    expect(gateway.logText()).toContain('nobody has asked compute of DFW for a while');
    expect((await get('/servers')).status).toBe(502);
    expect(await state()).toBe(2);
  });

  it('is not confused with one that refuses', async () => {
    dfw.on('GET /servers', json({ itemNotFound: { code: 404, message: 'no' } }, 404));
    for (let time = 0; time < 12; time++) expect((await get('/servers')).status).toBe(404);
  });
});
