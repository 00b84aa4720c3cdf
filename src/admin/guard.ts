/**
 * Who may ask the operators' listener. A page that an operator's browser shows can send requests from the operator's
 * machine, where a listener on the loopback interface is reached by nobody else: what a browser marks as another site's is
 * refused, and so is a name in Host that is not this machine's (a page may have its own name lead here, by DNS). Beyond the
 * loopback interface whoever asks shows `admin.token`. Pure.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/** What a request may see: everything, or, of the two probes, whether all is well. */
export type AdminVerdict =
  | { kind: 'granted' }
  | { kind: 'probe' }
  | { kind: 'refused'; status: 401 | 403; message: string };

export interface AdminSettings {
  readonly host: string;
  /** null: none is wanted. */
  readonly token: string | null;
}

/** @param isProbe `/healthz` and `/readyz`, which an orchestrator asks without a token and by any name */
export function judgeAdmin(
  headers: IncomingHttpHeaders,
  isProbe: boolean,
  { host, token }: AdminSettings,
): AdminVerdict {
  const foreign = foreignSign(headers);
  if (foreign !== undefined) return refused(403, `A page of another site asks (${foreign}).`);
  const isTrusted = token === null ? isOwnName(headers.host, host) : showsToken(headers.authorization, token);
  if (isTrusted) return { kind: 'granted' };
  if (isProbe) return { kind: 'probe' };
  if (token !== null)
    return refused(
      401,
      'The operators’ listener wants admin.token: Authorization: Bearer, or as the password of any user.',
    );
  return refused(
    403,
    'The Host is no address of this machine: ask by an address, as localhost, or with an admin.token.',
  );
}

const refused = (status: 401 | 403, message: string): AdminVerdict => ({ kind: 'refused', status, message });

/** The header by which a browser says that another site asks. A page has no way to leave them out or to change them. */
function foreignSign(headers: IncomingHttpHeaders): string | undefined {
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return 'Sec-Fetch-Site';
  const { origin, host } = headers;
  if (origin === undefined) return undefined;
  const isOwn = URL.canParse(origin) && host !== undefined && new URL(origin).host === host.toLowerCase();
  return isOwn ? undefined : 'Origin';
}

/** A page can make its own name lead to any address, but it cannot make an address its name. HTTP/1.0 names nothing. */
function isOwnName(header: string | undefined, configured: string): boolean {
  if (header === undefined) return true;
  if (!URL.canParse(`http://${header}/`)) return false;
  const { hostname } = new URL(`http://${header}/`);
  if (/^\[.*\]$|^\d{1,3}(?:\.\d{1,3}){3}$/.test(hostname)) return true;
  return hostname === 'localhost' || hostname.endsWith('.localhost') || hostname === configured.toLowerCase();
}

/** In constant time: how much of a guess was right must not show. */
function showsToken(authorization: string | undefined, token: string): boolean {
  const shown = /^bearer +(.*)$/is.exec(authorization ?? '')?.[1] ?? passwordOf(authorization);
  return shown !== undefined && timingSafeEqual(digest(shown), digest(token));
}

/** Browsers show what they were asked for as a password (RFC 7617), whatever the user. */
function passwordOf(authorization: string | undefined): string | undefined {
  const coded = /^basic +([\w+/=]{1,4096})$/i.exec(authorization ?? '')?.[1];
  const pair = coded === undefined ? '' : Buffer.from(coded, 'base64').toString();
  return pair.includes(':') ? pair.slice(pair.indexOf(':') + 1) : undefined;
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
