import { describe, expect, it } from 'vitest';
import { ConnectFailure, connectFailureOf, lateFailureOf } from '../../src/connect-failure.ts';

const failed = (code: string, more: object = {}) =>
  Object.assign(new Error('C=US, O=Somebody, CN=secret.test'), { code, ...more });

describe('what stands in the way of a connection', () => {
  it.each([
    ['CERT_HAS_EXPIRED', /has expired/],
    ['CERT_NOT_YET_VALID', /is not valid yet/],
    ['ERR_TLS_CERT_ALTNAME_INVALID', /for another host/],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', /signed by itself.*caFile/],
    ['SELF_SIGNED_CERT_IN_CHAIN', /no authority.*caFile/],
    ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', /no authority.*caFile/],
    ['CERT_REVOKED', /revoked/],
    ['CERT_SIGNATURE_FAILURE', /its certificate is not valid/],
    ['EE_KEY_TOO_SMALL', /its certificate is not valid/],
    ['ERR_SSL_WRONG_VERSION_NUMBER', /does not speak TLS at all/],
    ['ERR_SSL_UNSUPPORTED_PROTOCOL', /TLS 1\.2 or later/],
    ['ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION', /TLS 1\.2 or later/],
    ['ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE', /refuses the handshake.*certFile/],
    ['ERR_SSL_SOMETHING_NEW', /refuses the TLS handshake/],
  ])('%s is named, without the details of a certificate', (code, text) => {
    const failure = connectFailureOf(failed(code));
    expect(failure).toMatchObject({ kind: 'certificate', message: expect.stringMatching(text) });
    expect(failure?.message).toContain(code);
    expect(failure?.message).not.toMatch(/secret|Somebody/);
  });

  it('is read from OpenSSL’s reason where there is no code of its own', () => {
    const reason = { reason: 'wrong version number' };
    expect(connectFailureOf(failed('EPROTO', reason))?.message).toMatch(/no(?:t speak)? TLS at all/);
  });

  it('is found behind other errors', () => {
    const wrapped = new Error('fetch failed', { cause: failed('CERT_HAS_EXPIRED') });
    expect(connectFailureOf(wrapped)?.message).toMatch(/has expired/);
    const known = new ConnectFailure('proxy', 'no');
    expect(connectFailureOf(new Error('x', { cause: known }))).toBe(known);
  });

  it.each(['ECONNREFUSED', 'ECONNRESET', 'UND_ERR_SOCKET', 'HPE_INVALID_CONSTANT', 'ENOTFOUND', ''])(
    '%j is something else',
    (code) => {
      expect(connectFailureOf(failed(code))).toBeUndefined();
      expect(lateFailureOf(failed(code))).toBeUndefined();
    },
  );

  it('of a proxy speaks of the proxy, which no account has a caFile for', () => {
    const message = connectFailureOf(failed('DEPTH_ZERO_SELF_SIGNED_CERT'), 'proxy')?.message;
    expect(message).toMatch(/the proxy's certificate is signed by itself .*NODE_EXTRA_CA_CERTS/);
    expect(message).not.toContain('caFile');
  });
});

describe('what a server says of our certificate once the connection is made', () => {
  it.each([
    'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED',
    'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA',
    'ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE',
    'ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED',
  ])('%s leads to certFile and keyFile', (code) => {
    expect(lateFailureOf(failed(code))?.message).toMatch(/client certificate.*certFile and keyFile/);
  });

  it('is not what a connection breaks of otherwise', () => {
    expect(lateFailureOf(failed('ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC'))).toBeUndefined();
    expect(lateFailureOf(failed('ERR_SSL_WRONG_VERSION_NUMBER'))).toBeUndefined();
  });
});
