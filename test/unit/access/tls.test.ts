import {
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TlsSettings } from '../../../src/access/settings.ts';
import { materialProblem, TlsFiles } from '../../../src/access/tls.ts';
import { makeCertificate, type TestCertificate } from '../../support/certificates.ts';
import { FakeClock } from '../../support/fake-clock.ts';

let folder: string;
let settings: TlsSettings;
let server: Server | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-tls-'));
  settings = {
    certFile: join(folder, 'tls.crt'),
    keyFile: join(folder, 'tls.key'),
    minVersion: 'TLSv1.2',
    clientCaFile: null,
    clientCertificates: 'optional',
  };
});
afterEach(() => {
  server?.close();
  server = undefined;
  rmSync(folder, { recursive: true, force: true });
});

function write({ cert, key }: { cert: string; key: string }): void {
  writeFileSync(settings.certFile, cert);
  writeFileSync(settings.keyFile, key);
}

function observer() {
  const seen: string[] = [];
  return {
    seen,
    loaded: (validToMs: number) => void seen.push(`loaded ${new Date(validToMs).toISOString().slice(0, 10)}`),
    refused: (reason: string) => void seen.push(`refused: ${reason}`),
  };
}

async function serve(files: TlsFiles): Promise<(options?: ConnectionOptions) => Promise<string>> {
  const listening = createServer(files.options(), (_req, res) => res.end());
  server = listening;
  files.follow((options) => listening.setSecureContext(options));
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  const { port } = listening.address() as AddressInfo;
  return (options = {}) =>
    commonName(connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options }));
}

/** What the server calls itself, or why it does not speak. */
function commonName(socket: TLSSocket): Promise<string> {
  return new Promise((resolve) => {
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(String(error.code)));
    socket.on('close', () => resolve('closed'));
    socket.on('secureConnect', () => {
      const { CN } = socket.getPeerCertificate().subject;
      // TLS 1.3 refuses a client only after its side of the handshake is over.
      socket.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
      socket.on('data', () => {
        resolve(String(CN));
        socket.destroy();
      });
    });
  });
}

describe('the certificate of a listener', () => {
  it('is the one in the files, and another one when they change, without a restart', async () => {
    write(makeCertificate({ name: 'first' }));
    const clock = new FakeClock();
    const files = await TlsFiles.open(settings, clock, observer());
    const ask = await serve(files);
    expect(await ask()).toBe('first');
    write(makeCertificate({ name: 'second' }));
    expect(await ask()).toBe('first');
    await files.look();
    expect(await ask()).toBe('second');
    files.close();
  });

  it('is looked for from time to time, behind links too', async () => {
    for (const [name, made] of [
      ['one', makeCertificate({ name: 'one' })],
      ['two', makeCertificate({ name: 'two' })],
    ] as const) {
      writeFileSync(join(folder, `${name}.crt`), made.cert);
      writeFileSync(join(folder, `${name}.key`), made.key);
    }
    const point = (name: string) => {
      for (const [link, end] of [
        [settings.certFile, 'crt'],
        [settings.keyFile, 'key'],
      ] as const) {
        symlinkSync(`${name}.${end}`, `${link}.new`);
        renameSync(`${link}.new`, link);
      }
    };
    point('one');
    const clock = new FakeClock();
    const files = await TlsFiles.open(settings, clock, observer());
    const changed = new Promise<string>((resolve) =>
      files.follow((options) => resolve(String(options.cert))),
    );
    point('two');
    clock.tick(5_000);
    expect(await changed).toBe(readFileSync(join(folder, 'two.crt'), 'utf8'));
    files.close();
    clock.tick(60_000);
    expect(clock.pending).toBe(0);
  });

  it('stays while the new pair is incomplete or broken, which is said once', async () => {
    const [good, next] = [makeCertificate({ name: 'good' }), makeCertificate({ name: 'next' })];
    write(good);
    const seen = observer();
    const files = await TlsFiles.open(settings, new FakeClock(), seen);
    const ask = await serve(files);
    seen.seen.length = 0;

    writeFileSync(settings.certFile, next.cert);
    await files.look();
    await files.look();
    expect(seen.seen).toEqual(['refused: the key is not that of the certificate']);
    expect(await ask()).toBe('good');

    writeFileSync(settings.certFile, 'nonsense');
    await files.look();
    unlinkSync(settings.keyFile);
    await files.look();
    await files.look();
    expect(seen.seen.slice(1)).toEqual([
      'refused: the certificate is no PEM certificate',
      'refused: a file cannot be read (ENOENT)',
    ]);
    expect(await ask()).toBe('good');

    write(next);
    await files.look();
    expect(await ask()).toBe('next');
    expect(seen.seen.at(-1)).toMatch(/^loaded /);
    files.close();
  });

  it('must be good when the listener starts', async () => {
    const { cert } = makeCertificate();
    await expect(TlsFiles.open(settings, new FakeClock(), observer())).rejects.toThrow(/ENOENT/);
    write({ cert, key: makeCertificate().key });
    await expect(TlsFiles.open(settings, new FakeClock(), observer())).rejects.toThrow(
      /cannot be served with: the key is not that of the certificate/,
    );
  });

  it('tells nothing of the key in what it says is wrong', () => {
    const { cert, key } = makeCertificate();
    const [broken] = [key.replace(/[A-Z]/g, 'A')];
    const problem = materialProblem({ cert, key: broken, ca: undefined }, 'TLSv1.2');
    expect(problem).toMatch(/cannot be read/);
    expect(problem).not.toContain(broken.slice(40, 60));
    expect(materialProblem({ cert, key, ca: 'nonsense' }, 'TLSv1.2')).toMatch(/signed by/);
    expect(materialProblem({ cert, key, ca: cert + cert }, 'TLSv1.3')).toBeUndefined();
  });

  it('is spoken of over TLS 1.2 and later, or 1.3 alone', async () => {
    write(makeCertificate({ name: 'here' }));
    const both = await serve(await TlsFiles.open(settings, new FakeClock(), observer()));
    expect(await both({ minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' })).toBe('here');
    expect(await both({ minVersion: 'TLSv1', maxVersion: 'TLSv1.1' })).not.toBe('here');
    server?.close();
    const newest = await serve(
      await TlsFiles.open({ ...settings, minVersion: 'TLSv1.3' }, new FakeClock(), observer()),
    );
    expect(await newest({ maxVersion: 'TLSv1.2' })).not.toBe('here');
    expect(await newest()).toBe('here');
  });
});

describe('client certificates', () => {
  let authority: TestCertificate;
  beforeEach(() => {
    authority = makeCertificate({ name: 'authority' });
    const clientCaFile = join(folder, 'ca.crt');
    writeFileSync(clientCaFile, authority.cert);
    write(makeCertificate({ name: 'here' }));
    settings = { ...settings, clientCaFile };
  });

  it('are asked for and known when they are signed by who may', async () => {
    const files = await TlsFiles.open(settings, new FakeClock(), observer());
    const ask = await serve(files);
    const authorized: boolean[] = [];
    server!.on('secureConnection', (socket: TLSSocket) => void authorized.push(socket.authorized));
    const own = makeCertificate({ name: 'billing', issuer: authority });
    const stranger = makeCertificate({ name: 'billing' });
    expect(await ask({ cert: own.cert, key: own.key })).toBe('here');
    expect(await ask({ cert: stranger.cert, key: stranger.key })).toBe('here');
    expect(await ask()).toBe('here');
    expect(authorized).toEqual([true, false, false]);
  });

  it('are needed where the listener requires them', async () => {
    settings = { ...settings, clientCertificates: 'required' };
    const ask = await serve(await TlsFiles.open(settings, new FakeClock(), observer()));
    const own = makeCertificate({ name: 'billing', issuer: authority });
    expect(await ask({ cert: own.cert, key: own.key })).toBe('here');
    expect(await ask()).not.toBe('here');
    const stranger = makeCertificate({ name: 'billing' });
    expect(await ask({ cert: stranger.cert, key: stranger.key })).not.toBe('here');
  });
});
