import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { checkTree } from '../../../src/config/load.ts';
import { makeCertificate } from '../../support/certificates.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-trust-'));
afterAll(() => rmSync(folder, { recursive: true }));
const authority = makeCertificate({ name: 'authority' });
const client = makeCertificate({ name: 'client', issuer: authority });

for (const [name, content] of Object.entries({
  'ca.pem': authority.cert,
  'both.pem': client.cert + client.key,
  'client.pem': client.cert,
  'client.key': client.key,
  'other.key': authority.key,
  'text.pem': 'correct horse battery staple',
  'broken.pem': '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
}))
  writeFileSync(join(folder, name), content);

function load(files: object) {
  const identity = { url: 'us', username: 'mara', apiKey: 'k', ...files };
  return checkTree({ accounts: [{ name: 'main', identity }] }, {}, folder);
}
const problems = (files: object) => {
  const loaded = load(files);
  return 'problems' in loaded ? loaded.problems.join('\n') : '';
};

describe('files of certificates', () => {
  it('are read from the configuration’s folder', () => {
    const loaded = load({ caFile: 'ca.pem', certFile: 'client.pem', keyFile: 'client.key' });
    expect('config' in loaded && loaded.config.accounts[0]?.identity).toMatchObject({
      caFile: authority.cert,
      certFile: client.cert,
      keyFile: client.key,
    });
  });

  it('may hold certificate and key in one', () => {
    expect(problems({ certFile: 'both.pem' })).toBe('');
  });

  it('may be left out, or null', () => {
    expect(problems({})).toBe('');
    expect(problems({ caFile: null, certFile: null, keyFile: null })).toBe('');
  });

  it.each([
    [{ caFile: 'absent.pem' }, /^accounts\.0\.identity\.caFile: cannot be read \(ENOENT\), accepted/],
    [{ caFile: 'text.pem' }, /caFile: holds no certificate/],
    [{ caFile: 'broken.pem' }, /caFile: holds a certificate that cannot be read/],
    [{ certFile: 'client.pem' }, /keyFile: is missing beside certFile/],
    [{ keyFile: 'client.key' }, /certFile: is missing beside keyFile/],
    [{ certFile: 'client.pem', keyFile: 'other.key' }, /keyFile: is not the key of certFile/],
    [{ certFile: 'client.pem', keyFile: 'text.pem' }, /keyFile: holds no key that can be used/],
  ])('%j are refused before anything starts', (files, text) => {
    expect(problems(files)).toMatch(text);
    expect(problems(files)).not.toMatch(/BEGIN|horse/);
  });
});
