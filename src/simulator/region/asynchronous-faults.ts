import { Fault } from '../../faults/faults.ts';
import {
  advanceImage,
  advanceServer,
  endSnapshot,
  imageProgress,
  serverProgress,
  setDeadline,
} from './course.ts';
import { recharge } from './quotas.ts';
import type { RegionSettings } from './settings.ts';
import {
  embeddedFault,
  type FaultExtras,
  type ImageRecord,
  type RegionState,
  type ServerRecord,
  type TenantState,
} from './state.ts';
import { type ServerStatus, STATUS_FACTS } from './transitions.ts';

/**
 * A fault befalls a server (guide section 1.11.2): it goes where its transition leads on error, ERROR with the fault
 * inside for all but a resize, which leaves the server ACTIVE with its old flavor (section 2.3.4).
 */
export function failServer(
  state: RegionState,
  settings: RegionSettings,
  id: string,
  message: string,
  now: number,
  extras?: FaultExtras,
): void {
  const server = findAnywhere(state, id, (tenant) => tenant.servers.get(id));
  advanceServer(server, now, settings);
  const isResize = server.course?.verb === 'resize';
  const onError = server.course?.onError ?? 'ERROR';
  if (isResize) recharge(state, server, state.flavors.get(server.flavorId));
  Object.assign(server, {
    progress: onError === 'ERROR' ? serverProgress(server, now) : 100,
    status: onError,
    task: null,
    course: null,
    deadline: null,
    previousFlavorId: null,
    fault: onError === 'ERROR' ? embeddedFault(message, now, extras) : null,
    updated: now,
  });
}

/**
 * A server changes its status without anybody asking the API: it is shut down from inside (the note in section 2.3),
 * suspended, migrated, lost. What was under way is over.
 */
export function setServerStatus(
  state: RegionState,
  settings: RegionSettings,
  id: string,
  status: Exclude<ServerStatus, 'DELETED'>,
  now: number,
): void {
  const server = findAnywhere(state, id, (tenant) => tenant.servers.get(id));
  advanceServer(server, now, settings);
  recharge(state, server, state.flavors.get(server.flavorId));
  Object.assign(server, {
    status,
    task: STATUS_FACTS[status].task,
    course: null,
    deadline: null,
    snapshotUntil: null,
    progress: 100,
    fault: null,
    updated: now,
  });
  setDeadline(server, settings, now);
}

/** A fault befalls an image; a server it was being taken of is free again. */
export function failImage(
  state: RegionState,
  id: string,
  message: string,
  now: number,
  extras?: FaultExtras,
): void {
  const image: ImageRecord = findAnywhere(state, id, (tenant) => tenant.images.get(id));
  advanceImage(image, now);
  const progress = imageProgress(image, now);
  const server = serverOf(state, image);
  if (image.saving !== null && server !== undefined) endSnapshot(server, now);
  Object.assign(image, {
    status: 'ERROR',
    saving: null,
    progress,
    fault: embeddedFault(message, now, extras),
    updated: now,
  });
}

function serverOf(state: RegionState, image: ImageRecord): ServerRecord | undefined {
  if (image.tenantId === null || image.serverId === null) return undefined;
  return state.tenants.get(image.tenantId)?.servers.get(image.serverId);
}

function findAnywhere<T extends { readonly status: string }>(
  state: RegionState,
  id: string,
  pick: (tenant: TenantState) => T | undefined,
): T {
  for (const tenant of state.tenants.values()) {
    const found = pick(tenant);
    if (found !== undefined && found.status !== 'DELETED') return found;
  }
  throw new Fault('itemNotFound', `There is nothing with the id ${id} that could fail.`);
}
