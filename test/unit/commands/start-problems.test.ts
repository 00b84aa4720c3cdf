import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { startProblems } from '../../../src/commands/start-problems.ts';
import { checkTree } from '../../../src/config/load.ts';
import type { Tree } from '../../../src/settings/tree.ts';
import { makeCertificate } from '../../support/certificates.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-start-'));
afterAll(() => rmSync(folder, { recursive: true }));
const one = makeCertificate({ name: 'one' });
const other = makeCertificate({ name: 'other' });
writeFileSync(join(folder, 'one.crt'), one.cert);
writeFileSync(join(folder, 'one.key'), one.key);
writeFileSync(join(folder, 'other.key'), other.key);

function problemsOf(settings: Tree, env: Record<string, string> = {}): string[] {
  const account = { name: 'm', identity: { url: 'us', username: 'u', apiKey: 'k' } };
  const loaded = checkTree({ accounts: [account], ...settings }, {}, folder);
  if ('problems' in loaded) throw new Error(loaded.problems.join('\n'));
  return startProblems(loaded.config, env);
}

it('names what a start would fail of, with its setting and what is accepted', () => {
  const good = { certFile: 'one.crt', keyFile: 'one.key' };
  expect(problemsOf({ listen: { tls: good }, audit: { file: 'audit.log' } })).toEqual([]);
  expect(problemsOf({ listen: { tls: { ...good, keyFile: 'none.key' } } })).toEqual([
    'listen.tls.keyFile: cannot be read (ENOENT), accepted: a PEM file of the key of certFile, without a passphrase',
  ]);
  expect(problemsOf({ listen: [{}, { port: 1, tls: { ...good, keyFile: 'other.key' } }] })).toEqual([
    'listen.1.tls: cannot be served with, the key is not that of the certificate, accepted: a certificate and its key, both PEM',
  ]);
  expect(problemsOf({ audit: { file: 'no/such/folder/audit.log' } })).toEqual([
    expect.stringMatching(/^audit\.file: cannot be written \(ENOENT\), accepted: /),
  ]);
  expect(problemsOf({}, { HTTPS_PROXY: 'a secret that is no URL' })).toEqual([
    expect.stringMatching(/^HTTPS_PROXY: is no URL of a proxy, accepted: /),
  ]);
});
