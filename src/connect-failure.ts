/**
 * Why there is no connection, where trying again will not help and a person can: certificates that do not fit, and proxies
 * that refuse. Texts name what is wrong and what to do about it, and hold nothing of a certificate but the code of what is
 * wrong with it: callers read them.
 */

/** Nothing was sent: the connection ended before that. */
export class ConnectFailure extends Error {
  override readonly name = 'ConnectFailure';
  /** `proxy-away`: there may be a connection in a moment. */
  readonly kind: 'certificate' | 'proxy' | 'proxy-away';

  constructor(kind: ConnectFailure['kind'], message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.kind = kind;
  }
}

const UNKNOWN_AUTHORITY = 'is signed by no authority that this gateway trusts';
const NAME_IT = 'accounts[].identity.caFile names the authorities of an account';
const RENEW = 'whoever runs that server must renew it, or the clock of one side is wrong';
const VERSION = 'does not speak TLS 1.2 or later in a way that this gateway does';
const UPGRADE = 'whoever runs that server must change its TLS settings';
const OURS = 'see accounts[].identity.certFile and keyFile';

/** What is wrong with the other side's certificate, and what to do. */
const CERTIFICATE: Readonly<Record<string, readonly [wrong: string, advice: string]>> = {
  CERT_HAS_EXPIRED: ['has expired', RENEW],
  CERT_NOT_YET_VALID: ['is not valid yet', RENEW],
  ERR_TLS_CERT_ALTNAME_INVALID: [
    'is for another host',
    'the URL must have a name that the certificate has, or the server another certificate',
  ],
  HOSTNAME_MISMATCH: ['is for another host', 'the URL must have a name that the certificate has'],
  DEPTH_ZERO_SELF_SIGNED_CERT: ['is signed by itself', NAME_IT],
  SELF_SIGNED_CERT_IN_CHAIN: [UNKNOWN_AUTHORITY, NAME_IT],
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: [UNKNOWN_AUTHORITY, `${NAME_IT}, or the server must send the whole chain`],
  UNABLE_TO_GET_ISSUER_CERT: [UNKNOWN_AUTHORITY, NAME_IT],
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: [UNKNOWN_AUTHORITY, NAME_IT],
  CERT_REVOKED: ['has been revoked', RENEW],
};

/** What both sides could not agree on before any certificate was looked at. */
const HANDSHAKE: Readonly<Record<string, readonly [wrong: string, advice: string]>> = {
  WRONG_VERSION_NUMBER: ['does not speak TLS at all', 'is its URL to begin with http://?'],
  PACKET_LENGTH_TOO_LONG: ['does not speak TLS at all', 'is its URL to begin with http://?'],
  HTTP_REQUEST: ['does not speak TLS at all', 'is its URL to begin with http://?'],
  UNSUPPORTED_PROTOCOL: [VERSION, UPGRADE],
  TLSV1_ALERT_PROTOCOL_VERSION: [VERSION, UPGRADE],
  UNKNOWN_PROTOCOL: [VERSION, UPGRADE],
  NO_PROTOCOLS_AVAILABLE: [VERSION, UPGRADE],
  NO_CIPHERS_AVAILABLE: [VERSION, UPGRADE],
  NO_SHARED_CIPHER: [VERSION, UPGRADE],
  SSLV3_ALERT_HANDSHAKE_FAILURE: [
    'refuses the handshake',
    `${UPGRADE}, or it wants a client certificate: ${OURS}`,
  ],
  TLSV13_ALERT_CERTIFICATE_REQUIRED: ['wants a client certificate', OURS],
  TLSV1_ALERT_UNKNOWN_CA: ['does not know who signed our client certificate', OURS],
  SSLV3_ALERT_BAD_CERTIFICATE: ['does not take our client certificate', OURS],
  SSLV3_ALERT_UNSUPPORTED_CERTIFICATE: ['does not take our client certificate', OURS],
  SSLV3_ALERT_CERTIFICATE_REVOKED: ['says that our client certificate is revoked', OURS],
  SSLV3_ALERT_CERTIFICATE_EXPIRED: ['says that our client certificate has expired', OURS],
  SSLV3_ALERT_CERTIFICATE_UNKNOWN: ['does not take our client certificate', OURS],
  TLSV1_ALERT_ACCESS_DENIED: ['does not take our client certificate', OURS],
};

/** OpenSSL's names of what it finds wrong with a certificate, beside those above. */
const IS_ABOUT_CERTIFICATES =
  /^(?:CERT_|CRL_|INVALID_CA$|INVALID_PURPOSE$|PATH_LENGTH_EXCEEDED$|(?:EE|CA)_(?:KEY|MD)_|UNABLE_TO_(?:GET|VERIFY|DECRYPT|DECODE)_|ERR_TLS_CERT)/;

/** Later alerts of OpenSSL 3 are spelled `ERR_SSL_TLS…` as others are; some errors have only `EPROTO` and a reason. */
const HANDSHAKE_CODE = /^ERR_SSL_(\w+)$/;

/**
 * What stood in the way of a connection, as far as it is one of these; undefined for what else may go wrong.
 *
 * @param whose what is spoken of: the server, or a proxy on the way to it
 */
export function connectFailureOf(
  error: unknown,
  whose: 'server' | 'proxy' = 'server',
): ConnectFailure | undefined {
  return search(error, (code) => textOf(code, whose));
}

/**
 * The same for a connection that has been made: with TLS 1.3 a server says only then that it does not take our certificate,
 * and nothing that was sent has been read. Whatever else breaks there is no matter of certificates.
 */
export function lateFailureOf(error: unknown): ConnectFailure | undefined {
  return search(error, (code) => (isAboutOurs(code) ? textOf(code, 'server') : undefined));
}

function search(error: unknown, read: (code: string) => string | undefined): ConnectFailure | undefined {
  for (let at = error, depth = 0; at instanceof Error && depth < 4; at = at.cause, depth++) {
    if (at instanceof ConnectFailure) return at;
    const text = read(codeOf(at));
    if (text !== undefined) return new ConnectFailure('certificate', text, at);
  }
  return undefined;
}

const isAboutOurs = (code: string): boolean =>
  HANDSHAKE[HANDSHAKE_CODE.exec(code)?.[1] ?? '']?.[1].endsWith(OURS) === true;

function textOf(code: string, whose: 'server' | 'proxy'): string | undefined {
  const certificate = whose === 'proxy' ? "the proxy's certificate" : 'its certificate';
  const known = CERTIFICATE[code];
  if (known !== undefined) return `${certificate} ${known[0]} (${code}); ${adviceFor(known[1], whose)}`;
  if (IS_ABOUT_CERTIFICATES.test(code)) return `${certificate} is not valid (${code}); ${RENEW}`;
  const reason = HANDSHAKE_CODE.exec(code)?.[1];
  if (reason === undefined) return undefined;
  const [wrong, advice] = HANDSHAKE[reason] ?? ['refuses the TLS handshake', UPGRADE];
  return `${whose === 'proxy' ? 'the proxy' : 'the server'} ${wrong} (${code}); ${advice}`;
}

/** A proxy belongs to no account: who signs for it is the machine's to know. */
function adviceFor(advice: string, whose: 'server' | 'proxy'): string {
  return whose === 'proxy' && advice.startsWith(NAME_IT)
    ? 'NODE_EXTRA_CA_CERTS names further authorities'
    : advice;
}

/** The code of an error, or of OpenSSL's reason for it. */
function codeOf(error: Error): string {
  const { code, reason } = error as { code?: unknown; reason?: unknown };
  if (code === 'EPROTO')
    return `ERR_SSL_${typeof reason === 'string' ? reason.replaceAll(' ', '_').toUpperCase() : 'EPROTO'}`;
  return typeof code === 'string' ? code : '';
}
