import type { Operation, Service } from './operation.ts';
import { row } from './row.ts';

/**
 * What of the APIs beside the guide has a row of its own: what the stock clients ask for again and again, and the writes
 * that change it. All else of these services goes through as it is, under the name `other`.
 *
 * Names are `{service}.{operation}`, so that a grant may mean all of a service (`image.*`).
 */

/** What is known of a service as a whole. */
export interface ServiceRow {
  readonly service: Service;
  /** First path segments below its root that name a version with the paths of its rows; what has another goes through. */
  readonly versions: RegExp;
  /** Another path of its list of versions than its root. */
  readonly versionsPath?: string;
  /** It reads request bodies that come without a length (`Transfer-Encoding: chunked`). */
  readonly readsChunked: boolean;
}

/** The services beside Compute that have rows. */
export const SERVICE_ROWS: readonly ServiceRow[] = [
  // Glance answers to every minor version of 2 that it knows; v1 has other documents under the same paths.
  { service: 'image', versions: /^v2(?:\.\d+)?$/, versionsPath: '/versions', readsChunked: true },
  { service: 'network', versions: /^v2\.0$/, readsChunked: false },
  { service: 'block-storage', versions: /^v[123](?:\.\d+)?$/, readsChunked: false },
];

type Fields = Partial<Operation> & Pick<Operation, 'method' | 'path' | 'resource'>;

/** A row of another service: it is streamed unless a class caches it, and its documents are its own. */
const of = (service: Service, section: string) => (name: string, fields: Fields) =>
  row({ service, scope: 'service', section, ...fields, name: `${service}.${name}` });

/** The version documents of a service: its list, and one version's details. */
const versionsOf = (service: Service, section: string): Operation[] =>
  (['listVersions', 'getVersion'] as const).map((name) =>
    of(service, section)(name, {
      method: 'GET',
      path: name === 'listVersions' ? '/' : '/{version}',
      resource: 'versions',
      cache: 'versions',
      limitClass: 'free',
    }),
  );

const image = of('image', 'Image API v2');
const network = of('network', 'Networking API v2.0');

const IMAGE = '/images/{image_id}';
const IMAGE_WRITE = { resource: 'glanceImages', invalidates: ['imageLists', 'image'] } as const;

const IMAGES: Operation[] = [
  ...versionsOf('image', 'Image API v2'),
  image('listImages', { method: 'GET', path: '/images', resource: 'glanceImages', cache: 'glanceImages' }),
  image('getImage', {
    method: 'GET',
    path: IMAGE,
    resource: 'glanceImages',
    cache: 'glanceImages',
    hedge: true,
  }),
  image('createImage', { method: 'POST', path: '/images', ...IMAGE_WRITE, invalidates: ['imageLists'] }),
  image('updateImage', { method: 'PATCH', path: IMAGE, ...IMAGE_WRITE }),
  image('deleteImage', { method: 'DELETE', path: IMAGE, ...IMAGE_WRITE }),
  image('uploadImage', { method: 'PUT', path: `${IMAGE}/file`, ...IMAGE_WRITE }),
  image('downloadImage', { method: 'GET', path: `${IMAGE}/file`, resource: 'glanceImages' }),
  image('stageImage', { method: 'PUT', path: `${IMAGE}/stage`, ...IMAGE_WRITE }),
  image('importImage', { method: 'POST', path: `${IMAGE}/import`, ...IMAGE_WRITE }),
  image('deactivateImage', { method: 'POST', path: `${IMAGE}/actions/deactivate`, ...IMAGE_WRITE }),
  image('reactivateImage', { method: 'POST', path: `${IMAGE}/actions/reactivate`, ...IMAGE_WRITE }),
  image('addImageTag', { method: 'PUT', path: `${IMAGE}/tags/{tag}`, ...IMAGE_WRITE }),
  image('deleteImageTag', { method: 'DELETE', path: `${IMAGE}/tags/{tag}`, ...IMAGE_WRITE }),
  image('getSchema', {
    method: 'GET',
    path: '/schemas/{schema}',
    resource: 'imageSchemas',
    cache: 'imageSchemas',
    hedge: true,
  }),
];

const NETWORK_WRITE = { resource: 'networks', invalidates: ['networks'] } as const;
// A network names its subnets.
const SUBNET_WRITE = { resource: 'subnets', invalidates: ['subnets', 'networks'] } as const;
// A group holds its rules.
const GROUP_WRITE = { resource: 'securityGroups', invalidates: ['securityGroups'] } as const;

/** List, item, create, update and delete of one of Networking's collections. */
function crud(
  title: string,
  [collection, id]: readonly [collection: string, id: string],
  read: Pick<Operation, 'resource'> & Partial<Operation>,
  write: Pick<Operation, 'resource'> & Partial<Operation>,
): Operation[] {
  const path = `/${collection}/{${id}}`;
  return [
    network(`list${title}s`, { method: 'GET', path: `/${collection}`, ...read }),
    network(`get${title}`, { method: 'GET', path, ...read }),
    network(`create${title}`, { method: 'POST', path: `/${collection}`, ...write }),
    network(`update${title}`, { method: 'PUT', path, ...write }),
    network(`delete${title}`, { method: 'DELETE', path, ...write }),
  ];
}

const NETWORKS: Operation[] = [
  ...versionsOf('network', 'Networking API v2.0'),
  ...crud('Network', ['networks', 'network_id'], cached('networks'), NETWORK_WRITE),
  ...crud('Subnet', ['subnets', 'subnet_id'], cached('subnets'), SUBNET_WRITE),
  ...crud('SecurityGroup', ['security-groups', 'security_group_id'], cached('securityGroups'), GROUP_WRITE),
  ...crud(
    'SecurityGroupRule',
    ['security-group-rules', 'security_group_rule_id'],
    { resource: 'securityGroups' },
    GROUP_WRITE,
  ),
  // Ports come and go with every server, and nothing that is cached shows them.
  ...crud('Port', ['ports', 'port_id'], { resource: 'ports' }, { resource: 'ports' }),
];

function cached<T extends 'networks' | 'subnets' | 'securityGroups'>(name: T) {
  return { resource: name, cache: name, hedge: true } as const;
}

/** What Compute has beside the guide. */
const BESIDE_THE_GUIDE: Operation[] = [
  ['listAvailabilityZones', '/os-availability-zone', 'availabilityZones'] as const,
  ['listFlavorExtraSpecs', '/flavors/{flavor_id}/os-extra_specs', 'extraSpecs'] as const,
  ['getFlavorExtraSpec', '/flavors/{flavor_id}/os-extra_specs/{key}', 'extraSpecs'] as const,
].map(([name, path, cache]) =>
  row({ name, method: 'GET', path, resource: cache, cache, hedge: true, section: 'Compute API 2.1' }),
);

/** The rows beside the guide's. */
export const SERVICE_OPERATIONS: readonly Operation[] = [
  ...BESIDE_THE_GUIDE,
  ...IMAGES,
  ...NETWORKS,
  ...versionsOf('block-storage', 'Block Storage API v3'),
];

/** What is known of a service; undefined for one that has no rows. */
export function serviceRowOf(service: Service | undefined): ServiceRow | undefined {
  return SERVICE_ROWS.find((known) => known.service === service);
}
