import type { JsonObject } from '../../json.ts';

/** What new things of Neutron's look like before anybody has said anything about them. */

const TAGS: JsonObject = { tags: [] };

export const newNetwork: JsonObject = {
  name: '',
  description: '',
  admin_state_up: true,
  mtu: 1450,
  status: 'ACTIVE',
  shared: false,
  'router:external': false,
  availability_zone_hints: [],
  availability_zones: [],
  ipv4_address_scope: null,
  ipv6_address_scope: null,
  port_security_enabled: true,
  ...TAGS,
};

export const sharedNetwork: JsonObject = { ...newNetwork, name: 'public', shared: true };

export const newSubnet: JsonObject = {
  name: '',
  description: '',
  ip_version: 4,
  enable_dhcp: true,
  ipv6_ra_mode: null,
  ipv6_address_mode: null,
  subnetpool_id: null,
  dns_nameservers: [],
  host_routes: [],
  service_types: [],
  ...TAGS,
};

export const sharedSubnet: JsonObject = {
  ...newSubnet,
  name: 'public-subnet',
  cidr: '10.180.0.0/16',
  gateway_ip: '10.180.0.1',
  allocation_pools: [{ start: '10.180.0.2', end: '10.180.255.254' }],
};

/** A port: of a server where Nova made it. */
export function newPort(
  networkId: string,
  deviceId: string,
  fixed: JsonObject[],
  groups: string[],
  mac: string,
): JsonObject {
  const isBound = deviceId !== '';
  return {
    name: '',
    description: '',
    network_id: networkId,
    device_id: deviceId,
    device_owner: isBound ? 'compute:nova' : '',
    admin_state_up: true,
    status: isBound ? 'ACTIVE' : 'DOWN',
    mac_address: mac,
    fixed_ips: fixed,
    security_groups: groups,
    allowed_address_pairs: [],
    extra_dhcp_opts: [],
    'binding:vnic_type': 'normal',
    port_security_enabled: true,
    ...TAGS,
  };
}

export const defaultGroup: JsonObject = {
  name: 'default',
  description: 'Default security group',
  stateful: true,
  shared: false,
  ...TAGS,
};

/** What goes out is allowed, what comes in from the same group too. */
export function defaultGroupRules(groupId: string): JsonObject[] {
  const rule = (direction: string, ethertype: string): JsonObject => ({
    ...newRule,
    security_group_id: groupId,
    direction,
    ethertype,
    remote_group_id: direction === 'ingress' ? groupId : null,
  });
  return [rule('egress', 'IPv4'), rule('egress', 'IPv6'), rule('ingress', 'IPv4'), rule('ingress', 'IPv6')];
}

/** A rule that lets everything through. */
export const newRule: JsonObject = {
  direction: 'ingress',
  ethertype: 'IPv4',
  protocol: null,
  port_range_min: null,
  port_range_max: null,
  remote_ip_prefix: null,
  remote_group_id: null,
  remote_address_group_id: null,
  normalized_cidr: null,
  standard_attr_id: 1,
  description: '',
  ...TAGS,
};
