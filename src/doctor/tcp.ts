/** Whether a connection can be made. */
import { connect } from 'node:net';
import { about, type Finding } from './finding.ts';

/** How a connection ended: after how long it was there, or why it was not. */
export type Connected = { readonly tookMs: number } | { readonly code: string };

/** Connects and hangs up. @param timeoutMs longest wait, ms */
export function tryConnect(host: string, port: number, timeoutMs: number): Promise<Connected> {
  const start = performance.now();
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: timeoutMs });
    const end = (outcome: Connected) => {
      socket.destroy();
      resolve(outcome);
    };
    socket.once('connect', () => end({ tookMs: performance.now() - start }));
    socket.once('timeout', () => end({ code: 'ETIMEDOUT' }));
    socket.once('error', (error: NodeJS.ErrnoException) => end({ code: codeOf(error) }));
  });
}

/** Of several addresses each fails for itself; the first reason is as good as any. */
function codeOf(error: NodeJS.ErrnoException & { errors?: readonly NodeJS.ErrnoException[] }): string {
  return error.code ?? error.errors?.[0]?.code ?? 'unknown reason';
}

const REASONS: Readonly<Record<string, readonly [message: string, advice: string]>> = {
  ECONNREFUSED: ['nothing listens there', 'correct the port, or start what should listen there'],
  ETIMEDOUT: [
    'there is no answer',
    'a firewall may drop it: open the way from this machine, or set HTTPS_PROXY',
  ],
  EHOSTUNREACH: ['no way leads there', 'see the routes and firewalls of this machine'],
  ENETUNREACH: ['no way leads there', 'see the routes of this machine; an IPv6 address wants IPv6'],
};

/** What that means. Pure. @param slowMs a connection that takes longer is warned of, ms */
export function judgeConnection(address: string, role: string, outcome: Connected, slowMs: number): Finding {
  const at = about('tcp', address);
  if ('code' in outcome) {
    const [message, advice] = REASONS[outcome.code] ?? [
      'no connection',
      'see whether it runs and can be reached from here',
    ];
    return at.fault(`${message} (${outcome.code}; ${role})`, advice);
  }
  const took = `connected in ${Math.round(outcome.tookMs)} ms (${role})`;
  if (outcome.tookMs <= slowMs) return at.ok(took);
  return at.warning(took, 'each new connection costs that: raise upstream.connectTimeoutMs if it is usual');
}
