import type { JsonObject } from '../../json.ts';
import { novaError } from './errors.ts';
import type { NovaVisit } from './visit.ts';

/** Quotas in Nova's order of names, with the absolute limits that say them. */
const QUOTAS = [
  ['instances', 'maxTotalInstances', 'totalInstancesUsed'],
  ['cores', 'maxTotalCores', 'totalCoresUsed'],
  ['ram', 'maxTotalRAMSize', 'totalRAMUsed'],
] as const;

/**
 * Nova says of each quota that is exceeded what was asked for, what is used already and what there is.
 *
 * @param flavor of the servers that are asked for, as the region has it
 * @throws NovaError forbidden when fewer than the least number of servers asked for fit into the project's quotas
 */
export function checkQuota(
  { context, projectId }: NovaVisit,
  document: JsonObject,
  flavor: JsonObject,
): void {
  const limits = context.region.absoluteLimits(projectId);
  const count = Number(document['min_count'] ?? 1);
  const wanted = {
    instances: count,
    cores: count * Number(flavor['vcpus']),
    ram: count * Number(flavor['ram']),
  };
  const over = QUOTAS.map(([name, most, used]) => ({
    name,
    asked: wanted[name],
    used: limits[used] ?? 0,
    most: limits[most] ?? -1,
  })).filter(({ asked, used, most }) => most >= 0 && used + asked > most);
  if (over.length === 0) return;
  const all = (part: (item: (typeof over)[number]) => string | number) => over.map(part).join(', ');
  const names = all(({ name }) => name);
  throw novaError(
    403,
    `Quota exceeded for ${names}: Requested ${all(({ asked }) => asked)}, but already used ${all(({ used }) => used)} of ${all(({ most }) => most)} ${names}`,
  );
}
