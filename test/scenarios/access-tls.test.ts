import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Tree } from '../../src/settings/tree.ts';
import { makeCertificate, type TestCertificate } from '../support/certificates.ts';
import { keysMode, testClient } from '../support/clients.ts';
import { FAST_PATH, startGateway, type TestGateway } from '../support/gateway.ts';
import { type StubUpstream, startStubUpstream } from '../support/stub-upstream.ts';

const P = '/dfw/v2/700100';
const billing = testClient('billing', { certificates: ['CN=billing'], access: 'read' });
const ci = testClient('ci');
const authority = makeCertificate({ name: 'authority' });
const other = makeCertificate({ name: 'another authority' });

let folder: string;
let upstream: StubUpstream;
let gateway: TestGateway | undefined;
const agents: Agent[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-access-tls-'));
  upstream = await startStubUpstream();
});
afterEach(async () => {
  for (const agent of agents.splice(0)) agent.destroy();
  await gateway?.close();
  await upstream.close();
  rmSync(folder, { recursive: true });
});

const file = (name: string) => join(folder, name);

function write({ cert, key }: TestCertificate): void {
  writeFileSync(file('tls.crt'), cert);
  writeFileSync(file('tls.key'), key);
}

async function start(tls: Tree, settings: Tree): Promise<TestGateway> {
  const files = { certFile: file('tls.crt'), keyFile: file('tls.key') };
  const listen = { tls: { ...files, ...tls } };
  gateway = await startGateway({ identityUrl: upstream.identityUrl, settings: { listen, ...settings } });
  return gateway;
}

interface Over {
  status: number;
  text: string;
  socket: TLSSocket;
  fields: string[];
}

/** Keeps its connection for the next request. */
function caller(options: ConstructorParameters<typeof Agent>[0] = {}) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1, ca: [authority.cert, other.cert], ...options });
  agents.push(agent);
  return (path: string, headers: Record<string, string> = {}, method = 'GET') =>
    new Promise<Over>((resolve, reject) => {
      const asked = request(`${gateway!.url}${path}`, { agent, headers, method }, (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        const socket = answer.socket as TLSSocket;
        const fields = answer.rawHeaders.filter((_, index) => index % 2 === 0);
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text, socket, fields }));
      });
      asked.on('error', reject);
      asked.end();
    });
}

const serverCertificate = (issuer = authority) =>
  makeCertificate({ name: 'sluice', names: ['IP:127.0.0.1'], issuer });

it('serves over TLS, hits of kept-alive connections and links included', async () => {
  write(serverCertificate());
  await start({}, keysMode([ci]));
  expect(gateway!.url).toMatch(/^https:/);
  const get = caller();
  const answers = [];
  for (let round = 0; round < 3; round++) answers.push(await get(`${P}/flavors/detail`, ci.headers));
  for (const { status, text } of answers) {
    expect(status).toBe(200);
    // Hits that were not read by Node's parser end with the id; see fast-path.test.ts.
    expect(text).toContain(`${gateway!.url}/dfw/v2/700100/flavors/`);
  }
  if (FAST_PATH) expect(answers[2]!.fields.at(-1)).toBe('X-Compute-Request-Id');
  expect((await get(`${P}/flavors/detail`)).status).toBe(401);
  await expect(caller({ maxVersion: 'TLSv1.1', minVersion: 'TLSv1.1' })('/')).rejects.toThrow();
});

it('takes a client certificate for the client it is mapped to, and no other for anybody', async () => {
  write(serverCertificate());
  writeFileSync(file('clients.pem'), authority.cert);
  await start({ clientCaFile: file('clients.pem') }, keysMode([billing]));
  const certified = (options: { name: string; issuer: TestCertificate }) => {
    const { cert, key } = makeCertificate(options);
    return caller({ cert, key });
  };
  const get = certified({ name: 'billing', issuer: authority });
  for (let round = 0; round < 3; round++) expect((await get(`${P}/flavors`)).status).toBe(200);
  expect((await get(`${P}/servers/1`, {}, 'DELETE')).status).toBe(403);
  expect((await certified({ name: 'somebody', issuer: authority })(`${P}/flavors`)).status).toBe(401);
  expect((await certified({ name: 'billing', issuer: other })(`${P}/flavors`)).status).toBe(401);
  expect((await caller()(`${P}/flavors`)).status).toBe(401);
});

it('shows a renewed certificate after a reload, and keeps the old one while the new is broken', async () => {
  write(serverCertificate(authority));
  await start({}, keysMode([ci]));
  const issuer = async () => {
    const { socket } = await caller()('/');
    return socket.getPeerCertificate().issuer.CN;
  };
  expect(await issuer()).toBe('authority');
  writeFileSync(file('tls.key'), 'rubbish');
  await gateway!.reload({});
  expect(await issuer()).toBe('authority');
  expect(gateway!.logText()).toContain('the certificate is refused');
  write(serverCertificate(other));
  await gateway!.reload({});
  expect(await issuer()).toBe('another authority');
});
