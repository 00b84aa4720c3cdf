/** What Node calls failures of TLS: they last until somebody changes a certificate or a setting, so none is tried again. */

/** OpenSSL's reasons for not believing a certificate, as Node has them, and Node's own for one of another name. */
const CERTIFICATE_CODES = new Set([
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_REVOKED',
  'CERT_SIGNATURE_FAILURE',
  'CERT_CHAIN_TOO_LONG',
  'CERT_UNTRUSTED',
  'CERT_REJECTED',
  'INVALID_CA',
  'INVALID_PURPOSE',
  'PATH_LENGTH_EXCEEDED',
  'HOSTNAME_MISMATCH',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'ERR_TLS_CERT_ALTNAME_FORMAT',
]);

/** The other side's certificate is not believed. */
export function isCertificateCode(code: string): boolean {
  return CERTIFICATE_CODES.has(code);
}

/** No connection came to be for TLS' own sake: versions, ciphers, a client certificate that is asked for, plain HTTP. */
export function isTlsCode(code: string): boolean {
  return code.startsWith('ERR_SSL_') || code === 'EPROTO';
}
