/** What a caller's `Cache-Control` asks of the cache (RFC 9111 section 5.2.1), as far as Sluice obeys it. */
export interface Directives {
  /** Neither read nor write the cache. */
  readonly noStore: boolean;
  /** Do not answer without asking the upstream: `no-cache`, or `max-age=0`. */
  readonly revalidate: boolean;
  /** Answer from the cache or not at all (504). */
  readonly onlyIfCached: boolean;
  /** Oldest acceptable age in ms; Infinity when the caller does not mind. */
  readonly maxAgeMs: number;
}

const NONE: Directives = {
  noStore: false,
  revalidate: false,
  onlyIfCached: false,
  maxAgeMs: Number.POSITIVE_INFINITY,
};

/** Reads a `Cache-Control` request header; unknown directives and broken arguments are ignored. */
export function parseDirectives(header: string | undefined): Directives {
  if (header === undefined || header === '') return NONE;
  const names = new Map(
    header.split(',').map((part) => {
      const [name = '', argument = ''] = part.split('=');
      return [name.trim().toLowerCase(), argument.trim().replaceAll('"', '')] as const;
    }),
  );
  const maxAgeMs = ageOf(names.get('max-age'));
  return {
    noStore: names.has('no-store'),
    revalidate: names.has('no-cache') || maxAgeMs === 0,
    onlyIfCached: names.has('only-if-cached'),
    maxAgeMs,
  };
}

function ageOf(argument: string | undefined): number {
  if (argument === undefined || !/^\d+$/.test(argument)) return Number.POSITIVE_INFINITY;
  return Number(argument) * 1000;
}
