import type { JsonObject } from '../../json.ts';
import { isJsonObject } from '../../json.ts';
import type { RegionAnswer } from '../region/call.ts';
import { regionToken } from '../region-token.ts';
import { novaError } from './errors.ts';
import { askRegion, linksOf, type NovaAnswer, type NovaHandler, type NovaVisit, parameter } from './visit.ts';

/** Nova's proxy of the image service, which is gone from 2.36 on. */

/** An image as the proxy shows it: its `alternate` leads to the image service itself. */
function imageDocument(visit: NovaVisit, guide: JsonObject): JsonObject {
  const id = String(guide['id']);
  const document: JsonObject = {
    id,
    name: guide['name']!,
    minRam: guide['minRam']!,
    minDisk: guide['minDisk']!,
    metadata: guide['metadata']!,
    created: guide['created']!,
    updated: guide['updated']!,
    status: guide['status']!,
    progress: guide['status'] === 'ACTIVE' ? 100 : guide['progress']!,
    links: imageLinks(visit, id),
    'OS-EXT-IMG-SIZE:size': sizeOf(visit, id),
  };
  const server = guide['server'];
  if (isJsonObject(server))
    document['server'] = { id: server['id']!, links: linksOf(visit, 'servers', String(server['id'])) };
  return document;
}

const imageLinks = (visit: NovaVisit, id: string): JsonObject[] => [
  ...linksOf(visit, 'images', id),
  { rel: 'alternate', type: 'application/vnd.openstack.image', href: `${visit.imageRoot}/images/${id}` },
];

function sizeOf({ context, projectId }: NovaVisit, id: string): number {
  const size = context.region.record('image', projectId, id)?.extras?.['size'];
  return typeof size === 'number' ? size : 0;
}

/** Lists keep the page the region makes; its links are Nova's already. */
function list(visit: NovaVisit, path: string, render: (image: JsonObject) => JsonObject): NovaAnswer {
  const query = new URLSearchParams(visit.incoming.query);
  const limit = Number(query.get('limit'));
  const marker = query.get('marker');
  if (marker && visit.context.region.record('image', visit.projectId, marker) === undefined)
    throw novaError(400, `marker [${marker}] not found`);
  if (limit > visit.context.settings.maxPageSize) query.delete('limit');
  const answered = askRegion(visit, { path, query }).body as JsonObject;
  const images = (answered['images'] as JsonObject[]).map(render);
  const links = answered['images_links'];
  return { status: 200, document: { images, ...(links === undefined ? {} : { images_links: links }) } };
}

/** Glance is asked with the caller's own token: where it does not know it, Nova says that nobody may see images. */
const asked =
  (handler: NovaHandler): NovaHandler =>
  (visit) => {
    const known = regionToken(visit.context, visit.incoming, 'image');
    if (known === 401 || known === 503) throw novaError(403, 'Not authorized for images.');
    return handler(visit);
  };

export const listImages = asked((visit) =>
  list(visit, '/images', ({ id, name }) => ({ id: id!, name: name!, links: imageLinks(visit, String(id)) })),
);

export const listImagesDetail = asked((visit) =>
  list(visit, '/images/detail', (image) => imageDocument(visit, image)),
);

export const showImage = asked((visit) => {
  const { body } = askRegion(visit, { path: `/images/${parameter(visit, 'id')}` });
  return {
    status: 200,
    document: { image: imageDocument(visit, (body as JsonObject)['image'] as JsonObject) },
  };
});

/** Deleting an image, and all of metadata, servers' too, are the guide's own. */
export const asTheGuide: NovaHandler = (visit) => {
  const { method } = visit.incoming;
  const body = method === 'GET' || method === 'HEAD' || method === 'DELETE' ? undefined : visit.readBody();
  const { status, body: document, headers }: RegionAnswer = askRegion(visit, { body });
  return { status, ...(document === undefined ? {} : { document }), ...(headers ? { headers } : {}) };
};
