import type { Call } from './call.ts';
import { newUuid } from './random.ts';
import { type ImageRecord, type Metadata, type ServerRecord, tenantOf } from './state.ts';

/**
 * Begins to take an image of a server (guide section 2.3.9): SAVING with progress, then ACTIVE. It inherits the
 * server's disk configuration (section 3.2) and needs what the server's own image needed.
 */
export function takeImage(
  call: Pick<Call, 'state' | 'settings' | 'now'>,
  server: ServerRecord,
  name: string,
  metadata: Metadata,
): ImageRecord {
  const { state, now } = call;
  const tenant = tenantOf(state, server.tenantId);
  const source = tenant.images.get(server.imageId) ?? state.baseImages.get(server.imageId);
  const until = now + call.settings.imageSeconds * 1000;
  const image: ImageRecord = {
    id: newUuid(state.random),
    sequence: state.sequence++,
    created: now,
    updated: now,
    name,
    tenantId: server.tenantId,
    serverId: server.id,
    minDisk: source?.minDisk ?? 0,
    minRam: source?.minRam ?? 0,
    diskConfig: server.diskConfig,
    metadata,
    status: 'SAVING',
    saving: { from: now, until },
    progress: 0,
    fault: null,
  };
  tenant.images.add(image);
  Object.assign(server, { task: 'image_snapshot', snapshotUntil: until, updated: now });
  return image;
}
