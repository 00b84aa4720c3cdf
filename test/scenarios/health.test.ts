import { afterEach, describe, expect, it } from 'vitest';
import { ask } from '../support/ask.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
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

  it('is 503 as long as one account of several has no token, while the others are served', async () => {
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
    let answer = await readyz();
    while (answer.json<Readiness>().accounts[1]!.problem === undefined) answer = await readyz();
    while (!answer.json<Readiness>().accounts[0]!.ready) answer = await readyz();
    expect(answer.status).toBe(503);
    expect(answer.json<Readiness>().accounts.map(({ name, ready }) => [name, ready])).toEqual([
      ['good', true],
      ['bad', false],
    ]);
    expect((await ask(`${gateway.url}/dfw/v2/700100/servers`)).status).toBe(200);
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
