import { createMatcher, type Match, type PathMatcher } from './match.ts';
import type { Operation, Service } from './operation.ts';
import { SERVICE_OPERATIONS, SERVICE_ROWS, type ServiceRow } from './services.ts';

/** What the paths of one service mean. */
interface ServiceMatcher {
  readonly row: ServiceRow;
  /** Below a version. */
  readonly below: PathMatcher;
  readonly list: Operation;
  readonly version: Operation;
}

const MATCHERS = new Map<Service, ServiceMatcher>(SERVICE_ROWS.map((row) => [row.service, matcherOf(row)]));

function matcherOf(row: ServiceRow): ServiceMatcher {
  const rows = SERVICE_OPERATIONS.filter(({ service }) => service === row.service);
  const isVersion = ({ resource }: Operation) => resource === 'versions';
  const [list, version] = rows.filter(isVersion);
  return {
    row,
    below: createMatcher(rows.filter((one) => !isVersion(one))),
    list: list!,
    version: version!,
  };
}

const UNKNOWN: Match = { kind: 'unknown' };
const VERSION = /^v\d+(?:\.\d+)?$/i;

/**
 * What a request for another service means: an operation of a row, or nothing that is known. A path without a version is
 * taken for one below the version that the service's endpoint has, wherever that is.
 *
 * @param method upper case; HEAD is read as GET
 * @param path canonical, below `/{region}/services/{type}`, or empty
 */
export function matchService(service: Service | undefined, method: string, path: string): Match {
  const found = service === undefined ? undefined : MATCHERS.get(service);
  if (found === undefined) return UNKNOWN;
  const { row, below, list, version } = found;
  const isRead = method === 'GET' || method === 'HEAD';
  if (path === '' || path === '/' || path === row.versionsPath) return isRead ? operation(list) : UNKNOWN;
  const first = path.split('/', 2)[1]!;
  if (!VERSION.test(first)) return known(below(method, path));
  if (!row.versions.test(first)) return UNKNOWN;
  const rest = path.slice(1 + first.length);
  if (rest === '') return isRead ? operation(version) : UNKNOWN;
  return known(below(method, rest));
}

/** What a service does with methods that no row has is its own affair. */
const known = (match: Match): Match => (match.kind === 'operation' ? match : UNKNOWN);

const operation = (of: Operation): Match => ({ kind: 'operation', operation: of, params: {} });
