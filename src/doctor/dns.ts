/** Whether the name of a server has addresses. */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { about, type Finding } from './finding.ts';

/** What the resolver says: addresses, or the code of why there are none. */
export type Resolved = { readonly addresses: readonly string[] } | { readonly code: string };

/** Asks the resolver of this machine, as connections do. */
export async function resolveName(host: string): Promise<Resolved> {
  if (isIP(host) !== 0) return { addresses: [host] };
  try {
    return { addresses: (await lookup(host, { all: true })).map(({ address }) => address) };
  } catch (error) {
    return { code: (error as NodeJS.ErrnoException).code ?? 'unknown reason' };
  }
}

/** What that means. Pure. */
export function judgeName(host: string, role: string, resolved: Resolved): Finding {
  const at = about('dns', host);
  if ('addresses' in resolved) return at.ok(`${resolved.addresses.join(', ')} (${role})`);
  const isUnknown = resolved.code === 'ENOTFOUND' || resolved.code === 'ENODATA';
  return isUnknown
    ? at.fault(`no such name (${resolved.code}; ${role})`, 'correct the URL, or have the name put into DNS')
    : at.fault(
        `the resolver gives no answer (${resolved.code}; ${role})`,
        'see /etc/resolv.conf and whether its name servers can be reached from here',
      );
}
