import { describe, expect } from 'vitest';
import { ask } from '../support/ask.ts';
import { keysMode, testClient } from '../support/clients.ts';
import { scenario } from '../support/scenario.ts';
import { json } from '../support/stub-answers.ts';

const P = '/dfw/v2/700100';
const stayer = testClient('stayer');
const leaver = testClient('leaver');

const { it, gateway, dfw } = scenario('test', {
  settings: { limits: { enabled: false }, ...keysMode([stayer, leaver]) },
});

/** The leaver's key is gone when this resolves, as after the line in the log. */
const takeAway = () => gateway.reload(keysMode([stayer]));
const get = (path: string, { headers } = leaver) => ask(gateway.url + P + path, { headers });

describe('a request that is under way when its key is taken away', () => {
  const READS: [what: string, path: string, request: string][] = [
    ['that is fetched for the cache', '/flavors/detail', 'GET /flavors/detail'],
    ['that is not cached', '/servers', 'GET /servers'],
    ['that streams', '/os-keypairs', 'GET /os-keypairs'],
  ];

  it.each(READS)('is 401 as a read %s', async (_what, path, request) => {
    dfw.on('GET /os-keypairs', json({ keypairs: [] }));
    const gate = dfw.hold(request);
    const asked = get(path);
    await gate.arrived(1);
    await takeAway();
    gate.open();
    const { status, text } = await asked;
    expect([status, text]).toEqual([401, expect.stringContaining('taken away')]);
  });

  it('is 401 as a write, of which the caller is told that it may have been done', async () => {
    const gate = dfw.hold('DELETE /servers/*');
    const asked = ask(`${gateway.url}${P}/servers/1`, { method: 'DELETE', headers: leaver.headers });
    await gate.arrived(1);
    await takeAway();
    gate.open();
    const { status, text } = await asked;
    expect([status, text]).toEqual([401, expect.stringContaining('may have been done')]);
  });

  it('is 401 as a list of every region', async () => {
    const gate = dfw.hold('GET /servers');
    const asked = ask(`${gateway.url}/all/v2/700100/servers`, { headers: leaver.headers });
    await gate.arrived(1);
    await takeAway();
    gate.open();
    expect((await asked).status).toBe(401);
  });

  it('spoils nothing for those who wait for the same answer', async () => {
    const gate = dfw.hold('GET /flavors/detail');
    const leads = get('/flavors/detail');
    await gate.arrived(1);
    const joins = get('/flavors/detail', stayer);
    await ask(`${gateway.url}/v3`);
    await takeAway();
    gate.open();
    expect([(await leads).status, (await joins).status]).toEqual([401, 200]);
    expect(dfw.count('GET /flavors/detail')).toBe(1);
  });

  it('is 403 when it is the grant that has lost it', async () => {
    const gate = dfw.hold('GET /servers');
    const asked = get('/servers');
    await gate.arrived(1);
    const { settings } = leaver;
    await gateway.reload(keysMode([stayer, { ...leaver, settings: { ...settings, deny: ['listServers'] } }]));
    gate.open();
    const { status, text } = await asked;
    expect([status, text]).toEqual([403, expect.stringContaining('listServers')]);
  });

  it('is answered as ever when a reload leaves its key alone', async () => {
    const gate = dfw.hold('GET /servers');
    const asked = get('/servers', stayer);
    await gate.arrived(1);
    await takeAway();
    gate.open();
    expect((await asked).status).toBe(200);
  });
});

describe('a request that waits for a slot when its key is taken away', () => {
  const limit = { verb: 'DELETE', uri: '*', regex: '.*', value: 1, unit: 'MINUTE' as const };
  const limited = scenario('test', {
    standstill: true,
    settings: {
      limits: { source: 'static', static: [limit], maxWaitMs: 600_000 },
      ...keysMode([stayer, leaver]),
    },
  });

  limited.it('is not sent any more', async () => {
    const remove = (id: string) =>
      ask(`${limited.gateway.url}${P}/servers/${id}`, { method: 'DELETE', headers: leaver.headers });
    await remove('1');
    const waits = remove('2');
    await expect.poll(() => limited.gateway.metric('sluice_limit_queue_depth'), { timeout: 20_000 }).toBe(1);
    await limited.gateway.reload(keysMode([stayer]));
    let isOver = false;
    void waits.finally(() => {
      isOver = true;
    });
    await expect
      .poll(
        () => {
          limited.clock.tick(10_000);
          return isOver;
        },
        { timeout: 20_000 },
      )
      .toBe(true);
    expect((await waits).status).toBe(401);
    expect(limited.dfw.count('DELETE /servers/2')).toBe(0);
  });
});
