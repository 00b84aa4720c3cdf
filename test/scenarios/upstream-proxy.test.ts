import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { ServerOptions } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { ask } from '../support/ask.ts';
import { makeCertificate } from '../support/certificates.ts';
import { type ConnectProxy, startConnectProxy } from '../support/connect-proxy.ts';
import { type Scene, type SceneOptions, setScene } from '../support/scenario.ts';
import { STUB_CREDENTIALS } from '../support/stub-identity.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-proxy-'));
afterAll(() => rmSync(folder, { recursive: true }));

const authority = makeCertificate({ name: 'A private authority' });
const { cert, key } = makeCertificate({ names: ['IP:127.0.0.1'], issuer: authority });
const tls: { identity: ServerOptions; regions: ServerOptions } = {
  identity: { cert, key },
  regions: { cert, key },
};
const caFile = join(folder, 'ca.pem');
writeFileSync(caFile, authority.cert);
const { username, apiKey } = STUB_CREDENTIALS;
const credentials = { username, apiKey, caFile };

async function proxy(options: Parameters<typeof startConnectProxy>[0] = {}): Promise<ConnectProxy> {
  const started = await startConnectProxy(options);
  onTestFinished(() => started.close());
  return started;
}

/** Nothing is asked but what a test asks. */
const QUIET = { limits: { enabled: false }, cache: { warm: [] } };

const list = ({ gateway }: Scene, headers: Record<string, string> = {}, query = '') =>
  ask(`${gateway.url}/dfw/v2/700100/servers${query}`, { headers });

const hosts = ({ upstream, dfw }: Scene) => [upstream.identityUrl, dfw.url].map((url) => new URL(url).host);

const behind = (options: SceneOptions, environment: Record<string, string>): Promise<Scene> =>
  setScene({ tls, credentials, ...options, environment });

describe('a gateway behind a proxy', () => {
  it('logs in and asks regions through its tunnels, with TLS from end to end', async () => {
    const { port, asked } = await proxy();
    const set = await behind({}, { HTTPS_PROXY: `http://127.0.0.1:${port}` });
    expect((await list(set)).status).toBe(200);
    expect([...new Set(asked)]).toEqual(hosts(set));
  });

  it('tunnels plain HTTP as well', async () => {
    const { port, asked } = await proxy();
    const set = await setScene({ environment: { http_proxy: `http://127.0.0.1:${port}` } });
    expect((await list(set)).status).toBe(200);
    expect([...new Set(asked)]).toEqual(hosts(set));
  });

  it('goes around it to what NO_PROXY names', async () => {
    const { port, asked } = await proxy();
    const environment = { HTTPS_PROXY: `http://127.0.0.1:${port}`, NO_PROXY: 'other.test,127.0.0.1' };
    expect((await list(await behind({}, environment))).status).toBe(200);
    expect(asked).toEqual([]);
  });

  it('shows the credentials of its URL to it, and to nobody else', async () => {
    const { port } = await proxy({ credentials: 'sluice:p@ss word' });
    const url = `http://sluice:${encodeURIComponent('p@ss word')}@127.0.0.1:${port}`;
    const set = await behind({}, { HTTPS_PROXY: url });
    expect((await list(set)).status).toBe(200);
    const [seen] = set.dfw.requests('GET /servers');
    expect(Object.keys(seen!.headers)).not.toContain('proxy-authorization');
    expect(set.gateway.logText()).not.toMatch(/p@ss|p%40ss/);
  });

  it('reaches a proxy that speaks TLS itself, as far as the machine trusts it', async () => {
    const { port } = await proxy({ tls: { cert, key } });
    const set = await behind({ untilReady: false }, { HTTPS_PROXY: `https://127.0.0.1:${port}` });
    const { status, text } = await list(set);
    expect(status).toBe(503);
    expect(text).toMatch(/the proxy's certificate .*NODE_EXTRA_CA_CERTS/);
  });

  it('keeps to upstream.connections', async () => {
    const started = await proxy();
    const environment = { HTTPS_PROXY: `http://127.0.0.1:${started.port}` };
    const set = await behind({ settings: { upstream: { connections: 2 } } }, environment);
    const gate = set.dfw.hold('GET /servers');
    const answers = Promise.all(Array.from({ length: 6 }, (_, at) => list(set, {}, `?name=${at}`)));
    await gate.arrived(2);
    expect(set.dfw.connections).toBeLessThanOrEqual(2);
    gate.open();
    expect((await answers).map(({ status }) => status)).toEqual(Array(6).fill(200));
    expect(set.dfw.connections).toBeLessThanOrEqual(2);
  });

  it('still says what is wrong with the certificate at the end of the tunnel', async () => {
    const { port } = await proxy();
    const set = await behind(
      { credentials: { username, apiKey }, untilReady: false },
      { HTTPS_PROXY: `http://127.0.0.1:${port}` },
    );
    expect((await list(set)).text).toMatch(/its certificate is signed by no authority .*caFile/);
  });
});

describe('a proxy that does not let the gateway through', () => {
  it('is named once, not tried again, and its address is not told', async () => {
    const started = await proxy();
    const set = await behind({ settings: QUIET }, { HTTPS_PROXY: `http://127.0.0.1:${started.port}` });
    for (const [status, text] of [
      [403, /the proxy on the way does not let this gateway through \(403\).*NO_PROXY/],
      [407, /the proxy on the way wants other credentials \(407\)/],
    ] as const) {
      started.refuse(status);
      await set.dfw.refuse();
      await set.dfw.accept();
      const before = started.asked.length;
      const answer = await list(set);
      expect(answer.status).toBe(503);
      expect(answer.text).toMatch(text);
      expect(answer.text).not.toContain(String(started.port));
      expect(started.asked.length - before).toBe(1);
    }
  });

  it('is tried again where it only got no connection', async () => {
    const started = await proxy();
    const set = await behind(
      { settings: { ...QUIET, upstream: { retries: 2 } } },
      { HTTPS_PROXY: `http://127.0.0.1:${started.port}` },
    );
    started.refuse(502);
    await set.dfw.refuse();
    await set.dfw.accept();
    const before = started.asked.length;
    const { status, text } = await list(set);
    expect(status).toBe(503);
    expect(text).toMatch(/the proxy on the way got no connection \(502\).*Try again/);
    expect(started.asked.length - before).toBeGreaterThan(1);
  });

  it('is named when it is away', async () => {
    const started = await proxy();
    await started.close();
    const set = await behind({ untilReady: false }, { HTTPS_PROXY: `http://127.0.0.1:${started.port}` });
    const { status } = await list(set);
    expect(status).toBe(503);
    expect(set.gateway.logText()).toMatch(/no connection to the proxy on the way \(ECONNREFUSED\)/);
  });
});
