import { isIPv4 } from 'node:net';
import type { JsonObject } from '../../json.ts';
import type { Incoming } from '../exchange.ts';
import { isBlock, poolOf } from './addresses.ts';
import { NeutronError } from './errors.ts';
import { type Kind, type NeutronStore, NoAddressError } from './store.ts';
import { defaultGroupRules, newNetwork, newRule, newSubnet } from './templates.ts';

/** One request for things of a kind. */
export interface NeutronCall {
  readonly resource: Resource;
  readonly store: NeutronStore;
  readonly projectId: string;
  readonly incoming: Incoming;
  readonly place: { readonly root: string };
}

/** What is special to a kind of thing. */
export interface Resource {
  readonly kind: Kind;
  /** Segment of the path. */
  readonly collection: string;
  /** Keys of the bodies. */
  readonly singular: string;
  readonly plural: string;
  /** Type and subject of the error when there is none. */
  readonly missing: string;
  readonly label: string;
  /** What a body may hold; throws NeutronError for the rest. */
  check(call: NeutronCall, members: JsonObject): JsonObject;
  create(call: NeutronCall, members: JsonObject): JsonObject;
  render(call: NeutronCall, item: JsonObject): JsonObject;
  /** Throws NeutronError when something hangs on it. */
  remove(call: NeutronCall, item: JsonObject): void;
}

const bad = (message: string): NeutronError => new NeutronError(400, 'HTTPBadRequest', message);

/** @param known what a new thing of that kind has, which is what may be said of it */
const checker =
  (known: JsonObject, more: readonly string[]) =>
  (_: NeutronCall, members: JsonObject): JsonObject => {
    const strays = Object.keys(members).filter((key) => !(key in known) && !more.includes(key));
    if (strays.length > 0) throw bad(`Unrecognized attribute(s) '${strays.join(', ')}'`);
    const { tenant_id: _tenant, project_id: _project, ...rest } = members;
    return rest;
  };

function needed(members: JsonObject, key: string): string {
  const value = members[key];
  if (value === undefined) throw bad(`Failed to parse request. Required attribute '${key}' not specified`);
  return String(value);
}

const OWNERS = ['tenant_id', 'project_id'];

const plain = (_: NeutronCall, { preserve: _preserve, ...item }: JsonObject): JsonObject => item;

function ownNetwork({ store, projectId }: NeutronCall, members: JsonObject): string {
  const id = needed(members, 'network_id');
  if (!store.find('networks', projectId, id))
    throw new NeutronError(404, 'NetworkNotFound', `Network ${id} could not be found.`);
  return id;
}

const networks: Resource = {
  kind: 'networks',
  collection: 'networks',
  singular: 'network',
  plural: 'networks',
  missing: 'NetworkNotFound',
  label: 'Network',
  check: checker(newNetwork, OWNERS),
  create: (call, members) =>
    call.store.add('networks', call.projectId, { ...newNetwork, ...networks.check(call, members) }),
  render: ({ store, projectId }, item) => ({
    ...item,
    subnets: store
      .list('subnets', projectId)
      .filter((subnet) => subnet['network_id'] === item['id'])
      .map(({ id }) => id!),
  }),
  remove({ store, projectId }, { id }) {
    const ports = store.list('ports', projectId).filter((port) => port['network_id'] === id);
    if (ports.length > 0)
      throw new NeutronError(
        409,
        'NetworkInUse',
        `Unable to complete operation on network ${id}. There are one or more ports still in use on the network, id for these ports is: ${ports.map((port) => port['id']).join(',')}.`,
      );
    for (const subnet of store.list('subnets', projectId))
      if (subnet['network_id'] === id) store.remove('subnets', String(subnet['id']));
    store.remove('networks', String(id));
  },
};

const subnets: Resource = {
  kind: 'subnets',
  collection: 'subnets',
  singular: 'subnet',
  plural: 'subnets',
  missing: 'SubnetNotFound',
  label: 'Subnet',
  check: checker(newSubnet, [...OWNERS, 'network_id', 'cidr', 'gateway_ip', 'allocation_pools', 'prefixlen']),
  create(call, members) {
    const given = subnets.check(call, members);
    if (needed(given, 'ip_version') !== '4') throw bad('The simulator makes subnets of IPv4 only.');
    const networkId = ownNetwork(call, given);
    const cidr = needed(given, 'cidr');
    if (!isBlock(cidr)) throw bad(`Invalid input for cidr. Reason: '${cidr}' is not a valid IP subnet.`);
    const { gateway, start, end } = poolOf(cidr);
    return call.store.add('subnets', call.projectId, {
      ...newSubnet,
      gateway_ip: gateway,
      allocation_pools: [{ start, end }],
      ...given,
      network_id: networkId,
    });
  },
  render: plain,
  remove({ store, projectId }, { id }) {
    const isUsed = (port: JsonObject) =>
      (port['fixed_ips'] as JsonObject[]).some((fixed) => fixed['subnet_id'] === id);
    if (store.list('ports', projectId).some(isUsed))
      throw new NeutronError(
        409,
        'SubnetInUse',
        `Unable to complete operation on subnet ${id}: One or more ports have an IP allocation from this subnet.`,
      );
    store.remove('subnets', String(id));
  },
};

const PORT_MEMBERS = [
  'name',
  'description',
  'network_id',
  'device_id',
  'device_owner',
  'admin_state_up',
  'mac_address',
  'fixed_ips',
  'security_groups',
  'allowed_address_pairs',
  'extra_dhcp_opts',
  'binding:vnic_type',
  'port_security_enabled',
  'tags',
];

const ports: Resource = {
  kind: 'ports',
  collection: 'ports',
  singular: 'port',
  plural: 'ports',
  missing: 'PortNotFound',
  label: 'Port',
  check: checker({}, [...OWNERS, ...PORT_MEMBERS]),
  create(call, members) {
    const given = ports.check(call, members);
    const networkId = ownNetwork(call, given);
    const { fixed_ips: fixed, security_groups: groups, ...rest } = given;
    const wanted = Array.isArray(fixed) ? (fixed[0] as JsonObject | undefined)?.['ip_address'] : undefined;
    if (wanted !== undefined && !isIPv4(String(wanted)))
      throw bad(`'${String(wanted)}' is not a valid IP address.`);
    try {
      const port = call.store.addPort({
        projectId: call.projectId,
        networkId,
        ...(Array.isArray(groups) ? { groups: groups.map(String) } : {}),
        ...(wanted === undefined ? {} : { address: String(wanted) }),
      });
      return Object.assign(port, rest);
    } catch (error) {
      if (!(error instanceof NoAddressError)) throw error;
      throw new NeutronError(409, 'IpAddressGenerationFailure', error.message);
    }
  },
  render: plain,
  remove: ({ store }, { id }) => store.remove('ports', String(id)),
};

const groups: Resource = {
  kind: 'security-groups',
  collection: 'security-groups',
  singular: 'security_group',
  plural: 'security_groups',
  missing: 'SecurityGroupNotFound',
  label: 'Security group',
  check: checker({}, [...OWNERS, 'name', 'description', 'stateful', 'tags']),
  create(call, members) {
    const { store, projectId } = call;
    const given = groups.check(call, members);
    const blank: JsonObject = { name: '', description: '', stateful: true, shared: false, tags: [] };
    const group = store.add('security-groups', projectId, { ...blank, ...given });
    for (const rule of defaultGroupRules(String(group['id'])).slice(0, 2))
      store.add('security-group-rules', projectId, rule);
    return group;
  },
  render: ({ store, projectId }, item) => ({
    ...item,
    security_group_rules: store
      .list('security-group-rules', projectId)
      .filter((rule) => rule['security_group_id'] === item['id']),
  }),
  remove({ store, projectId }, { id, name }) {
    const inUse = store
      .list('ports', projectId)
      .some((port) => (port['security_groups'] as string[]).includes(String(id)));
    if (inUse) throw new NeutronError(409, 'SecurityGroupInUse', `Security Group ${id} in use.`);
    if (name === 'default')
      throw new NeutronError(
        409,
        'SecurityGroupCannotRemoveDefault',
        'Insufficient rights for removing default security group.',
      );
    for (const rule of store.list('security-group-rules', projectId))
      if (rule['security_group_id'] === id) store.remove('security-group-rules', String(rule['id']));
    store.remove('security-groups', String(id));
  },
};

const rules: Resource = {
  kind: 'security-group-rules',
  collection: 'security-group-rules',
  singular: 'security_group_rule',
  plural: 'security_group_rules',
  missing: 'SecurityGroupRuleNotFound',
  label: 'Security group rule',
  check: checker(newRule, [...OWNERS, 'security_group_id']),
  create(call, members) {
    const { store, projectId } = call;
    const given = rules.check(call, members);
    const groupId = needed(given, 'security_group_id');
    if (!store.find('security-groups', projectId, groupId))
      throw new NeutronError(404, 'SecurityGroupNotFound', `Security group ${groupId} does not exist`);
    const rule: JsonObject = { ...newRule, ...given };
    const isSame = (other: JsonObject) =>
      [
        'security_group_id',
        'direction',
        'ethertype',
        'protocol',
        'port_range_min',
        'port_range_max',
        'remote_ip_prefix',
        'remote_group_id',
      ].every((key) => (other[key] ?? null) === (rule[key] ?? null));
    const known = store.list('security-group-rules', projectId).find(isSame);
    if (known)
      throw new NeutronError(
        409,
        'SecurityGroupRuleExists',
        `Security group rule already exists. Rule id is ${known['id']}.`,
      );
    return store.add('security-group-rules', projectId, rule);
  },
  render: plain,
  remove: ({ store }, { id }) => store.remove('security-group-rules', String(id)),
};

export const RESOURCES: readonly Resource[] = [networks, subnets, ports, groups, rules];
