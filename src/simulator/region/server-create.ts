import { Fault } from '../../faults/faults.ts';
import type { JsonObject } from '../../json.ts';
import {
  badRequest,
  readAccessAddress,
  readDiskConfig,
  readDocument,
  readName,
  readOptionalText,
  readWholeNumber,
} from './body.ts';
import { type Blueprint, buildServer } from './build.ts';
import type { Call, Handler } from './call.ts';
import { checkPasswordLater } from './course.ts';
import { checkMetadataCount, readMetadata } from './metadata-rules.ts';
import { readNetworks } from './networks.ts';
import { checkPersonality } from './personality.ts';
import { checkRoom, limitsOf, roomFor } from './quotas.ts';
import { newPassword } from './random.ts';
import { checkImageFits, findFlavor, findImage, readReference } from './references.ts';
import { renderCreated, selfLink } from './rendering.ts';
import { tenantOf } from './state.ts';

/**
 * `POST /servers` (guide section 2.1.2). Tolerates what real clients send: `minCount`/`maxCount` beside
 * `min_count`/`max_count`, null or empty lists, unknown members.
 */
export const createServer: Handler = (call) => {
  const document = readDocument(call.request.body, 'server');
  const blueprint = readBlueprint(call, document);
  const adminPass = readOptionalText(document, 'adminPass') || newPassword(call.state.random);
  const count = decideCount(call, document, blueprint);
  checkCapacity(call);
  const servers = Array.from({ length: count }, (_, index) =>
    buildServer(call.state, call.settings, named(blueprint, count, index), call.now),
  );
  for (const server of servers) checkPasswordLater(server, adminPass, call.settings);
  const first = servers[0]!;
  const headers = { location: selfLink(call, 'servers', first.id) };
  if (isTrue(document['return_reservation_id']))
    return { status: 202, headers, body: { reservation_id: `r-${first.id.slice(0, 8)}` } };
  return { status: 202, headers, body: { server: renderCreated(call, first, adminPass) } };
};

function readBlueprint(call: Call, document: JsonObject): Blueprint {
  const { tenantId, userId } = call.request;
  const limits = limitsOf(call.settings, tenantId);
  const name = readName(document);
  const image = findImage(call, readReference(document, 'imageRef'));
  const flavor = findFlavor(call, readReference(document, 'flavorRef'));
  if (flavor.disabled) throw badRequest(`The flavor ${flavor.id} is disabled; take another one.`);
  checkImageFits(image, flavor);
  const metadata = readMetadata(document['metadata']);
  checkMetadataCount(limits, 'maxServerMeta', metadata);
  checkPersonality(limits, document['personality']);
  return {
    tenantId,
    userId,
    name,
    image,
    flavor,
    networks: readNetworks(call, document['networks']),
    metadata,
    diskConfig: readDiskConfig(document) ?? image.diskConfig,
    accessIPv4: readAccessAddress(document, 'accessIPv4') ?? '',
    accessIPv6: readAccessAddress(document, 'accessIPv6') ?? '',
    keyName: readOptionalText(document, 'key_name') ?? null,
    configDrive: isTrue(document['config_drive']) ? 'True' : '',
  };
}

/** How many servers: up to `max_count`, as many as the quota has room for, but not fewer than `min_count`. */
function decideCount(call: Call, document: JsonObject, { flavor }: Blueprint): number {
  const least = readCount(document, 'min') ?? 1;
  const most = readCount(document, 'max') ?? least;
  if (most < least) throw badRequest(`min_count (${least}) is greater than max_count (${most}).`);
  const tenant = tenantOf(call.state, call.request.tenantId);
  const limits = limitsOf(call.settings, call.request.tenantId);
  const count = roomFor(limits, tenant, flavor, most);
  if (count < least) checkRoom(limits, tenant, flavor, least);
  return count;
}

function readCount(document: JsonObject, end: 'min' | 'max'): number | undefined {
  return readWholeNumber(document, `${end}_count`, 1) ?? readWholeNumber(document, `${end}Count`, 1);
}

const named = (blueprint: Blueprint, count: number, index: number): Blueprint =>
  count === 1 ? blueprint : { ...blueprint, name: `${blueprint.name}-${index + 1}` };

const isTrue = (value: unknown): boolean => value === true || value === 'true' || value === 'True';

/** Throws serverCapacityUnavailable while the region is full (the scarcity switch). */
export function checkCapacity(call: Call): void {
  if (call.settings.scarcity)
    throw new Fault(
      'serverCapacityUnavailable',
      `${call.settings.name} has no room for the server at the moment; try again later or in another region.`,
    );
}
