import type { Awaited, Operation } from './operation.ts';

type Row = Pick<Operation, 'name' | 'method' | 'path' | 'resource' | 'section'> & Partial<Operation>;

/** A row of the operations table, with what most operations have in common where it says nothing else. */
export const row = (fields: Row): Operation => ({
  service: 'compute',
  scope: 'tenant',
  cache: null,
  invalidates: [],
  limitClass: 'rated',
  request: null,
  response: null,
  success: 200,
  ...fields,
});

/** Whose state is waited for, by where its id stands. */
export const serverBy = (id: Awaited['id']): Awaited => {
  return { id, member: 'server', item: 'getServer', list: 'listServersDetail', items: 'servers' };
};
export const imageBy = (id: Awaited['id']): Awaited => {
  return { id, member: 'image', item: 'getImage', list: 'listImagesDetail', items: 'images', isGone: true };
};

/** A row of a server action: it is recognised by the one key of its body, which is its name. */
export const action = (name: string, section: string, fields: Partial<Operation> = {}): Operation =>
  row({
    name,
    method: 'POST',
    path: '/servers/{server_id}/action',
    action: name,
    resource: 'servers',
    request: name as Operation['request'] & string,
    success: 202,
    awaits: serverBy({ parameter: 'server_id' }),
    section,
    ...fields,
  });

/** The six rows of the metadata of servers or of images (guide section 2.7). */
export const metadata = (owner: 'server' | 'image'): Operation[] => {
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
      hedge: true,
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
      hedge: true,
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
