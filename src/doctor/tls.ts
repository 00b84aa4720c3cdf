/** Whether a server's certificate is one that Sluice takes, and for how long. */

import { isIP } from 'node:net';
import { connect, type DetailedPeerCertificate, type TLSSocket } from 'node:tls';
import { connectFailureOf } from '../connect-failure.ts';
import type { Trust } from '../identity/settings.ts';
import { about, type Finding } from './finding.ts';

/** What a handshake has shown. */
export interface Handshake {
  /** Version of TLS; null where there was none to agree on. */
  readonly protocol: string | null;
  /** The certificates that were shown, the server's own first: whose, and until when (wall ms). */
  readonly chain: readonly { readonly name: string; readonly validToMs: number }[];
  /** Why the server is not to be trusted, or the handshake failed; undefined: all is well. */
  readonly problem: string | undefined;
}

/** Shakes hands and hangs up. What does not fit is looked at all the same. */
export function shakeHands(
  { host, port }: { readonly host: string; readonly port: number },
  trust: Trust | undefined,
  timeoutMs: number,
): Promise<Handshake> {
  return new Promise((resolve) => {
    const socket = connect({
      host,
      port,
      timeout: timeoutMs,
      // The certificate is looked at below, and nothing is sent.
      rejectUnauthorized: false,
      ...(isIP(host) === 0 ? { servername: host } : {}),
      ...trust,
    });
    const end = (handshake: Handshake) => {
      socket.destroy();
      resolve(handshake);
    };
    socket.once('secureConnect', () => end(shown(socket)));
    socket.once('timeout', () => end(failed('there is no answer to the handshake')));
    socket.once('error', (error) => end(failed(textOf(error))));
  });
}

const failed = (problem: string): Handshake => ({ protocol: null, chain: [], problem });

function shown(socket: TLSSocket): Handshake {
  const { authorizationError: error } = socket as { authorizationError?: unknown };
  const problem = socket.authorized ? undefined : textOf(Object.assign(new Error(), { code: String(error) }));
  return { protocol: socket.getProtocol(), chain: chainOf(socket), problem };
}

const textOf = (error: Error): string =>
  connectFailureOf(error)?.message ??
  `the handshake failed (${(error as NodeJS.ErrnoException).code ?? 'unknown reason'})`;

/** A root is its own issuer. */
function chainOf(socket: TLSSocket) {
  const chain: { name: string; validToMs: number }[] = [];
  const seen = new Set<string>();
  let at: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true);
  while (at?.fingerprint256 !== undefined && !seen.has(at.fingerprint256)) {
    seen.add(at.fingerprint256);
    const name = at.subject?.CN ?? at.subjectaltname ?? 'a certificate without a name';
    chain.push({ name: String(name), validToMs: Date.parse(at.valid_to) });
    at = at.issuerCertificate;
  }
  return chain;
}

const DAY_MS = 86_400_000;
/** Whoever renews certificates does so a third of their life ahead: for those of 90 days that is 30, ms. */
const SOON_MS = 21 * DAY_MS;

/** What that means. Pure. */
export function judgeHandshake(
  address: string,
  { protocol, chain, problem }: Handshake,
  nowMs: number,
): Finding {
  const at = about('tls', address);
  const first = [...chain].sort((one, other) => one.validToMs - other.validToMs)[0];
  if (problem !== undefined) {
    const cut = problem.indexOf('; ');
    return cut < 0
      ? at.fault(problem, 'see whether it speaks TLS there')
      : at.fault(problem.slice(0, cut), problem.slice(cut + 2));
  }
  if (first === undefined) return at.fault('no certificate was shown', 'see whether it speaks TLS there');
  const days = Math.floor((first.validToMs - nowMs) / DAY_MS);
  const until = new Date(first.validToMs).toISOString().slice(0, 10);
  const what = `${protocol}, ${chain.length} certificate${chain.length === 1 ? '' : 's'}`;
  if (first.validToMs - nowMs < SOON_MS)
    return at.warning(
      `${what}; ${first.name} ends in ${days} days, on ${until}`,
      'have whoever runs that server renew it: without it there is no connection',
    );
  return at.ok(`${what}, good until ${until}`);
}
