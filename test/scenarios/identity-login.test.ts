import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { Agent } from 'undici';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { LoginError } from '../../src/identity/login-error.ts';
import type { Credentials } from '../../src/identity/settings.ts';
import type { Token } from '../../src/identity/token.ts';
import { createTokenSource, type TokenSource } from '../../src/identity/token-source.ts';
import { createV2Login } from '../../src/identity/v2-client.ts';
import { FakeClock } from '../support/fake-clock.ts';

const HOUR_MS = 3_600_000;
const API_KEY = 'key-"of"-billing-31c9';

interface Seen {
  method: string | undefined;
  url: string | undefined;
  headers: IncomingMessage['headers'];
  body: string;
}

type Script = (response: ServerResponse, request: IncomingMessage) => void;

/** A scripted identity service: what it answers, and what it was asked. */
interface Identity {
  url: string;
  seen: Seen[];
  answer: Script;
  server: Server;
}

async function startIdentity(): Promise<Identity> {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { method, url, headers } = request;
    identity.seen.push({ method, url, headers, body: Buffer.concat(chunks).toString() });
    identity.answer(response, request);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const identity: Identity = { server, seen: [], answer: json(200, accessAnswer('t-1')), url: '' };
  identity.url = `http://127.0.0.1:${port}/v2.0`;
  return identity;
}

function json(status: number, body: unknown, headers: Record<string, string> = {}): Script {
  return (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };
}

function accessAnswer(id: string, expiresAtMs = Date.now() + HOUR_MS): object {
  const expires = new Date(expiresAtMs - 5 * HOUR_MS).toISOString().replace('Z', '-05:00');
  return { access: { token: { id, expires, tenant: { id: '424242', name: 'acme' } }, serviceCatalog: [] } };
}

let identity: Identity;
let dispatcher: Agent;

beforeEach(async () => {
  identity = await startIdentity();
  dispatcher = new Agent();
});

afterEach(async () => {
  await dispatcher.destroy();
  identity.server.closeAllConnections();
  await new Promise((resolve) => identity.server.close(resolve));
});

function newLogin(credentials: Credentials = { username: 'billing', apiKey: API_KEY }, timeoutMs = 10_000) {
  return createV2Login({ url: identity.url, credentials, dispatcher, timeoutMs });
}

/** The LoginError that one login ends in. */
async function failureOf(login = newLogin()): Promise<LoginError> {
  const error = await login(new AbortController().signal).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof LoginError)) throw new Error(`expected a LoginError, got ${String(error)}`);
  return error;
}

describe('a login at the identity service', () => {
  it('sends the API key with Content-Length, asks for JSON, and reads the token', async () => {
    const expiresAtMs = Date.now() + HOUR_MS;
    identity.answer = json(200, accessAnswer('t-1', expiresAtMs));
    const token = await newLogin()(new AbortController().signal);
    expect(token).toMatchObject({ id: 't-1', expiresAtMs, tenant: { id: '424242', name: 'acme' } });
    const [seen] = identity.seen;
    expect(seen).toMatchObject({ method: 'POST', url: '/v2.0/tokens' });
    expect(JSON.parse(seen?.body ?? '')).toEqual({
      auth: { 'RAX-KSKEY:apiKeyCredentials': { username: 'billing', apiKey: API_KEY } },
    });
    expect(seen?.headers).toMatchObject({
      accept: 'application/json',
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(seen?.body ?? '')),
    });
    expect(seen?.headers['transfer-encoding']).toBeUndefined();
  });

  it('sends a password when there is no key, whatever characters are in it', async () => {
    await newLogin({ username: 'bïlling', password: 'pä "ß" 漢' })(new AbortController().signal);
    expect(JSON.parse(identity.seen[0]?.body ?? '')).toEqual({
      auth: { passwordCredentials: { username: 'bïlling', password: 'pä "ß" 漢' } },
    });
    expect(identity.seen[0]?.headers['content-length']).toBe(
      String(Buffer.byteLength(identity.seen[0]?.body ?? '')),
    );
  });

  it('reads an answer that begins with a byte-order mark', async () => {
    identity.answer = json(200, `\uFEFF${JSON.stringify(accessAnswer('t-bom'))}`);
    expect((await newLogin()(new AbortController().signal)).id).toBe('t-bom');
  });

  it('reads an answer that is coded although nobody asked for it, within the same bounds', async () => {
    const coded = (body: string, coding: string) => (response: ServerResponse) => {
      response.writeHead(200, { 'content-encoding': coding });
      response.end(gzipSync(body));
    };
    const credentials = { username: 'billing', apiKey: API_KEY };
    const login = createV2Login({
      url: identity.url,
      credentials,
      dispatcher,
      timeoutMs: 10_000,
    });
    identity.answer = coded(JSON.stringify(accessAnswer('t-coded')), 'gzip');
    expect((await login(new AbortController().signal)).id).toBe('t-coded');
    for (const coding of ['GZIP', 'x-gzip', 'identity, GZip']) {
      identity.answer = coded(JSON.stringify(accessAnswer('t-coded')), coding);
      expect((await login(new AbortController().signal)).id, coding).toBe('t-coded');
    }
    identity.answer = coded(' '.repeat(8 * 1024 * 1024), 'gzip');
    expect((await failureOf(login)).message).toContain('unfolds to more than 1048576 bytes');
    identity.answer = coded('{}', 'sdch');
    expect(await failureOf(login)).toMatchObject({ reason: 'malformed' });
  });

  it('takes 203 for a yes', async () => {
    identity.answer = json(203, accessAnswer('t-203'));
    expect((await newLogin()(new AbortController().signal)).id).toBe('t-203');
  });

  it.each([
    [401, {}, 'refused', undefined],
    [403, {}, 'refused', undefined],
    [413, { 'retry-after': '7' }, 'limited', 7_000],
    [429, {}, 'limited', undefined],
    [503, { 'retry-after': '2' }, 'limited', 2_000],
    [503, {}, 'unavailable', undefined],
    [500, {}, 'unavailable', undefined],
    [400, {}, 'rejected', undefined],
    [404, {}, 'rejected', undefined],
    [302, { location: 'http://127.0.0.1:1/' }, 'rejected', undefined],
  ])('that gets %i %o is "%s"', async (status, headers, reason, retryAfterMs) => {
    identity.answer = json(status, { fault: { message: 'no' } }, headers);
    const failure = await failureOf();
    expect(failure).toMatchObject({ reason, retryAfterMs });
    expect(failure.message).toContain(`HTTP ${status}`);
  });

  it('that is answered with its own secret does not repeat it in the message', async () => {
    identity.answer = (response, request) =>
      json(401, `wrong: ${API_KEY} and ${identity.seen.at(-1)?.body}`)(response, request);
    const { message } = await failureOf();
    expect(message).toContain('[redacted]');
    expect(message).not.toContain('31c9');
  });

  it.each([
    ['no JSON', '<html>secret-token</html>'],
    ['half of it', '{"access": {"token": {"id": "secret-token"'],
    ['no token', '{"access": {}}'],
    ['an expired token', JSON.stringify(accessAnswer('secret-token', Date.now() - 1_000))],
  ])('that gets %s is "malformed", without quoting the answer', async (_what, body) => {
    identity.answer = json(200, body);
    const failure = await failureOf();
    expect(failure.reason).toBe('malformed');
    expect(failure.message).not.toContain('secret-token');
  });

  it('reads no more than a megabyte of an endless answer', async () => {
    identity.answer = (response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const chunk = ' '.repeat(256 * 1024);
      const write = () => {
        while (!response.destroyed && response.write(chunk));
      };
      response.on('drain', write);
      write();
    };
    expect((await failureOf()).message).toContain('exceeds');
  });

  it('is "unreachable" when nobody listens, the connection breaks, or no answer comes in time', async () => {
    identity.answer = (response) => response.socket?.destroy();
    expect((await failureOf()).reason).toBe('unreachable');
    identity.answer = () => undefined;
    const late = await failureOf(newLogin(undefined, 30));
    expect(late).toMatchObject({ reason: 'unreachable', message: expect.stringContaining('within 30 ms') });
    const login = newLogin();
    identity.server.closeAllConnections();
    await new Promise((resolve) => identity.server.close(resolve));
    const gone = await failureOf(login);
    expect(gone).toMatchObject({ reason: 'unreachable', message: expect.stringContaining('ECONNREFUSED') });
  });

  it('ends with its signal', async () => {
    const controller = new AbortController();
    identity.answer = () => controller.abort(new Error('closing down'));
    await expect(newLogin()(controller.signal)).rejects.toThrow('closing down');
  });
});

describe('an account over real sockets', () => {
  const lines: string[] = [];
  let clock: FakeClock;
  let source: TokenSource;

  beforeEach(() => {
    lines.length = 0;
    clock = new FakeClock(systemClock.now());
    const credentials = { username: 'billing', apiKey: API_KEY };
    const login = createV2Login({ url: identity.url, credentials, dispatcher, timeoutMs: 10_000, clock });
    const log = (fields: object, message: string) => void lines.push(JSON.stringify({ ...fields, message }));
    source = createTokenSource({
      account: { url: identity.url, ...credentials },
      clock,
      login: (_credentials, signal) => login(signal),
      log: { info: log, warn: log, error: log },
    });
  });

  afterEach(() => source.close());

  const nextToken = (id: string) =>
    new Promise<Token>((resolve) => {
      source.onToken((token) => {
        if (token.id === id) resolve(token);
      });
    });

  it('logs in once for 200 requests, renews ahead, and replaces a refused token once for all', async () => {
    source.start();
    const first = await Promise.all(Array.from({ length: 200 }, () => source.get()));
    expect(new Set(first.map((token) => token.id))).toEqual(new Set(['t-1']));
    expect(identity.seen).toHaveLength(1);

    identity.answer = json(200, accessAnswer('t-2', clock.now() + 2 * HOUR_MS));
    const renewed = nextToken('t-2');
    clock.tick(0.9 * HOUR_MS);
    expect((await source.get()).id).toBe('t-1');
    const second = await renewed;
    expect(identity.seen).toHaveLength(2);

    clock.tick(10_000);
    identity.answer = json(200, accessAnswer('t-3', clock.now() + 2 * HOUR_MS));
    const again = await Promise.all(Array.from({ length: 100 }, () => source.refused(second)));
    expect(new Set(again.map((token) => token.id))).toEqual(new Set(['t-3']));
    expect(identity.seen).toHaveLength(3);
  });

  it('outlives an identity service that is down at the start, and never logs the key or a token', async () => {
    identity.answer = json(500, { identityFault: { message: `broken by ${API_KEY}` } });
    source.start();
    await expect(source.get()).rejects.toMatchObject({ code: 503 });
    expect(source.state).toBe('failing');
    identity.answer = json(200, accessAnswer('t-9'));
    const back = nextToken('t-9');
    clock.tick(2_000);
    await back;
    expect(source.state).toBe('ready');
    const log = lines.join('\n');
    expect(log).toContain('is back');
    for (const secret of ['31c9', 't-9']) expect(log).not.toContain(secret);
  });
});
