import { Fault } from '../../faults/faults.ts';
import type { JsonObject } from '../../json.ts';
import { badRequest, readDocument, readOptionalText, readText } from './body.ts';
import { type Call, type Handler, param } from './call.ts';
import { requireBackend } from './outage.ts';
import { findServer } from './references.ts';
import { requireTransition } from './server-update.ts';
import { type Attachment, type RegionState, type ServerRecord, tenantOf } from './state.ts';

const DEVICE = /^\/dev\/(?:xvd|vd|sd|hd)[a-z]+$/;
/** `/dev/xvda` is the server's own disk. */
const DEVICES = [...'bcdefghijklmnopqrstuvwxyz'].map((letter) => `/dev/xvd${letter}`);

/** `POST /servers/{id}/os-volume_attachments` (guide section 2.4.1) */
export const attachVolume: Handler = (call) => {
  const server = findServer(call, param(call, 'server_id'));
  const document = readDocument(call.request.body, 'volumeAttachment');
  const volumeId = readText(document, 'volumeId');
  const wanted = readDevice(document);
  requireTransition(server, 'attachVolume');
  checkVolume(call, volumeId);
  const attachment = { volumeId, device: wanted ?? firstFreeDevice(server) };
  if (server.attachments.some(({ device }) => device === attachment.device))
    throw new Fault(
      'conflictingRequest',
      `The device ${attachment.device} is in use on the server; name another one or "auto".`,
    );
  server.attachments.push(attachment);
  call.state.attachedTo.set(volumeId, server.id);
  return {
    status: call.settings.attachVolumeStatus,
    body: { volumeAttachment: render(server, attachment) },
  };
};

/** `GET /servers/{id}/os-volume_attachments` */
export const listVolumeAttachments: Handler = (call) => {
  const server = findServer(call, param(call, 'server_id'));
  return { status: 200, body: { volumeAttachments: server.attachments.map((item) => render(server, item)) } };
};

/** `GET /servers/{id}/os-volume_attachments/{id}` */
export const getVolumeAttachment: Handler = (call) => {
  const server = findServer(call, param(call, 'server_id'));
  return { status: 200, body: { volumeAttachment: render(server, findAttachment(call, server)) } };
};

/** `DELETE /servers/{id}/os-volume_attachments/{id}` */
export const detachVolume: Handler = (call) => {
  const server = findServer(call, param(call, 'server_id'));
  const attachment = findAttachment(call, server);
  requireTransition(server, 'detachVolume');
  server.attachments = server.attachments.filter((item) => item !== attachment);
  call.state.attachedTo.delete(attachment.volumeId);
  return { status: 202 };
};

/** undefined: assign one. Clients ask for that with null, "", "auto", or by leaving it out. */
function readDevice(document: JsonObject): string | undefined {
  const device = readOptionalText(document, 'device');
  if (device === undefined || device === '' || device === 'auto') return undefined;
  if (DEVICE.test(device)) return device;
  throw badRequest(`device is "${device}"; give a name such as /dev/xvdb, or "auto".`);
}

function firstFreeDevice(server: ServerRecord): string {
  const used = new Set(server.attachments.map(({ device }) => device));
  const device = DEVICES.find((name) => !used.has(name));
  if (device === undefined)
    throw new Fault('forbidden', `The server has ${used.size} volumes attached, which is all it can have.`);
  return device;
}

function checkVolume(call: Call, volumeId: string): void {
  requireBackend('volume', call.settings);
  const { volumes } = tenantOf(call.state, call.request.tenantId);
  if (volumes !== null && !volumes.has(volumeId))
    throw new Fault('itemNotFound', `There is no volume ${volumeId} in ${call.settings.name}.`);
  const holder = call.state.attachedTo.get(volumeId);
  if (holder !== undefined)
    throw new Fault('conflictingRequest', `The volume ${volumeId} is attached to a server; detach it first.`);
}

function findAttachment(call: Call, server: ServerRecord): Attachment {
  const id = param(call, 'attachment_id');
  const found = server.attachments.find(({ volumeId }) => volumeId === id);
  if (found === undefined)
    throw new Fault('itemNotFound', `The server ${server.id} has no volume attachment ${id}.`);
  return found;
}

/** The attachment's id is the volume's (guide Example 2.53). */
const render = (server: ServerRecord, { device, volumeId }: Attachment): JsonObject => ({
  device,
  serverId: server.id,
  id: volumeId,
  volumeId,
});

/** A volume as block storage sees it. */
export interface VolumeView {
  readonly id: string;
  /** Where it is attached; undefined: nowhere. */
  readonly attachment: { readonly serverId: string; readonly device: string } | undefined;
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The tenant's volumes: those of the seed, or else those that are attached. */
export function volumesOf(state: RegionState, tenantId: string): VolumeView[] {
  const { volumes, servers } = tenantOf(state, tenantId);
  const ids =
    volumes ?? servers.records().flatMap(({ attachments }) => attachments.map((item) => item.volumeId));
  return [...ids].map((id) => viewOf(state, tenantId, id));
}

/** One volume; undefined when the tenant has none of that id. Without a seed every UUID names one. */
export function findVolume(state: RegionState, tenantId: string, id: string): VolumeView | undefined {
  const { volumes, servers } = tenantOf(state, tenantId);
  const holder = state.attachedTo.get(id);
  const isOwn = holder !== undefined && servers.get(holder) !== undefined;
  const exists = isOwn || (volumes === null ? holder === undefined && UUID.test(id) : volumes.has(id));
  return exists ? viewOf(state, tenantId, id) : undefined;
}

function viewOf(state: RegionState, tenantId: string, id: string): VolumeView {
  const server = tenantOf(state, tenantId).servers.get(state.attachedTo.get(id) ?? '');
  const device = server?.attachments.find(({ volumeId }) => volumeId === id)?.device;
  return { id, attachment: server && device !== undefined ? { serverId: server.id, device } : undefined };
}
