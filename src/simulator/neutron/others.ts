import type { JsonObject } from '../../json.ts';

/** What Neutron answers beside what it keeps: extensions, quotas, zones. */

/** First segments below the version. */
export const OTHERS: readonly string[] = [
  'extensions',
  'quotas',
  'availability_zones',
  'agents',
  'subnetpools',
];

/** Extensions by alias; clients look here whether they may use `tags`, security groups and the like. */
const EXTENSIONS: readonly JsonObject[] = [
  ['agent', 'agent'],
  ['availability_zone', 'Availability Zone'],
  ['binding', 'Port Binding'],
  ['default-subnetpools', 'Default Subnetpools'],
  ['external-net', 'Neutron external network'],
  ['extra_dhcp_opt', 'Neutron Extra DHCP options'],
  ['net-mtu', 'Network MTU'],
  ['pagination', 'Pagination support'],
  ['port-security', 'Port Security'],
  ['project-id', 'project_id field enabled'],
  ['provider', 'Provider Network'],
  ['quotas', 'Quota management support'],
  ['rbac-policies', 'RBAC Policies'],
  ['security-group', 'security-group'],
  ['sorting', 'Sorting support'],
  ['standard-attr-description', 'standard-attr-description'],
  ['standard-attr-revisions', 'Resource revision numbers'],
  ['standard-attr-tag', 'Tag support for resources with standard attribute'],
  ['standard-attr-timestamp', 'Resource timestamps'],
  ['stateful-security-group', 'Stateful security group'],
].map(([alias, name]) => ({
  name: name!,
  alias: alias!,
  description: name!,
  updated: '2016-01-01T10:00:00-00:00',
  links: [],
}));

const QUOTA: JsonObject = {
  network: 100,
  subnet: 100,
  subnetpool: -1,
  port: -1,
  rbac_policy: 10,
  security_group: 10,
  security_group_rule: 100,
};

/** @returns undefined when there is nothing of that id */
export function otherDocument(collection: string, id: string | undefined): JsonObject | undefined {
  if (collection === 'quotas') return id === undefined ? { quotas: [] } : { quota: { ...QUOTA } };
  if (collection === 'extensions' && id !== undefined) {
    const extension = EXTENSIONS.find(({ alias }) => alias === id);
    return extension && { extension: { ...extension } };
  }
  if (id !== undefined) return undefined;
  return { [collection]: collection === 'extensions' ? EXTENSIONS.map((item) => ({ ...item })) : [] };
}
