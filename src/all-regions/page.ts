/**
 * Pages over every region at once: the regions in the catalog's order, the members of each in its own order. A place in
 * that row is a region and the id of a member, `DFW:4a17e6f2-…`; that is what the marker of a next link says. Pure.
 */

/** Which page a caller asks for. */
export interface PageAsk {
  /** Most members; undefined: as many as the regions give. */
  readonly limit: number | undefined;
  readonly marker: Marker | undefined;
  /** The rest of the raw query, for every region. */
  readonly rest: string;
}

/** The member after which a page begins; without a region when the caller gave an id alone. */
export interface Marker {
  /** Upper case. */
  readonly region: string | undefined;
  readonly id: string;
}

/**
 * Reads `limit` and `marker`. A limit that is no number above 0 stays in the query: regions say what is wrong with it.
 *
 * @param query raw query without `?`
 * @param regions upper-case names there are
 */
export function readPage(query: string, regions: readonly string[]): PageAsk {
  let limit: number | undefined;
  let marker: Marker | undefined;
  const rest = query.split('&').filter((part) => {
    const [name, value = ''] = part.split('=', 2);
    if (name === 'limit' && /^[1-9]\d{0,8}$/.test(value)) limit = Number(value);
    else if (name === 'marker' && value !== '') marker = readMarker(value, regions);
    else return true;
    return false;
  });
  return { limit, marker, rest: rest.join('&') };
}

function readMarker(value: string, regions: readonly string[]): Marker {
  const text = decode(value);
  const colon = text.indexOf(':');
  const region = text.slice(0, Math.max(colon, 0)).toUpperCase();
  return regions.includes(region) ? { region, id: text.slice(colon + 1) } : { region: undefined, id: text };
}

function decode(value: string): string {
  try {
    return decodeURIComponent(value.replaceAll('+', ' '));
  } catch {
    return value;
  }
}

/** The raw query that one region is asked with. */
export function regionQuery({ limit, rest }: PageAsk, marker: string | undefined): string {
  return joined(rest, limit, marker);
}

/** The raw query of the page after a member. */
export function nextQuery({ limit, rest }: PageAsk, after: { region: string; id: string }): string {
  return joined(rest, limit, `${after.region}:${after.id}`);
}

/** A raw query with another marker. */
export function withMarker(query: string, marker: string): string {
  const others = query.split('&').filter((part) => part.split('=', 1)[0] !== 'marker');
  return joined(others.join('&'), undefined, marker);
}

function joined(rest: string, limit: number | undefined, marker: string | undefined): string {
  const parts = [
    rest,
    limit === undefined ? '' : `limit=${limit}`,
    marker === undefined ? '' : `marker=${encodeURIComponent(marker)}`,
  ];
  return parts.filter((part) => part !== '').join('&');
}
