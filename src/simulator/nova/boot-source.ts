import type { JsonObject, JsonValue } from '../../json.ts';
import { isJsonObject } from '../../json.ts';
import { novaError } from './errors.ts';
import { type NovaVisit, UUID } from './visit.ts';

/** What a new server is made of. */
export interface BootSource {
  /** The region builds of an image in any case; a volume's own is not known to it, so that any will do. */
  readonly imageId: string;
  /** It boots from a volume, and shows no image. */
  readonly isVolume: boolean;
}

/**
 * The image that `imageRef` names by its UUID; where it is "" or left out, what the block devices say.
 *
 * @throws NovaError badRequest for what is no UUID, and when nothing to boot from is named
 */
export function bootSource(visit: NovaVisit, document: JsonObject): BootSource {
  const { imageRef = '' } = document;
  if (imageRef === '') return { imageId: volumeImage(visit, document), isVolume: true };
  if (typeof imageRef !== 'string' || !UUID.test(imageRef))
    throw novaError(
      400,
      `Invalid input for field/attribute imageRef. Value: ${String(imageRef)}. '${String(imageRef)}' is not a 'uuid'`,
    );
  return { imageId: imageRef, isVolume: false };
}

/** The image that the volume is to be made of, or any for a volume that is there already. */
function volumeImage({ context, projectId }: NovaVisit, document: JsonObject): string {
  const first = firstDevice(document);
  if (first?.['source_type'] === 'image') return String(first['uuid']);
  const any = first && context.region.images(projectId).find(({ status }) => status === 'ACTIVE');
  if (any === undefined) throw novaError(400, 'Missing imageRef attribute');
  return any.id;
}

/** The device to boot from: of index 0, or the first of the older form, which has volumes only. */
function firstDevice(document: JsonObject): JsonObject | undefined {
  const devices = objects(document['block_device_mapping_v2']);
  const [legacy] = objects(document['block_device_mapping']);
  return devices.find((device) => String(device['boot_index']) === '0') ?? legacy;
}

const objects = (value: JsonValue | undefined): JsonObject[] =>
  Array.isArray(value) ? value.filter(isJsonObject) : [];
