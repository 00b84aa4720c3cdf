import { Fault } from '../../faults/faults.ts';
import { type Call, type Handler, param } from './call.ts';
import { mergeNewestFirst } from './collection.ts';
import { advanceImage, endSnapshot } from './course.ts';
import { imageFilter } from './filters.ts';
import { requireBackend } from './outage.ts';
import { badMarker, type Page, pageDocument, readLimit, readMarker, takePage } from './pagination.ts';
import { findImage } from './references.ts';
import { renderBrief, renderImage } from './rendering.ts';
import { type ImageRecord, tenantOf } from './state.ts';

/** `GET /images`: base images and the tenant's own, newest first (guide section 2.6.1) */
export const listImages: Handler = (call) => ({
  status: 200,
  body: pageDocument(call, 'images', pageOf(call), (image) => renderBrief(call, 'images', image)),
});

/** `GET /images/detail` */
export const listImagesDetail: Handler = (call) => ({
  status: 200,
  body: pageDocument(call, 'images', pageOf(call), (image) => renderImage(call, image)),
});

/** `GET /images/{id}` (guide section 2.6.2) */
export const getImage: Handler = (call) => ({
  status: 200,
  body: { image: renderImage(call, findImage(call, param(call, 'image_id'))) },
});

/** `DELETE /images/{id}` (guide section 2.6.3); base images are not the tenant's to delete. */
export const deleteImage: Handler = (call) => {
  const image = findOwnImage(call, 'deleted');
  const tenant = tenantOf(call.state, call.request.tenantId);
  const server = image.serverId === null ? undefined : tenant.servers.get(image.serverId);
  if (image.saving !== null && server !== undefined) endSnapshot(server, call.now);
  Object.assign(image, { status: 'DELETED', saving: null, updated: call.now });
  return { status: 204 };
};

/** The tenant's own image that the path names; throws forbidden for a base image. */
export function findOwnImage(call: Call, verb: string): ImageRecord {
  const image = findImage(call, param(call, 'image_id'));
  if (image.tenantId === null)
    throw new Fault('forbidden', `${image.name} is a base image; only images of your own can be ${verb}.`);
  return image;
}

function pageOf(call: Call): Page<ImageRecord> {
  requireBackend('image', call.settings);
  const { images } = tenantOf(call.state, call.request.tenantId);
  const { baseImages } = call.state;
  const id = readMarker(call);
  const marker = id === null ? undefined : (images.get(id) ?? baseImages.get(id));
  if (id !== null && marker === undefined) throw badMarker(id);
  const merged = mergeNewestFirst(images.newestFirst(marker), baseImages.newestFirst(marker));
  const isWanted = imageFilter(call.request.query);
  return takePage(merged, readLimit(call), (image) => {
    advanceImage(image, call.now);
    return isWanted(image);
  });
}
