import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  certificateNames,
  certificateRuleProblem,
  clientOfCertificate,
} from '../../../src/access/certificates.ts';
import { ClientRegistry } from '../../../src/access/clients.ts';
import { makeCertificate } from '../../support/certificates.ts';
import { clientSettings } from '../../support/client-settings.ts';

/** What Node makes of a certificate that really has these names. */
const certificate = (name: string | readonly string[], names: readonly string[] = []) =>
  new X509Certificate(makeCertificate({ name, names }).cert).toLegacyObject();

describe('the names of a certificate', () => {
  it('are its common name and its alternative names', () => {
    const names = ['DNS:Billing.Internal', 'URI:spiffe://prod/billing', 'EMAIL:ops@a.example', 'IP:10.0.0.1'];
    expect(certificateNames(certificate('billing', names))).toEqual([
      'CN=billing',
      'DNS:billing.internal',
      'URI:spiffe://prod/billing',
      'EMAIL:ops@a.example',
      'IP:10.0.0.1',
    ]);
  });

  it('are not more than they are: a name with a comma in it is one name', () => {
    for (const forged of [
      'a.example, DNS:admin.internal',
      'a", DNS:admin.internal',
      'x\\", DNS:admin.internal',
    ])
      for (const kind of ['DNS', 'URI', 'EMAIL'])
        expect(certificateNames(certificate('x', [`${kind}:${forged}`]))).not.toContain('DNS:admin.internal');
  });

  it('are none where the subject has several', () => {
    expect(certificateNames(certificate(['billing', 'admin']))).toEqual([]);
    expect(certificateNames({})).toEqual([]);
    expect(certificateNames({ subject: {} })).toEqual([]);
  });

  it('are none where they cannot be read', () => {
    for (const subjectaltname of ['DNS:"a', 'DNS', '"', 'DNS:a"b, DNS:c'])
      expect(certificateNames({ subjectaltname })).toEqual([]);
    expect(certificateNames({ subjectaltname: `DNS:${'"\\'.repeat(50_000)}` })).toEqual([]);
  });
});

describe('the client of a certificate', () => {
  const registry = new ClientRegistry([
    clientSettings('billing', { certificates: ['CN=billing', 'DNS:Billing.internal'] }),
    clientSettings('ci', { certificates: ['URI:spiffe://prod/ci'] }),
    clientSettings('none'),
  ]);
  const of = (name: string, names: readonly string[] = []) =>
    clientOfCertificate(certificate(name, names), registry)?.name;

  it('is the one that a rule names', () => {
    expect(of('billing')).toBe('billing');
    expect(of('x', ['DNS:billing.internal'])).toBe('billing');
    expect(of('x', ['URI:spiffe://prod/ci'])).toBe('ci');
  });

  it('is nobody for another name, another case of a subject, or a name of another kind', () => {
    expect(of('Billing')).toBeUndefined();
    expect(of('billing.internal')).toBeUndefined();
    expect(of('x', ['DNS:billing'])).toBeUndefined();
    expect(of('x', ['URI:spiffe://prod/ci/more'])).toBeUndefined();
  });

  it('is nobody when it could be two', () => {
    expect(of('billing', ['URI:spiffe://prod/ci'])).toBeUndefined();
  });

  it.each(['billing', 'cn=x', 'CN=', 'DNS:', 'OU=x', 'DNS=x', ''])('has no rule like %j', (rule) => {
    expect(certificateRuleProblem(rule)).toBe('is no name of a certificate');
  });

  it.each(['CN=billing', 'DNS:a.example', 'URI:spiffe://a', 'EMAIL:a@b', 'IP:::1'])('may have %j', (rule) => {
    expect(certificateRuleProblem(rule)).toBeUndefined();
  });
});
