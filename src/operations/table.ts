import type { Operation } from './operation.ts';

/**
 * The operations table: what Cloud Servers API v2 is, as data. Every operation of the guide has a row; actions are
 * operations of their own, recognised by the body's one key. Nothing else in the code names a path of the API:
 * routing, caching, limits, metrics, translation and the simulator read these rows.
 */

type Row = Pick<Operation, 'name' | 'method' | 'path' | 'resource' | 'section'> & Partial<Operation>;

const row = (fields: Row): Operation => ({
  scope: 'tenant',
  cache: null,
  invalidates: [],
  limitClass: 'rated',
  request: null,
  response: null,
  success: 200,
  ...fields,
});

const action = (name: string, section: string, fields: Partial<Operation> = {}): Operation =>
  row({
    name,
    method: 'POST',
    path: '/servers/{server_id}/action',
    action: name,
    resource: 'servers',
    request: name as Operation['request'] & string,
    success: 202,
    section,
    ...fields,
  });

const metadata = (owner: 'server' | 'image'): Operation[] => {
  const base = `/${owner}s/{${owner}_id}/metadata`;
  const resource = owner === 'server' ? 'serverMetadata' : 'imageMetadata';
  const title = owner === 'server' ? 'Server' : 'Image';
  const cache = owner === 'image' ? 'images' : null;
  const invalidates = owner === 'image' ? (['image', 'imageLists'] as const) : [];
  const item = `${base}/{key}`;
  return [
    row({
      name: `list${title}Metadata`,
      method: 'GET',
      path: base,
      resource,
      cache,
      response: 'metadata',
      section: '2.7.1',
    }),
    row({
      name: `set${title}Metadata`,
      method: 'PUT',
      path: base,
      resource,
      invalidates,
      request: 'metadata',
      response: 'metadata',
      section: '2.7.2',
    }),
    row({
      name: `update${title}Metadata`,
      method: 'POST',
      path: base,
      resource,
      invalidates,
      request: 'metadata',
      response: 'metadata',
      section: '2.7.3',
    }),
    row({
      name: `get${title}MetadataItem`,
      method: 'GET',
      path: item,
      resource,
      cache,
      response: 'meta',
      section: '2.7.4',
    }),
    row({
      name: `set${title}MetadataItem`,
      method: 'PUT',
      path: item,
      resource,
      invalidates,
      request: 'meta',
      response: 'meta',
      section: '2.7.5',
    }),
    row({
      name: `delete${title}MetadataItem`,
      method: 'DELETE',
      path: item,
      resource,
      invalidates,
      success: 204,
      section: '2.7.6',
    }),
  ];
};

export const OPERATIONS: readonly Operation[] = [
  row({
    name: 'listVersions',
    method: 'GET',
    scope: 'root',
    path: '/',
    resource: 'versions',
    cache: 'versions',
    limitClass: 'free',
    response: 'versions',
    section: '1.9.1',
  }),
  row({
    name: 'getVersion',
    method: 'GET',
    scope: 'version',
    path: '/',
    resource: 'versions',
    cache: 'versions',
    limitClass: 'free',
    response: 'version',
    section: '1.9.2',
  }),
  row({
    name: 'getLimits',
    method: 'GET',
    path: '/limits',
    resource: 'limits',
    limitClass: 'model',
    response: 'limits',
    section: '1.8.3',
  }),
  row({
    name: 'listExtensions',
    method: 'GET',
    path: '/extensions',
    resource: 'extensions',
    cache: 'extensions',
    response: 'extensions',
    section: '1.10.1',
  }),
  row({
    name: 'getExtension',
    method: 'GET',
    path: '/extensions/{alias}',
    resource: 'extensions',
    cache: 'extensions',
    response: 'extension',
    section: '1.10.2',
  }),

  row({
    name: 'listServers',
    method: 'GET',
    path: '/servers',
    resource: 'servers',
    response: 'servers',
    section: '2.1.1',
  }),
  row({
    name: 'listServersDetail',
    method: 'GET',
    path: '/servers/detail',
    resource: 'servers',
    response: 'serversDetail',
    section: '2.1.1',
  }),
  row({
    name: 'createServer',
    method: 'POST',
    path: '/servers',
    resource: 'servers',
    request: 'server',
    response: 'server',
    success: 202,
    location: '/servers/',
    section: '2.1.2',
  }),
  row({
    name: 'getServer',
    method: 'GET',
    path: '/servers/{server_id}',
    resource: 'servers',
    response: 'server',
    section: '2.1.3',
  }),
  row({
    name: 'updateServer',
    method: 'PUT',
    path: '/servers/{server_id}',
    resource: 'servers',
    request: 'server',
    response: 'server',
    section: '2.1.4',
  }),
  row({
    name: 'deleteServer',
    method: 'DELETE',
    path: '/servers/{server_id}',
    resource: 'servers',
    success: 204,
    section: '2.1.5',
  }),

  row({
    name: 'listAddresses',
    method: 'GET',
    path: '/servers/{server_id}/ips',
    resource: 'addresses',
    response: 'addresses',
    section: '2.2.1',
  }),
  row({
    name: 'listNetworkAddresses',
    method: 'GET',
    path: '/servers/{server_id}/ips/{network_id}',
    resource: 'addresses',
    response: 'network',
    section: '2.2.2',
  }),

  action('changePassword', '2.3.1'),
  action('reboot', '2.3.2'),
  action('rebuild', '2.3.3', { response: 'server', location: '/servers/' }),
  action('resize', '2.3.4'),
  action('confirmResize', '2.3.5', { success: 204 }),
  action('revertResize', '2.3.6'),
  action('rescue', '2.3.7', { response: 'adminPass', success: 200 }),
  action('unrescue', '2.3.8'),
  action('createImage', '2.3.9', { invalidates: ['imageLists'], location: '/images/' }),
  action('extensionAction', '1.10.3', { action: '*' }),

  row({
    name: 'attachVolume',
    method: 'POST',
    path: '/servers/{server_id}/os-volume_attachments',
    resource: 'volumeAttachments',
    request: 'volumeAttachment',
    response: 'volumeAttachment',
    section: '2.4.1',
  }),
  row({
    name: 'listVolumeAttachments',
    method: 'GET',
    path: '/servers/{server_id}/os-volume_attachments',
    resource: 'volumeAttachments',
    response: 'volumeAttachments',
    section: '2.4.2',
  }),
  row({
    name: 'getVolumeAttachment',
    method: 'GET',
    path: '/servers/{server_id}/os-volume_attachments/{attachment_id}',
    resource: 'volumeAttachments',
    response: 'volumeAttachment',
    section: '2.4.3',
  }),
  row({
    name: 'detachVolume',
    method: 'DELETE',
    path: '/servers/{server_id}/os-volume_attachments/{attachment_id}',
    resource: 'volumeAttachments',
    success: 202,
    section: '2.4.4',
  }),

  row({
    name: 'listFlavors',
    method: 'GET',
    path: '/flavors',
    resource: 'flavors',
    cache: 'flavors',
    response: 'flavors',
    section: '2.5.1',
  }),
  row({
    name: 'listFlavorsDetail',
    method: 'GET',
    path: '/flavors/detail',
    resource: 'flavors',
    cache: 'flavors',
    response: 'flavorsDetail',
    section: '2.5.1',
  }),
  row({
    name: 'getFlavor',
    method: 'GET',
    path: '/flavors/{flavor_id}',
    resource: 'flavors',
    cache: 'flavors',
    response: 'flavor',
    section: '2.5.2',
  }),

  row({
    name: 'listImages',
    method: 'GET',
    path: '/images',
    resource: 'images',
    cache: 'images',
    response: 'images',
    section: '2.6.1',
  }),
  row({
    name: 'listImagesDetail',
    method: 'GET',
    path: '/images/detail',
    resource: 'images',
    cache: 'images',
    response: 'imagesDetail',
    section: '2.6.1',
  }),
  row({
    name: 'getImage',
    method: 'GET',
    path: '/images/{image_id}',
    resource: 'images',
    cache: 'images',
    response: 'image',
    section: '2.6.2',
  }),
  row({
    name: 'deleteImage',
    method: 'DELETE',
    path: '/images/{image_id}',
    resource: 'images',
    success: 204,
    invalidates: ['image', 'imageLists'],
    section: '2.6.3',
  }),

  ...metadata('server'),
  ...metadata('image'),
];
