/**
 * The extensions whose attributes and elements have a namespace of their own. JSON names such a member
 * `ALIAS:name`, XML qualifies it (guide section 1.10.3). To support another extension's members add one entry:
 * its scalars then are qualified attributes and its objects qualified elements in every resource. `members` is only
 * needed where the general rule would not find a member's form or type.
 */
import { attribute, type Member, numeric, type ObjectShape, textElement, truth } from './shape.ts';

/** One extension. */
export interface Extension {
  /** The prefix in JSON keys, and the XML prefix Sluice writes. */
  readonly alias: string;
  readonly namespace: string;
  /** Other namespaces that are read as this extension. */
  readonly alsoRead?: readonly string[];
  /** The namespace of its action requests, when it differs. */
  readonly actionNamespace?: string;
  /** Local names that are this extension's although another one has the same namespace. */
  readonly owns?: readonly string[];
  /** Members with a form or a type that the general rule would not find, by local name. */
  readonly members?: Readonly<Record<string, Member>>;
}

const OPENSTACK = 'http://docs.openstack.org/compute/ext';

const entries = (element: string, item: ObjectShape): Member => ({
  as: 'element',
  shape: { kind: 'list', element, item },
});

const bandwidthInterface: ObjectShape = {
  kind: 'object',
  element: 'interface',
  members: { bandwidth_inbound: numeric, bandwidth_outbound: numeric },
};

/** Nova writes one element per volume, without a wrapper. */
const attachedVolume: ObjectShape = {
  kind: 'object',
  element: 'volume_attached',
  members: { id: attribute },
};

const volume: ObjectShape = {
  kind: 'object',
  element: 'volume',
  members: { name: attribute, href: attribute },
};

/** A region that has no part in a list of every region, and why. */
const missingRegion: ObjectShape = {
  kind: 'object',
  element: 'error',
  members: {
    region: attribute,
    fault: attribute,
    code: numeric,
    retryAfter: numeric,
    message: textElement('message'),
  },
};

export const EXTENSIONS: readonly Extension[] = [
  {
    alias: 'OS-DCF',
    namespace: `${OPENSTACK}/disk_config/api/v1.1`,
    members: {
      diskConfig: { as: 'attribute', alsoRead: ['diskConfig', 'auto_disk_config'] },
    },
  },
  {
    alias: 'OS-EXT-STS',
    namespace: `${OPENSTACK}/extended_status/api/v1.1`,
    members: {
      task_state: { as: 'attribute', nullable: true },
      vm_state: { as: 'attribute', nullable: true },
      power_state: numeric,
    },
  },
  {
    alias: 'OS-EXT-SRV-ATTR',
    namespace: `${OPENSTACK}/extended_status/api/v1.1`,
    owns: ['host', 'hypervisor_hostname', 'instance_name'],
    members: {
      host: { as: 'attribute', nullable: true },
      hypervisor_hostname: { as: 'attribute', nullable: true },
    },
  },
  {
    alias: 'OS-EXT-AZ',
    namespace: `${OPENSTACK}/extended_availability_zone/api/v2`,
    members: { availability_zone: { as: 'attribute', nullable: true } },
  },
  {
    alias: 'OS-SRV-USG',
    namespace: `${OPENSTACK}/server_usage/api/v1.1`,
    members: {
      launched_at: { as: 'attribute', nullable: true },
      terminated_at: { as: 'attribute', nullable: true },
    },
  },
  { alias: 'OS-EXT-IPS', namespace: `${OPENSTACK}/extended_ips/api/v1.1` },
  { alias: 'OS-EXT-IPS-MAC', namespace: `${OPENSTACK}/extended_ips_mac/api/v1.1` },
  {
    alias: 'OS-EXT-IMG-SIZE',
    namespace: `${OPENSTACK}/image_size/api/v1.1`,
    members: { size: numeric },
  },
  {
    alias: 'OS-FLV-DISABLED',
    namespace: `${OPENSTACK}/flavor_disabled/api/v1.1`,
    members: { disabled: truth },
  },
  {
    alias: 'OS-FLV-EXT-DATA',
    namespace: `${OPENSTACK}/flavor_extra_data/api/v1.1`,
    members: { ephemeral: numeric },
  },
  {
    alias: 'os-flavor-access',
    namespace: `${OPENSTACK}/flavor_access/api/v2`,
    members: { is_public: truth },
  },
  {
    alias: 'os-extended-volumes',
    namespace: `${OPENSTACK}/extended_volumes/api/v1.1`,
    members: { volumes_attached: { as: 'repeated', shape: attachedVolume } },
  },
  { alias: 'OS-SCH-HNT', namespace: `${OPENSTACK}/scheduler-hints/api/v2` },
  {
    alias: 'OS-EXT-VIF-NET',
    namespace: `${OPENSTACK}/extended-virtual-interfaces-net/api/v1.1`,
  },
  { alias: 'os-used-limits', namespace: `${OPENSTACK}/used_limits/api/v1.1` },
  {
    alias: 'rax-bandwidth',
    namespace: 'http://docs.rackspace.com/servers/api/ext/server_bandwidth/',
    alsoRead: ['http://docs.rackspace.com/servers/api/ext/server_bandwidth'],
    members: { bandwidth: entries('bandwidth', bandwidthInterface) },
  },
  {
    alias: 'RS-CBS',
    namespace: 'http://docs.rackspacecloud.com/servers/api/ext/cbs/v1.1',
    alsoRead: ['http://docs.rackspacecloud.com/servers/api/ext/cbs/v1.0'],
    actionNamespace: 'http://docs.rackspacecloud.com/servers/api/ext/cbs/v1.0',
    members: { volumes: entries('volumes', volume) },
  },
  {
    // Sluice's own: where a member of a list of every region lives, and which regions are missing from it.
    alias: 'sluice',
    namespace: 'urn:sluice:everywhere:v1',
    members: { errors: entries('errors', missingRegion) },
  },
  { alias: 'RAX-KSKEY', namespace: 'http://docs.rackspace.com/identity/api/ext/RAX-KSKEY/v1.0' },
  { alias: 'RAX-AUTH', namespace: 'http://docs.rackspace.com/identity/api/ext/RAX-AUTH/v1.0' },
];
