import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type Server } from 'node:https';
import { type AddressInfo, connect, type Server as NetServer } from 'node:net';
import { afterEach, expect, it, vi } from 'vitest';
import { ExchangeError, exchange } from '../../../src/upstream/exchange.ts';
import { failureFault } from '../../../src/upstream/failure.ts';
import { Pools, type UpstreamTls } from '../../../src/upstream/pools.ts';
import { makeCertificate } from '../../support/certificates.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const authority = makeCertificate({ name: 'authority' });
const server = makeCertificate({ name: 'region', names: ['IP:127.0.0.1'], issuer: authority });
const client = makeCertificate({ name: 'sluice', issuer: authority });
const SETTINGS = {
  connectTimeoutMs: 2_000,
  headersTimeoutMs: 2_000,
  bodyTimeoutMs: 2_000,
  connections: 2,
  connectionTtlMs: 60_000,
  retries: 0,
};
const open: { close(): unknown }[] = [];

afterEach(async () => {
  vi.unstubAllEnvs();
  for (const one of open.splice(0).reverse()) await one.close();
});

async function listening<S extends NetServer>(made: S): Promise<number> {
  made.listen(0, '127.0.0.1');
  await once(made, 'listening');
  open.push({ close: () => made.close() });
  return (made.address() as AddressInfo).port;
}

/** A region that says whom it speaks with. */
async function startRegion(options: object = {}): Promise<string> {
  const made: Server = createServer({ cert: server.cert, key: server.key, ...options }, (req, res) => {
    const { subject } = (req.socket as import('node:tls').TLSSocket).getPeerCertificate();
    res.end(`for ${subject?.CN ?? 'anybody'}`);
  });
  return `https://127.0.0.1:${await listening(made)}`;
}

const WATCH = { queued() {}, sent() {}, head() {} };

async function ask(origin: string, tls?: UpstreamTls) {
  const pools = new Pools(SETTINGS, new FakeClock(0));
  open.push(pools);
  const request = { method: 'GET', path: '/', headers: {}, body: undefined };
  const outcome = await exchange(pools.get(origin, tls), request, undefined, WATCH);
  return outcome instanceof ExchangeError ? outcome : String(outcome.body);
}

it('a region whose authority nobody trusts is named as that, and is trusted with its account’s file', async () => {
  const origin = await startRegion();
  const error = await ask(origin);
  expect(error).toMatchObject({ kind: 'certificate', sent: false });
  const fault = failureFault(error as ExchangeError, 'POST', 'DFW');
  expect(fault).toMatchObject({ code: 503 });
  expect(fault.message).toContain('certificate is not trusted');
  expect(fault.message).not.toContain('HTTP');
  expect(await ask(origin, { ca: authority.cert })).toBe('for anybody');
});

it('a region under another name is named as that', async () => {
  const other = makeCertificate({ name: 'other', names: ['DNS:other.test'], issuer: authority });
  const origin = await startRegion({ cert: other.cert, key: other.key });
  expect(await ask(origin, { ca: authority.cert })).toMatchObject({
    kind: 'certificate',
    message: expect.stringContaining('ERR_TLS_CERT_ALTNAME_INVALID'),
  });
});

it('what is no TLS at all is no broken HTTP either', async () => {
  const port = await listening(createHttpServer((_req, res) => res.end()));
  expect(await ask(`https://127.0.0.1:${port}`)).toMatchObject({ kind: 'certificate', sent: false });
});

it('a client certificate is shown where the account has one', async () => {
  const origin = await startRegion({ ca: authority.cert, requestCert: true });
  const { cert, key } = client;
  expect(await ask(origin, { ca: authority.cert, cert, key })).toBe('for sluice');
});

it('HTTPS_PROXY is used but for what NO_PROXY names', async () => {
  const origin = await startRegion();
  const asked: string[] = [];
  const proxy = createHttpServer().on('connect', (req, socket, head) => {
    asked.push(req.url!);
    const [host, port] = req.url!.split(':') as [string, string];
    const up = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      up.write(head);
      up.pipe(socket).pipe(up);
    });
    for (const one of [up, socket]) one.on('error', () => up.destroy());
  });
  const port = await listening(proxy);
  vi.stubEnv('HTTPS_PROXY', `http://127.0.0.1:${port}`);
  vi.stubEnv('NO_PROXY', '');
  expect(await ask(origin, { ca: authority.cert })).toBe('for anybody');
  expect(asked).toEqual([new URL(origin).host]);
  vi.stubEnv('NO_PROXY', '127.0.0.1');
  expect(await ask(origin, { ca: authority.cert })).toBe('for anybody');
  expect(asked).toHaveLength(1);
});
