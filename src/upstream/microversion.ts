import type { IncomingHttpHeaders } from 'node:http';

/**
 * Compute's microversion, in the one form that keys, `Vary` and the region see. Callers have two headers for it, the first
 * of which may be a list for several services (`compute 2.61, volume 3.59`); servers read them as nova does: the last of the
 * list's entries for Compute counts, then the older header. What stands there is not judged: the region says what it knows.
 */

const STANDARD = 'openstack-api-version';
const LEGACY = 'x-openstack-nova-api-version';

/** Request headers that change what Compute answers. */
export const MICROVERSION_HEADERS = [STANDARD, LEGACY] as const;

/** Nova's answer to a request that names no microversion is the one of its first. */
export const FIRST_MICROVERSION = '2.1';

/** The microversion of Compute that a request asks for, as it is spelled; '' where it asks for none. */
export function microversionOf(headers: IncomingHttpHeaders): string {
  const standard = headers[STANDARD];
  const legacy = headers[LEGACY];
  if (standard === undefined && legacy === undefined) return '';
  return ofList(textOf(standard)) ?? lastOf(textOf(legacy));
}

function ofList(list: string): string | undefined {
  const entries = list.split(',');
  for (let at = entries.length - 1; at >= 0; at--) {
    const entry = entries[at]!.trim();
    const blank = entry.search(/\s/);
    if (blank > 0 && entry.slice(0, blank).toLowerCase() === 'compute') return entry.slice(blank).trim();
  }
  return undefined;
}

const lastOf = (list: string): string => list.slice(list.lastIndexOf(',') + 1).trim();

const textOf = (value: string | string[] | undefined): string =>
  Array.isArray(value) ? value.join(', ') : (value ?? '');

/** Whether a microversion is 2.`minor` or a later one; none is the first. */
export function isSince(version: string, minor: number): boolean {
  if (version.toLowerCase() === 'latest') return true;
  return Number(/^2\.(\d{1,4})$/.exec(version)?.[1] ?? 1) >= minor;
}

/** The headers without it. */
export function withoutMicroversion(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const { [STANDARD]: _, [LEGACY]: __, ...others } = headers;
  return others;
}

/** The headers that say it to a region, both of them: the oldest servers know the older alone. */
export function microversionHeaders(version: string): Record<string, string> {
  return version === '' ? {} : { [STANDARD]: `compute ${version}`, [LEGACY]: version };
}
