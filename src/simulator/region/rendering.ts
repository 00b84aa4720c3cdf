import { type JsonObject, RawNumber } from '../../json.ts';
import { bandwidthOf } from './bandwidth.ts';
import type { Call } from './call.ts';
import { imageProgress, serverProgress } from './course.ts';
import { formatDate } from './dates.ts';
import type { EmbeddedFault, Flavor, ImageRecord, ServerRecord } from './state.ts';
import { STATUS_FACTS } from './transitions.ts';

type Collections = 'servers' | 'images' | 'flavors';

/** Where a resource stands, with the version (guide section 1.5). */
export function selfLink(call: Call, collection: Collections, id: string): string {
  return `${call.request.selfBase}/${collection}/${id}`;
}

function bookmark(call: Call, collection: Collections, id: string): JsonObject {
  return { rel: 'bookmark', href: `${call.request.bookmarkBase}/${collection}/${id}` };
}

function links(call: Call, collection: Collections, id: string): JsonObject[] {
  return [{ rel: 'self', href: selfLink(call, collection, id) }, bookmark(call, collection, id)];
}

/** A reference to another resource, as it stands inside a server. */
function reference(call: Call, collection: Collections, id: string): JsonObject {
  return { id, links: [bookmark(call, collection, id)] };
}

function faultOf(fault: EmbeddedFault): JsonObject {
  const { code, created, message, details } = fault;
  return { code, created: formatDate(created), message, ...(details === undefined ? {} : { details }) };
}

/** Id, name and links: an item of the plain lists. */
export function renderBrief(
  call: Call,
  collection: Collections,
  record: { readonly id: string; readonly name: string },
): JsonObject {
  return { id: record.id, name: record.name, links: links(call, collection, record.id) };
}

/** What a create answers: the id, its links, the password (guide section 2.1.2). */
export function renderCreated(call: Call, server: ServerRecord, adminPass: string): JsonObject {
  return {
    'OS-DCF:diskConfig': server.diskConfig,
    adminPass,
    id: server.id,
    links: links(call, 'servers', server.id),
  };
}

/** A server that has been brought to now, in full (guide section 2.1.3). */
export function renderServer(call: Call, server: ServerRecord): JsonObject {
  const facts = STATUS_FACTS[server.status];
  const document: JsonObject = {
    'OS-DCF:diskConfig': server.diskConfig,
    'OS-EXT-STS:power_state': facts.powerState,
    'OS-EXT-STS:task_state': server.task,
    'OS-EXT-STS:vm_state': facts.vmState,
    accessIPv4: server.accessIPv4,
    accessIPv6: server.accessIPv6,
    addresses: renderAddresses(server),
    config_drive: server.configDrive,
    created: formatDate(server.created),
    flavor: reference(call, 'flavors', server.flavorId),
    hostId: server.hostId,
    id: server.id,
    image: reference(call, 'images', server.imageId),
    key_name: server.keyName,
    links: links(call, 'servers', server.id),
    metadata: { ...server.metadata },
    name: server.name,
    progress: serverProgress(server, call.now),
    'rax-bandwidth:bandwidth': bandwidthOf(server, call.now),
    status: server.status,
    tenant_id: server.tenantId,
    updated: formatDate(server.updated),
    user_id: server.userId,
  };
  if (server.fault !== null && server.status === 'ERROR') document['fault'] = faultOf(server.fault);
  return document;
}

/** `{"public": [{"version", "addr"}], …}` (guide Example 2.24). */
export function renderAddresses(server: ServerRecord): JsonObject {
  const document: JsonObject = {};
  for (const [label, addresses] of Object.entries(server.addresses))
    document[label] = addresses.map(({ version, addr }) => ({ version, addr }));
  return document;
}

/** An image that has been brought to now, in full (guide section 2.6.2). */
export function renderImage(call: Call, image: ImageRecord): JsonObject {
  const mark = bookmark(call, 'images', image.id);
  const document: JsonObject = {
    'OS-DCF:diskConfig': image.diskConfig,
    created: formatDate(image.created),
    id: image.id,
    links: [
      { rel: 'self', href: selfLink(call, 'images', image.id) },
      mark,
      { ...mark, rel: 'alternate', type: 'application/vnd.openstack.image' },
    ],
    metadata: { ...image.metadata },
    minDisk: image.minDisk,
    minRam: image.minRam,
    name: image.name,
    progress: imageProgress(image, call.now),
    status: image.status,
    updated: formatDate(image.updated),
  };
  if (image.serverId !== null)
    document['server'] = { id: image.serverId, links: links(call, 'servers', image.serverId) };
  if (image.fault !== null) document['fault'] = faultOf(image.fault);
  return document;
}

/** A flavor in full (guide section 2.5.2). */
export function renderFlavor(call: Call, flavor: Flavor): JsonObject {
  return {
    'OS-FLV-DISABLED:disabled': flavor.disabled,
    disk: flavor.disk,
    id: flavor.id,
    links: links(call, 'flavors', flavor.id),
    name: flavor.name,
    ram: flavor.ram,
    rxtx_factor: new RawNumber(flavor.rxtxFactor.toFixed(1)),
    swap: flavor.swap,
    vcpus: flavor.vcpus,
  };
}
