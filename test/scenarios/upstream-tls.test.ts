import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { ServerOptions } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ask } from '../support/ask.ts';
import { makeCertificate, type TestCertificate } from '../support/certificates.ts';
import { type Scene, type SceneOptions, setScene } from '../support/scenario.ts';
import { STUB_CREDENTIALS } from '../support/stub-identity.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-tls-'));
afterAll(() => rmSync(folder, { recursive: true }));

const DAY_MS = 86_400_000;
const HERE = ['IP:127.0.0.1'];
const authority = makeCertificate({ name: 'A private authority' });
const stranger = makeCertificate({ name: 'Somebody else' });
const good = makeCertificate({ name: 'secret-name.test', names: HERE, issuer: authority });
const client = makeCertificate({ name: 'sluice', issuer: authority });
const { username, apiKey } = STUB_CREDENTIALS;

const server = ({ cert, key }: TestCertificate): ServerOptions => ({ cert, key });
/** A server that wants to see a certificate. */
const strict = { ...server(good), requestCert: true, rejectUnauthorized: true, ca: authority.cert };

function file(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}
const caFile = file('ca.pem', authority.cert);
const certFile = file('client.pem', client.cert);
const keyFile = file('client.key', client.key);

/** A scene whose account trusts the authority, unless it is told otherwise. */
const scene = (options: SceneOptions & { files?: object }): Promise<Scene> =>
  setScene({ ...options, credentials: { username, apiKey, ...(options.files ?? { caFile }) } });

const list = ({ gateway }: Scene, method = 'GET') =>
  ask(`${gateway.url}/dfw/v2/700100/servers`, method === 'GET' ? {} : { method, body: '{"server":{}}' });

/** Nothing is asked but what a test asks. */
const QUIET = { limits: { enabled: false }, cache: { warm: [] } };

/** What nobody may read of a certificate. */
const DETAILS = /secret-name|Somebody else|private authority|BEGIN|127\.0\.0\.1's cert/;

describe('an account whose cloud has a private authority', () => {
  it('is served with its caFile, at identity service and region', async () => {
    const set = await scene({ tls: { identity: server(good), regions: server(good) } });
    expect((await list(set)).status).toBe(200);
    expect(set.dfw.count('GET /servers')).toBe(1);
  });

  it('cannot log in without it: fault, status and log say why and what to do', async () => {
    const set = await scene({ tls: { identity: server(good) }, files: {}, untilReady: false });
    const { status, text } = await list(set);
    expect(status).toBe(503);
    expect(text).toMatch(
      /certificate is signed by no authority .*UNABLE_TO_VERIFY_LEAF_SIGNATURE.*identity\.caFile/,
    );
    expect(text).not.toMatch(/no valid HTTP/);
    expect(text).not.toMatch(DETAILS);
    expect(set.gateway.logText()).toContain('UNABLE_TO_VERIFY_LEAF_SIGNATURE');
    expect(await set.gateway.metric('sluice_token_requests_total', { result: 'untrusted' })).toBe(1);
  });

  it('shows its client certificate to both', async () => {
    const tls = { identity: strict, regions: strict };
    const set = await scene({ tls, files: { caFile, certFile, keyFile } });
    expect((await list(set)).status).toBe(200);
  });

  it('is told that a region wants a client certificate', async () => {
    // With TLS 1.3 Node's servers hang up without a word.
    const set = await scene({ tls: { regions: { ...strict, maxVersion: 'TLSv1.2' } } });
    const { status, text } = await list(set);
    expect(status).toBe(503);
    expect(text).toMatch(/client certificate.*identity\.certFile and keyFile/);
  });

  it('trusts another authority after a reload, with the file under the same name', async () => {
    const turned = file('turned.pem', stranger.cert);
    const set = await scene({ tls: { regions: server(good) }, files: { caFile: turned } });
    expect((await list(set)).status).toBe(503);
    file('turned.pem', authority.cert);
    await set.gateway.reload({});
    expect((await list(set)).status).toBe(200);
  });
});

const BROKEN: [what: string, regions: ServerOptions, text: RegExp][] = [
  [
    'has expired',
    server(makeCertificate({ names: HERE, issuer: authority, validToMs: Date.now() - DAY_MS / 2 })),
    /its certificate has expired \(CERT_HAS_EXPIRED\)/,
  ],
  [
    'is not valid yet',
    server(
      makeCertificate({
        names: HERE,
        issuer: authority,
        validFromMs: Date.now() + DAY_MS,
        validToMs: Date.now() + 2 * DAY_MS,
      }),
    ),
    /its certificate is not valid yet \(CERT_NOT_YET_VALID\)/,
  ],
  [
    'is for another host',
    server(makeCertificate({ names: ['DNS:secret-name.test'], issuer: authority })),
    /its certificate is for another host \(ERR_TLS_CERT_ALTNAME_INVALID\)/,
  ],
  [
    'is signed by itself',
    server(makeCertificate({ names: HERE })),
    /its certificate is signed by itself \(DEPTH_ZERO_SELF_SIGNED_CERT\).*caFile/,
  ],
  [
    'is signed by somebody unknown',
    server(makeCertificate({ names: HERE, issuer: stranger })),
    /its certificate is signed by no authority that this gateway trusts .*caFile/,
  ],
  [
    'comes in an old version of TLS',
    { ...server(good), minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' },
    /does not speak TLS 1\.2 or later/,
  ],
];

describe.each(BROKEN)('a region whose certificate %s', (_what, regions, expected) => {
  it.each(['GET', 'POST'])('is said to be so to a %s, at once, once, and in the log', async (method) => {
    const set = await scene({ tls: { regions }, settings: QUIET });
    const before = set.dfw.connections;
    const logged = set.gateway.logged().length;
    const { status, text } = await list(set, method);
    expect(status).toBe(503);
    expect(text).toMatch(expected);
    expect(text).not.toMatch(/no valid HTTP|Try again/);
    expect(text).not.toMatch(DETAILS);
    expect(set.dfw.connections - before).toBe(1);
    const lines = set.gateway.logged().slice(logged);
    expect(lines.some(({ reason }) => typeof reason === 'string' && expected.test(reason))).toBe(true);
    expect(JSON.stringify(lines)).not.toMatch(DETAILS);
  });

  it('is said to be so where the request streams through', async () => {
    const set = await scene({ tls: { regions } });
    const { status, text } = await ask(`${set.gateway.url}/dfw/v2/700100/os-odd`);
    expect(status).toBe(503);
    expect(text).toMatch(expected);
  });
});

it('a region that speaks no TLS at an https URL is said to be so', async () => {
  const set = await scene({
    endpoint: (own) => ({ ...own, publicURL: String(own['publicURL']).replace('http:', 'https:') }),
  });
  const { status, text } = await list(set);
  expect(status).toBe(503);
  expect(text).toMatch(/does not speak TLS at all .*http:/);
});
