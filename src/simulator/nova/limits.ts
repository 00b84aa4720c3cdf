import type { JsonObject } from '../../json.ts';
import { rateDocument } from '../rates/over-limit.ts';
import type { NovaHandler } from './visit.ts';

/** `GET /limits`: what a project may have, in the shape of the microversion; usually no rates at all. */

/** Members that Nova has no longer, and the microversion from which on. */
const GONE: readonly (readonly [minor: number, members: readonly string[]])[] = [
  [
    36,
    [
      'maxTotalFloatingIps',
      'maxSecurityGroups',
      'maxSecurityGroupRules',
      'totalFloatingIpsUsed',
      'totalSecurityGroupsUsed',
    ],
  ],
  [39, ['maxImageMeta']],
  [57, ['maxPersonality', 'maxPersonalitySize']],
];

export const showLimits: NovaHandler = (visit) => {
  const { context, projectId, user, minor } = visit;
  const { region, limiter, settings } = context;
  const known = region.absoluteLimits(projectId);
  const of = (name: string, fallback: number): number => known[name] ?? fallback;
  const absolute: JsonObject = {
    maxTotalInstances: of('maxTotalInstances', 10),
    maxTotalCores: of('maxTotalCores', 20),
    maxTotalRAMSize: of('maxTotalRAMSize', 51_200),
    maxServerMeta: of('maxServerMeta', 128),
    maxImageMeta: of('maxImageMeta', 128),
    maxPersonality: of('maxPersonality', 5),
    maxPersonalitySize: of('maxPersonalitySize', 10_240),
    maxTotalKeypairs: of('maxTotalKeypairs', 100),
    maxServerGroups: 10,
    maxServerGroupMembers: 10,
    maxTotalFloatingIps: -1,
    maxSecurityGroups: -1,
    maxSecurityGroupRules: -1,
    totalRAMUsed: of('totalRAMUsed', 0),
    totalCoresUsed: of('totalCoresUsed', 0),
    totalInstancesUsed: of('totalInstancesUsed', 0),
    totalFloatingIpsUsed: 0,
    totalSecurityGroupsUsed: 0,
    totalServerGroupsUsed: 0,
  };
  for (const [since, members] of GONE)
    if (minor >= since) for (const member of members) delete absolute[member];
  const views = settings.rateLimits.enabled ? limiter.view(user.name, projectId) : [];
  return { status: 200, document: { limits: { rate: rateDocument(views), absolute } } };
};

/** `GET /os-quota-sets/{project}`: the same numbers under their other names. */
export const showQuotas: NovaHandler = (visit) => {
  const known = visit.context.region.absoluteLimits(visit.projectId);
  return {
    status: 200,
    document: {
      quota_set: {
        id: visit.params['project'] ?? visit.projectId,
        instances: known['maxTotalInstances'] ?? 10,
        cores: known['maxTotalCores'] ?? 20,
        ram: known['maxTotalRAMSize'] ?? 51_200,
        metadata_items: known['maxServerMeta'] ?? 128,
        key_pairs: known['maxTotalKeypairs'] ?? 100,
        server_groups: 10,
        server_group_members: 10,
        ...(visit.minor >= 57
          ? {}
          : { injected_files: 5, injected_file_content_bytes: 10_240, injected_file_path_bytes: 255 }),
        ...(visit.minor >= 36
          ? {}
          : { floating_ips: -1, fixed_ips: -1, security_groups: -1, security_group_rules: -1 }),
      },
    },
  };
};
