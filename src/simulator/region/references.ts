import { Fault } from '../../faults/faults.ts';
import type { JsonObject } from '../../json.ts';
import { badRequest } from './body.ts';
import type { Call } from './call.ts';
import { advanceImage, advanceServer } from './course.ts';
import { requireBackend } from './outage.ts';
import { type Flavor, type ImageRecord, type ServerRecord, tenantOf } from './state.ts';

/** The id in a reference: an id as it is, or the last segment of a full link (guide section 1.5). */
export function idOfReference(reference: string): string {
  if (!reference.includes('/')) return reference;
  const path = reference.split(/[?#]/, 1)[0]!.replace(/(?<!\/)\/+$/, '');
  return path.slice(path.lastIndexOf('/') + 1);
}

/** The id under `imageRef` or `flavorRef`. Numbers are taken too: clients write `"flavorRef": 2`. */
export function readReference(document: JsonObject, key: 'imageRef' | 'flavorRef'): string {
  const value = document[key];
  const text = typeof value === 'number' ? String(value) : value;
  if (typeof text !== 'string' || text.trim() === '')
    throw badRequest(`${key} is missing; give an id or a full link.`);
  return idOfReference(text.trim());
}

/** The tenant's live server, brought to now; throws itemNotFound. */
export function findServer(call: Call, id: string): ServerRecord {
  const server = tenantOf(call.state, call.request.tenantId).servers.get(id);
  if (server === undefined || server.status === 'DELETED')
    throw new Fault('itemNotFound', `There is no server ${id} in ${call.settings.name}.`);
  advanceServer(server, call.now, call.settings);
  return server;
}

/** The base image or the tenant's own, brought to now; throws itemNotFound, or Outage. */
export function findImage(call: Call, id: string): ImageRecord {
  requireBackend('image', call.settings);
  const own = tenantOf(call.state, call.request.tenantId).images.get(id);
  const image = own ?? call.state.baseImages.get(id);
  if (image === undefined || image.status === 'DELETED')
    throw new Fault('itemNotFound', `There is no image ${id} in ${call.settings.name}.`);
  advanceImage(image, call.now);
  return image;
}

/** The flavor; throws itemNotFound. */
export function findFlavor(call: Call, id: string): Flavor {
  const flavor = call.state.flavors.get(id);
  if (flavor === undefined)
    throw new Fault('itemNotFound', `There is no flavor ${id} in ${call.settings.name}.`);
  return flavor;
}

/** An image a server can be built from: ACTIVE and small enough for the flavor. Throws badRequest. */
export function checkImageFits(image: ImageRecord, flavor: Flavor): void {
  if (image.status !== 'ACTIVE')
    throw badRequest(`The image ${image.id} has the status ${image.status}; only an ACTIVE one can be used.`);
  if (flavor.ram < image.minRam)
    throw badRequest(
      `The image needs ${image.minRam} MB of RAM, the flavor ${flavor.id} has ${flavor.ram}; take a larger one.`,
    );
  if (flavor.disk < image.minDisk)
    throw badRequest(
      `The image needs ${image.minDisk} GB of disk, the flavor ${flavor.id} has ${flavor.disk}; take a larger one.`,
    );
}
