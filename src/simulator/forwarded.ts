import type { Incoming } from './exchange.ts';

/**
 * Which of the fields that a proxy in front sets are believed: `all` by a service with `enable_proxy_headers_parsing`;
 * `scheme`: uwsgi takes `X-Forwarded-Proto: https`, whatever the service says; `none`.
 */
export type ProxyTrust = 'all' | 'scheme' | 'none';

/** What links start with: as the caller wrote it, or as a proxy in front says. No trailing slash. */
export function forwardedOrigin(incoming: Incoming, trust: ProxyTrust): string {
  const { origin, headers } = incoming;
  const field = (name: string): string => {
    const [first = ''] = [headers[name] ?? ''].flat();
    return first.split(',', 1)[0]!.trim();
  };
  if (trust === 'none') return origin;
  if (trust === 'scheme')
    return field('x-forwarded-proto') === 'https' ? withScheme(origin, 'https') : origin;
  const { proto, host } =
    field('forwarded') === ''
      ? { proto: field('x-forwarded-proto'), host: field('x-forwarded-host') }
      : firstProxy(field('forwarded'));
  const own = withScheme(host === '' ? origin : `http://${host}`, proto === '' ? 'http' : proto);
  return own + field('x-forwarded-prefix').replace(/(?<!\/)\/+$/, '');
}

/** A URL below a prefix that is configured: its host and scheme, and its path in front. @param url no trailing slash */
export function belowPrefix(url: string, prefix: string | null): string {
  if (prefix === null) return url;
  return prefix.replace(/(?<!\/)\/+$/, '') + url.replace(/^https?:\/\/[^/]*/, '');
}

const withScheme = (origin: string, scheme: string): string => `${scheme}://${origin.split('://')[1]}`;

/** The first element of a `Forwarded` field (RFC 7239): what the proxy nearest to the client has seen. */
function firstProxy(element: string): { proto: string; host: string } {
  const pairs = element.split(';').map((pair) => {
    const [name = '', value = ''] = pair.split('=', 2);
    return [name.trim().toLowerCase(), value.trim().replaceAll('"', '')] as const;
  });
  const known = new Map(pairs);
  return { proto: known.get('proto') ?? '', host: known.get('host') ?? '' };
}
