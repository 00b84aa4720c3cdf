import type { ServerRecord } from '../region/state.ts';
import { novaError } from './errors.ts';
import { extrasOf, novaStatus, serverAddresses } from './server-document.ts';
import type { NovaVisit } from './visit.ts';

/** What a list of servers may be asked for. Parameters that only administrators may use are overlooked, as Nova does. */

type Filter = (server: ServerRecord) => boolean;

/** Names and addresses are regular expressions; the rest is compared as it is. */
const FILTERS: Record<string, (visit: NovaVisit, values: readonly string[]) => Filter> = {
  name: (_, values) => {
    const expressions = values.map(expression);
    return (server) => expressions.some((one) => one.test(server.name));
  },
  status: (_, values) => {
    const wanted = values.map((value) => value.toUpperCase());
    return (server) => wanted.includes(novaStatus(server.status));
  },
  image: (_, values) => (server) => values.includes(server.imageId),
  flavor: (_, values) => (server) => values.includes(server.flavorId),
  key_name: (_, values) => (server) => server.keyName !== null && values.includes(server.keyName),
  uuid: (_, values) => (server) => values.includes(server.id),
  ip: (visit, values) => hasAddress(visit, values, 4),
  ip6: (visit, values) => hasAddress(visit, values, 6),
  tags: (_, values) => (server) => values[0]!.split(',').every((tag) => extrasOf(server).tags.includes(tag)),
  'tags-any': (_, values) => (server) =>
    values[0]!.split(',').some((tag) => extrasOf(server).tags.includes(tag)),
  'not-tags': (_, values) => (server) =>
    !values[0]!.split(',').every((tag) => extrasOf(server).tags.includes(tag)),
  'not-tags-any': (_, values) => (server) =>
    !values[0]!.split(',').some((tag) => extrasOf(server).tags.includes(tag)),
  locked: (_, values) => (server) => String(extrasOf(server).locked) === values[0]!.toLowerCase(),
};

/** Whether the query asks for some servers only. */
export const hasFilters = (query: URLSearchParams): boolean =>
  Object.keys(FILTERS).some((key) => query.has(key));

/** What else may stand in the query; parameters for administrators are overlooked. */
const KNOWN = new Set([
  ...Object.keys(FILTERS),
  ...['limit', 'marker', 'sort_key', 'sort_dir', 'changes-since', 'changes-before', 'all_tenants', 'deleted'],
  ...['host', 'hostname', 'node', 'project_id', 'tenant_id', 'user_id', 'reservation_id', 'kernel_id'],
  ...['ramdisk_id', 'launch_index', 'image_ref', 'display_name', 'display_description', 'power_state'],
  ...['vm_state', 'task_state', 'availability_zone', 'config_drive', 'access_ip_v4', 'access_ip_v6'],
  ...['created_at', 'updated_at', 'launched_at', 'terminated_at', 'progress', 'root_device_name'],
  ...['auto_disk_config', 'description', 'locked_by', 'cell_name', 'soft_deleted', 'instance_type_id'],
]);

/** From 2.75 on a parameter that Nova does not know is refused. */
export function checkQuery({ minor, incoming }: NovaVisit): void {
  const stray =
    minor >= 75 && [...incoming.query.keys()].find((key) => !KNOWN.has(key) && !key.startsWith('_'));
  if (stray) throw novaError(400, `'${stray}' does not match any of the regexes: '^_'`);
}

/** Whether a server is one of those the query asks for. */
export function serverFilter(visit: NovaVisit, query: URLSearchParams): Filter {
  const filters = Object.entries(FILTERS).flatMap(([key, make]) =>
    query.has(key) ? [make(visit, query.getAll(key))] : [],
  );
  return (server) => filters.every((filter) => filter(server));
}

function hasAddress(visit: NovaVisit, values: readonly string[], version: number): Filter {
  const expressions = values.map(expression);
  return (server) =>
    Object.values(serverAddresses(visit, server))
      .flat()
      .some((address) => {
        const { addr, version: own } = address as { addr: string; version: number };
        return own === version && expressions.some((one) => one.test(addr));
      });
}

/** More than one of these in a row of choices, or any group, and matching could take for ever. */
const COSTLY = /[(){}|\\]|[*+?][^*+?]{0,255}[*+?][^*+?]{0,255}[*+?]/;

/** A filter as Nova's database reads it; what could be slow to match is looked for as it is written. */
function expression(text: string): RegExp {
  const isPlain = text.length > 255 || COSTLY.test(text);
  try {
    return new RegExp(isPlain ? text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&') : text);
  } catch {
    throw novaError(
      400,
      `Invalid input for query parameters name. Value: ${text}. '${text}' is not a 'regex'`,
    );
  }
}

const KEYS: Record<string, (server: ServerRecord) => string | number> = {
  created_at: (server) => server.created,
  updated_at: (server) => server.updated,
  display_name: (server) => server.name,
  uuid: (server) => server.id,
  vm_state: (server) => server.status,
};

/** Newest first, or as `sort_key` and `sort_dir` say. */
export function sortServers<T extends readonly [ServerRecord, ...unknown[]]>(
  servers: readonly T[],
  query: URLSearchParams,
): readonly T[] {
  const key = KEYS[query.get('sort_key') ?? ''];
  if (key === undefined) return query.get('sort_dir') === 'asc' ? [...servers].reverse() : servers;
  const sign = query.get('sort_dir') === 'asc' ? 1 : -1;
  return [...servers].sort(([a], [b]) => {
    const [left, right] = [key(a), key(b)];
    return sign * (left < right ? -1 : left > right ? 1 : a.sequence - b.sequence);
  });
}
