import { Fault } from '../../faults/faults.ts';
import type { JsonObject } from '../../json.ts';
import { type Handler, param } from './call.ts';

const extension = (
  alias: string,
  name: string,
  namespace: string,
  updated: string,
  description: string,
): JsonObject => ({ alias, description, links: [], name, namespace, updated });

/** What this region can do beyond the core API (guide section 1.10 and chapter 3). */
export const EXTENSIONS: readonly JsonObject[] = [
  extension(
    'OS-DCF',
    'DiskConfig',
    'http://docs.openstack.org/compute/ext/disk_config/api/v1.1',
    '2011-09-27T00:00:00+00:00',
    'How the disk of a server is partitioned',
  ),
  extension(
    'OS-EXT-STS',
    'ExtendedStatus',
    'http://docs.openstack.org/compute/ext/extended_status/api/v1.1',
    '2011-11-03T00:00:00+00:00',
    'Virtual machine, task and power states of servers',
  ),
  extension(
    'OS-FLV-DISABLED',
    'FlavorDisabled',
    'http://docs.openstack.org/compute/ext/flavor_disabled/api/v1.1',
    '2012-08-29T00:00:00+00:00',
    'Whether a flavor can be used for new servers',
  ),
  extension(
    'os-networksv2',
    'Networks',
    'http://docs.openstack.org/ext/services/api/v1.1',
    '2012-03-07T09:46:43-05:00',
    'Networks that servers can be attached to',
  ),
  extension(
    'os-rescue',
    'Rescue',
    'http://docs.openstack.org/compute/ext/rescue/api/v1.1',
    '2011-08-18T00:00:00+00:00',
    'Rescue mode of servers',
  ),
  extension(
    'os-used-limits',
    'Used Limits',
    'http://docs.openstack.org/compute/ext/used_limits/api/v1.1',
    '2012-07-13T00:00:00+00:00',
    'How much of the absolute limits is used',
  ),
  extension(
    'os-volumes',
    'Volumes',
    'http://docs.openstack.org/compute/ext/volumes/api/v1.1',
    '2011-03-25T00:00:00+00:00',
    'Attaching volumes to servers',
  ),
  extension(
    'rax-bandwidth',
    'ServerBandwidth',
    'http://docs.rackspace.com/servers/api/ext/server_bandwidth/',
    '2012-01-19T00:00:00+00:00',
    'Bandwidth that servers have used',
  ),
];

/** `GET /extensions` */
export const listExtensions: Handler = () => ({
  status: 200,
  body: { extensions: EXTENSIONS.map((item) => ({ ...item })) },
});

/** `GET /extensions/{alias}` */
export const getExtension: Handler = (call) => {
  const alias = param(call, 'alias');
  const found = EXTENSIONS.find((item) => item['alias'] === alias);
  if (found === undefined) throw new Fault('itemNotFound', `There is no extension ${alias}.`);
  return { status: 200, body: { extension: { ...found } } };
};
