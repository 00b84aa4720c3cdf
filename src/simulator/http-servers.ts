/**
 * The two HTTP servers that services of today stand behind, where they are not alike: `eventlet` keeps connections and
 * capitalises the names of fields, `uwsgi` as distributions set it up ends each answer with its connection and leaves
 * names as the service wrote them.
 */
export type HttpServer = 'eventlet' | 'uwsgi';

/** How long a request's head is, in bytes, line ends included. */
export interface RequestHead {
  readonly lineBytes: number;
  readonly longestFieldBytes: number;
  readonly bytes: number;
}

/** Where eventlet's limits are reached, in bytes, line ends included; Nova sets that of a field. */
const LINE_BYTES = 8192;
const FIELD_BYTES = 16_384;
/** The most that all of a head may have. */
const MOST_HEAD_BYTES = 65_536;

/** The largest head that is read at all, in bytes: enough to say which of the limits is exceeded. */
export const MOST_READ_BYTES = 1024 * 1024;

/** What eventlet says, in HTTP/1.0 and without a body, to a head that it does not read to its end; undefined: it reads it. */
export function refusalOf({ lineBytes, longestFieldBytes, bytes }: RequestHead): string | undefined {
  if (lineBytes >= LINE_BYTES) return '414 Request URI Too Long';
  if (longestFieldBytes >= FIELD_BYTES) return '400 Header Line Too Long';
  return bytes > MOST_HEAD_BYTES ? '400 Headers Too Large' : undefined;
}

/** Names that services do not write with one capital a word. */
const WRITTEN: Readonly<Record<string, string>> = {
  'openstack-api-version': 'OpenStack-API-Version',
  'x-openstack-nova-api-version': 'X-OpenStack-Nova-API-Version',
  'www-authenticate': 'WWW-Authenticate',
  'x-openstack-request-id': 'x-openstack-request-id',
  'x-compute-request-id': 'x-compute-request-id',
};

/** How the name of a field leaves that server. @param name lower case */
export function spelledName(name: string, server: HttpServer): string {
  const written = server === 'uwsgi' ? WRITTEN[name] : undefined;
  return written ?? name.replace(/(^|-)[a-z]/g, (start) => start.toUpperCase());
}
