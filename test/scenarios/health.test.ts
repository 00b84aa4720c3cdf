import { afterEach, describe, expect, it } from 'vitest';
import { ask } from '../support/ask.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { setScene } from '../support/scenario.ts';
import { fault } from '../support/stub-answers.ts';
import { STUB_CREDENTIALS } from '../support/stub-identity.ts';
import { type StubUpstream, startStubUpstream } from '../support/stub-upstream.ts';

let upstream: StubUpstream;
let gateway: TestGateway;

afterEach(async () => {
  await gateway.close();
  await upstream.close();
});

interface Readiness {
  status: string;
  accounts: { name: string; ready: boolean; regions: string[]; problem?: string }[];
}

const healthz = () => ask(`${gateway.adminUrl}/healthz`);
const readyz = () => ask(`${gateway.adminUrl}/readyz`);

describe('/healthz is 200 while the process lives, /readyz', () => {
  it('is 200 and names accounts and regions once there is a token', async () => {
    upstream = await startStubUpstream({ regions: ['DFW', 'ORD'] });
    gateway = await startGateway({ identityUrl: upstream.identityUrl });
    expect((await healthz()).status).toBe(200);
    const { status, json } = await readyz();
    expect(status).toBe(200);
    expect(json()).toMatchObject({
      status: 'ready',
      accounts: [{ name: 'main', ready: true, regions: ['DFW', 'ORD'] }],
    });
  });

  it('is 503 while the first login is under way', async () => {
    upstream = await startStubUpstream();
    const gate = upstream.identity.hold('POST /tokens');
    gateway = await startGateway({ identityUrl: upstream.identityUrl, untilReady: false });
    await gate.arrived(1);
    expect((await healthz()).status).toBe(200);
    const { status, json } = await readyz();
    expect(status).toBe(503);
    expect(json<Readiness>()).toMatchObject({
      status: 'not ready',
      accounts: [{ name: 'main', ready: false }],
    });
    gate.open();
    while ((await readyz()).status !== 200) await new Promise(setImmediate);
  });

  it('is 503 with the reason while identity is down, and requests get a 503 fault', async () => {
    upstream = await startStubUpstream();
    upstream.identity.on('POST /tokens', fault('identityFault', 500, 'The stub is out of order.'));
    gateway = await startGateway({ identityUrl: upstream.identityUrl, untilReady: false });
    let answer = await readyz();
    while (answer.json<Readiness>().accounts[0]!.problem === undefined) answer = await readyz();
    expect(answer.status).toBe(503);
    expect((await healthz()).status).toBe(200);
    const servers = await ask(`${gateway.url}/dfw/v2/700100/servers`);
    expect(servers.status).toBe(503);
    expect(servers.json()).toHaveProperty('serviceUnavailable');
  });

  it('is 503 with wrong credentials, and never shows them', async () => {
    upstream = await startStubUpstream();
    const credentials = { username: STUB_CREDENTIALS.username, apiKey: 'wrong-key-55aa' };
    gateway = await startGateway({ identityUrl: upstream.identityUrl, credentials, untilReady: false });
    let answer = await readyz();
    while (answer.json<Readiness>().accounts[0]!.problem === undefined) answer = await readyz();
    expect(answer.status).toBe(503);
    expect(answer.text).not.toContain('wrong-key-55aa');
    expect(gateway.logText()).not.toContain('wrong-key-55aa');
  });

  it('is 200 while one account of several can be served; ?account and ?strict say more', async () => {
    upstream = await startStubUpstream();
    const good = { username: STUB_CREDENTIALS.username, apiKey: STUB_CREDENTIALS.apiKey };
    gateway = await startGateway({
      identityUrl: upstream.identityUrl,
      untilReady: false,
      settings: {
        accounts: [
          { name: 'good', identity: { url: upstream.identityUrl, ...good } },
          { name: 'bad', identity: { url: upstream.identityUrl, username: 'nobody', apiKey: 'nothing' } },
        ],
      },
    });
    const accounts = async () => (await readyz()).json<Readiness>().accounts;
    await expect.poll(async () => (await accounts())[1]!.problem, { timeout: 20_000 }).toBeTypeOf('string');
    await expect.poll(async () => (await accounts())[0]!.ready, { timeout: 20_000 }).toBe(true);
    const statusOf = async (query: string) => (await ask(`${gateway.adminUrl}/readyz?${query}`)).status;
    expect((await readyz()).status).toBe(200);
    expect(await statusOf('account=good')).toBe(200);
    expect(await statusOf('account=bad')).toBe(503);
    expect(await statusOf('account=nobody')).toBe(404);
    expect(await statusOf('strict')).toBe(503);
    expect(await statusOf('strict=false')).toBe(200);
    expect(await statusOf('account=good&strict')).toBe(503);
    expect(await gateway.metric('sluice_account_ready', { account: 'good' })).toBe(1);
    expect(await gateway.metric('sluice_account_ready', { account: 'bad' })).toBe(0);
    const { degraded } = (await ask(`${gateway.adminUrl}/readyz?verbose`)).json<{ degraded: Part[] }>();
    expect(degraded).toMatchObject([{ part: 'account bad', since: expect.stringMatching(/^20.*Z$/) }]);
    expect(degraded[0]!.todo).toContain('SIGHUP');
  });
});

interface Part {
  part: string;
  since: string | null;
  problem: string;
  todo: string;
}

describe('with answers in the cache', () => {
  it('/readyz stays 200 while Identity is down and the token is gone; without any it is 503', async () => {
    const scene = await setScene({ standstill: true, tokenLifeMs: 3_600_000 });
    const { clock } = scene;
    [upstream, gateway] = [scene.upstream, scene.gateway];
    expect((await ask(`${gateway.url}/dfw/v2/700100/flavors`)).status).toBe(200);
    upstream.identity.on('POST /tokens', fault('identityFault', 500, 'The stub is out of order.'));
    await clock.advance(2 * 3_600_000);
    expect((await ask(`${gateway.adminUrl}/readyz?account=main`)).status).toBe(503);
    expect((await readyz()).status).toBe(200);
    expect((await ask(`${gateway.url}/dfw/v2/700100/flavors`)).status).toBe(200);
    expect((await ask(`${gateway.url}/dfw/v2/700100/servers`)).status).toBe(503);
    await ask(`${gateway.adminUrl}/admin/cache/purge`, { method: 'POST' });
    expect((await readyz()).status).toBe(503);
  });
});

describe('a region that does not answer', () => {
  it('is down by its metric, in the log and in /readyz?verbose, without traffic, until it is back', async () => {
    const scene = await setScene({ standstill: true });
    const { clock } = scene;
    [upstream, gateway] = [scene.upstream, scene.gateway];
    const isUp = () => gateway.metric('sluice_region_up', { account: 'main', region: 'DFW' });
    await expect.poll(isUp, { timeout: 30_000 }).toBe(1);
    await upstream.region('DFW').refuse();
    await clock.advance(60_000);
    await expect.poll(isUp, { timeout: 60_000 }).toBe(0);
    expect((await readyz()).status).toBe(200);
    expect((await ask(`${gateway.adminUrl}/readyz?strict`)).status).toBe(503);
    const { degraded } = (await ask(`${gateway.adminUrl}/readyz?verbose`)).json<{ degraded: Part[] }>();
    expect(degraded).toMatchObject([
      { part: 'region main DFW', problem: expect.stringContaining('no connection') },
    ]);
    expect(gateway.logged()).toContainEqual(
      expect.objectContaining({ msg: 'a region is down', account: 'main', region: 'DFW' }),
    );
    await upstream.region('DFW').accept();
    await expect.poll(isUp, { timeout: 60_000 }).toBe(1);
    expect(gateway.logged()).toContainEqual(expect.objectContaining({ msg: 'a region is back' }));
    expect((await ask(`${gateway.adminUrl}/readyz?strict`)).status).toBe(200);
  });
});

describe('an identity service that does not answer while tokens are valid', () => {
  it('is down by its metric, in the log and in /readyz?verbose, and nothing is taken out', async () => {
    const scene = await setScene({ standstill: true });
    const { clock } = scene;
    [upstream, gateway] = [scene.upstream, scene.gateway];
    const isUp = () => gateway.metric('sluice_identity_up', { account: 'main', region: '' });
    expect(await isUp()).toBe(1);
    await upstream.identity.refuse();
    await clock.advance(60_000);
    await expect.poll(isUp, { timeout: 60_000 }).toBe(0);
    expect((await readyz()).status).toBe(200);
    expect((await ask(`${gateway.adminUrl}/readyz?account=main`)).status).toBe(200);
    expect((await ask(`${gateway.url}/dfw/v2/700100/servers`)).status).toBe(200);
    const { degraded } = (await ask(`${gateway.adminUrl}/readyz?verbose`)).json<{ degraded: Part[] }>();
    expect(degraded).toMatchObject([
      {
        part: 'identity main',
        since: expect.stringMatching(/^20.*Z$/),
        problem: expect.stringContaining('no connection'),
        effect: expect.stringContaining('The token of the account serves until 20'),
        todo: expect.stringContaining('outage'),
      },
    ]);
    const told = expect.objectContaining({ msg: 'an identity service is down', account: 'main' });
    expect(gateway.logged()).toContainEqual(told);
    await upstream.identity.accept();
    await expect.poll(isUp, { timeout: 60_000 }).toBe(1);
    expect(gateway.logged()).toContainEqual(expect.objectContaining({ msg: 'an identity service is back' }));
    expect((await ask(`${gateway.adminUrl}/readyz?strict`)).status).toBe(200);
  });
});

it('a region that is down is no reason to be taken out: /readyz stays 200', async () => {
  upstream = await startStubUpstream();
  gateway = await startGateway({ identityUrl: upstream.identityUrl });
  upstream.region('DFW').on('* /servers', fault('computeFault', 500, 'The stub is out of order.'));
  await ask(`${gateway.url}/dfw/v2/700100/servers`);
  expect((await readyz()).status).toBe(200);
});

it('the listener of callers has none of it', async () => {
  upstream = await startStubUpstream();
  gateway = await startGateway({ identityUrl: upstream.identityUrl });
  for (const path of ['/metrics', '/healthz', '/readyz'])
    expect((await ask(gateway.url + path)).status, path).toBe(404);
});
