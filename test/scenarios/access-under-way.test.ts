import { describe, expect } from 'vitest';
import { ask } from '../support/ask.ts';
import { keysMode, testClient } from '../support/clients.ts';
import { connectRaw, requestText } from '../support/raw-connection.ts';
import { scenario } from '../support/scenario.ts';
import { json } from '../support/stub-answers.ts';

const P = '/dfw/v2/700100';
const stayer = testClient('stayer');
const leaver = testClient('leaver');

const { it, gateway, dfw } = scenario('test', {
  settings: { limits: { enabled: false }, ...keysMode([stayer, leaver]) },
});

const get = (path: string, headers: Shown, method = 'GET') =>
  ask(gateway.url + P + path, { method, headers });
type Shown = Readonly<Record<string, string>>;

/** What a caller shows, and what takes it away: it is gone when that resolves. */
interface Way {
  shown: Shown;
  takeAway(): Promise<unknown>;
}

async function login({ url }: { url: string }): Promise<string> {
  const auth = { passwordCredentials: { username: leaver.name, password: leaver.key } };
  const headers = { 'content-type': 'application/json' };
  const answer = await ask(`${url}/v2.0/tokens`, { method: 'POST', headers, body: JSON.stringify({ auth }) });
  return answer.json<{ access: { token: { id: string } } }>().access.token.id;
}

async function byToken(): Promise<Way> {
  const token = await login(gateway);
  return {
    shown: { 'x-auth-token': token },
    // Whoever has a token may give it back.
    takeAway: () => ask(`${gateway.url}/v2.0/tokens/${token}`, { method: 'DELETE', headers: stayer.headers }),
  };
}

const byKey = async (): Promise<Way> => ({
  shown: leaver.headers,
  takeAway: () => gateway.reload(keysMode([stayer])),
});

describe.each([
  ['its key is taken away', byKey],
  ['its token is given back', byToken],
  [
    'the key of its token is taken away',
    async () => ({ shown: (await byToken()).shown, takeAway: (await byKey()).takeAway }),
  ],
])('a request that is under way when %s', (_what, begin) => {
  const READS: [what: string, path: string, request: string][] = [
    ['that is fetched for the cache', '/flavors/detail', 'GET /flavors/detail'],
    ['that is not cached', '/servers', 'GET /servers'],
    ['that streams', '/os-keypairs', 'GET /os-keypairs'],
  ];

  it.each(READS)('is 401 as a read %s', async (_kind, path, request) => {
    const { shown, takeAway } = await begin();
    dfw.on('GET /os-keypairs', json({ keypairs: [] }));
    const gate = dfw.hold(request);
    const asked = get(path, shown);
    await gate.arrived(1);
    await takeAway();
    gate.open();
    const { status, text } = await asked;
    expect([status, text]).toEqual([401, expect.stringContaining('taken away')]);
  });

  it.each(READS)('is 401 on a kept-alive connection as a read %s', async (_kind, path, request) => {
    const { shown, takeAway } = await begin();
    dfw.on('GET /os-keypairs', json({ keypairs: [] }));
    const connection = await connectRaw(gateway.url);
    await connection.ask(`${P}/limits`, stayer.headers);
    const gate = dfw.hold(request);
    connection.write(requestText('gw', P + path, shown));
    await gate.arrived(1);
    await takeAway();
    gate.open();
    const { status, body } = await connection.answer();
    expect([status, body]).toEqual([401, expect.stringContaining('taken away')]);
    // The connection is another's as well.
    expect((await connection.ask(`${P}/limits`, stayer.headers)).status).toBe(200);
    connection.close();
  });

  it('is 401 as a write, of which the caller is told that it may have been done', async () => {
    const { shown, takeAway } = await begin();
    const gate = dfw.hold('DELETE /servers/*');
    const asked = get('/servers/1', shown, 'DELETE');
    await gate.arrived(1);
    await takeAway();
    gate.open();
    const { status, text } = await asked;
    expect([status, text]).toEqual([401, expect.stringContaining('may have been done')]);
  });

  it('is 401 as a list of every region', async () => {
    const { shown, takeAway } = await begin();
    const gate = dfw.hold('GET /servers');
    const asked = ask(`${gateway.url}/all/v2/700100/servers`, { headers: shown });
    await gate.arrived(1);
    await takeAway();
    gate.open();
    expect((await asked).status).toBe(401);
  });

  it('spoils nothing for those who wait for the same answer', async () => {
    const { shown, takeAway } = await begin();
    const gate = dfw.hold('GET /flavors/detail');
    const leads = get('/flavors/detail', shown);
    await gate.arrived(1);
    const joins = get('/flavors/detail', stayer.headers);
    await ask(`${gateway.url}/v3`);
    await takeAway();
    gate.open();
    expect([(await leads).status, (await joins).status]).toEqual([401, 200]);
    expect(dfw.count('GET /flavors/detail')).toBe(1);
  });

  it('is answered as ever where it is another’s that is taken away', async () => {
    const { takeAway } = await begin();
    const gate = dfw.hold('GET /servers');
    const asked = get('/servers', stayer.headers);
    await gate.arrived(1);
    await takeAway();
    gate.open();
    expect((await asked).status).toBe(200);
  });
});

it('a token that gives itself back is told that it is done, and is good for nothing after that', async () => {
  for (const [path, named] of [
    ['/v2.0/tokens/', 'path'],
    ['/v3/auth/tokens', 'header'],
  ] as const) {
    const token = await login(gateway);
    const headers = { 'x-auth-token': token, ...(named === 'header' ? { 'x-subject-token': token } : {}) };
    const url = gateway.url + path + (named === 'path' ? token : '');
    expect((await ask(url, { method: 'DELETE', headers })).status).toBe(204);
    expect((await ask(url, { method: 'DELETE', headers })).status).not.toBe(204);
    expect((await get('/servers', headers)).status).toBe(401);
  }
});

it('a request under way is 403 when it is the grant that has lost it', async () => {
  const gate = dfw.hold('GET /servers');
  const asked = get('/servers', leaver.headers);
  await gate.arrived(1);
  const { settings } = leaver;
  await gateway.reload(keysMode([stayer, { ...leaver, settings: { ...settings, deny: ['listServers'] } }]));
  gate.open();
  const { status, text } = await asked;
  expect([status, text]).toEqual([403, expect.stringContaining('listServers')]);
});

describe('a request that waits for a slot when what it shows is taken away', () => {
  const limit = { verb: 'DELETE', uri: '*', regex: '.*', value: 1, unit: 'MINUTE' as const };
  const limited = scenario('test', {
    standstill: true,
    settings: {
      limits: { source: 'static', static: [limit], maxWaitMs: 600_000 },
      ...keysMode([stayer, leaver]),
    },
  });

  limited.it.for([
    ['its key is removed', false],
    ['its token is given back', true],
  ] as const)('is not sent any more when %s', async ([, isToken]) => {
    const token = isToken ? await login(limited.gateway) : leaver.key;
    const headers = { 'x-auth-token': token };
    const remove = (id: string) =>
      ask(`${limited.gateway.url}${P}/servers/${id}`, { method: 'DELETE', headers });
    await remove('1');
    const waits = remove('2');
    await expect.poll(() => limited.gateway.metric('sluice_limit_queue_depth'), { timeout: 20_000 }).toBe(1);
    if (isToken)
      await ask(`${limited.gateway.url}/v2.0/tokens/${token}`, { method: 'DELETE', headers: stayer.headers });
    else await limited.gateway.reload(keysMode([stayer]));
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
