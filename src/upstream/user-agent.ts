import { PRODUCT } from '../version.ts';

/** Longest part of a caller's own name that goes up, characters: real ones have a hundred at most. */
const LONGEST_NAME = 256;

/** What a User-Agent may hold: the rest of what Node lets through reads differently from server to server. */
const UNFIT = /[^\x20-\x7e]/g;

/**
 * The User-Agent of a request on a caller's behalf: the caller's own, extended by who passes it on, so that a provider's
 * support finds both: `python-novaclient via sluice/0.2.0 (billing)`. Without one of the caller's it is Sluice's own.
 *
 * @param name the caller's User-Agent, if it sent one
 * @param client the configured client on whose behalf it is; undefined for callers without a name of their own
 */
export function userAgent(name: string | undefined, client: string | undefined): string {
  const own = client === undefined ? PRODUCT : `${PRODUCT} (${client})`;
  const given = name?.slice(0, LONGEST_NAME).replace(UNFIT, '?').trim();
  return given ? `${given} via ${own}` : own;
}
