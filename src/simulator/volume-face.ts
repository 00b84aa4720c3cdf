import { asFault, Fault } from '../faults/faults.ts';
import type { JsonObject } from '../json.ts';
import { render, renderFault } from './body.ts';
import type { ComputeContext } from './compute.ts';
import { type Answer, headerOf, type Incoming } from './exchange.ts';
import type { VolumeView } from './region/volumes.ts';

/**
 * The region's block storage, as far as command lines ask it before they attach a volume (the Block Storage API v3's
 * form): which volumes there are, one volume, and limits. It is read only: a seed says which volumes a tenant has, and
 * without one every UUID names a volume.
 */
export function answerVolumeService(
  context: ComputeContext,
  incoming: Incoming,
  path: string,
  root: string,
): Answer {
  context.counters.request(context.name, incoming.method, `/volume${path}`, 'volumeService');
  try {
    return render(answerPath(context, incoming, path.replace(/(?<!\/)\/+$/, ''), root), 'json');
  } catch (error) {
    if (!(error instanceof Fault)) context.failed(error);
    return renderFault(asFault(error), 'json');
  }
}

function answerPath(
  context: ComputeContext,
  incoming: Incoming,
  path: string,
  root: string,
): { status: number; document: JsonObject } {
  if (incoming.method !== 'GET' && incoming.method !== 'HEAD')
    throw new Fault('badMethod', 'Volumes are only read here: name them in the seed file.', {
      headers: { allow: 'GET, HEAD' },
    });
  if (path === '' || path === '/v3') return { status: path === '' ? 300 : 200, document: versions(root) };
  if (context.region.conditions().volumesDown)
    throw new Fault('serviceUnavailable', 'Block storage is down.');
  const [, version, tenantId = '', what, id] = path.split('/');
  authorize(context, incoming, tenantId);
  if (version === 'v3' && what === 'limits' && id === undefined)
    return { status: 200, document: limits(context, tenantId) };
  if (version !== 'v3' || what !== 'volumes') throw noSuchPath(path);
  if (id === undefined || id === 'detail')
    return { status: 200, document: list(context, incoming, tenantId) };
  const volume = context.region.findVolume(tenantId, decodeURIComponent(id));
  if (volume === undefined) throw new Fault('itemNotFound', `Volume ${id} could not be found.`);
  return { status: 200, document: { volume: volumeV3(volume) } };
}

const noSuchPath = (path: string): Fault =>
  new Fault('itemNotFound', `The block storage service has nothing at ${path}.`);

function versions(root: string): JsonObject {
  const links = [{ rel: 'self', href: `${root}/v3/` }];
  return { versions: [{ id: 'v3.0', status: 'CURRENT', version: '', min_version: '', links }] };
}

/** As Cinder does: a token of another project than the URL's is a good one, and the URL wrong. */
function authorize({ tokens, name }: ComputeContext, incoming: Incoming, tenantId: string): void {
  const id = headerOf(incoming, 'x-auth-token');
  const token = id === undefined ? undefined : tokens.findInRegion(id, name, 'volume');
  if (!token?.project)
    throw new Fault('unauthorized', 'This server could not verify that you may see volumes: log in again.');
  if (token.project.id !== tenantId) throw new Fault('badRequest', 'Malformed request url');
}

function list({ region }: ComputeContext, { query }: Incoming, tenantId: string): JsonObject {
  const name = query.get('name');
  // Volumes have no names here.
  const volumes = name === null || name === '' ? region.volumes(tenantId) : [];
  return { volumes: volumes.map(volumeV3) };
}

function limits({ region }: ComputeContext, tenantId: string): JsonObject {
  const absolute = region.absoluteLimits(tenantId);
  return {
    limits: {
      rate: [],
      absolute: {
        maxTotalVolumes: absolute['maxTotalVolumes'] ?? -1,
        maxTotalVolumeGigabytes: absolute['maxTotalVolumeGigabytes'] ?? -1,
        maxTotalSnapshots: -1,
        maxTotalBackups: -1,
        maxTotalBackupGigabytes: -1,
        totalVolumesUsed: absolute['totalVolumesUsed'] ?? 0,
        totalGigabytesUsed: absolute['totalVolumeGigabytesUsed'] ?? 0,
        totalSnapshotsUsed: 0,
        totalBackupsUsed: 0,
        totalBackupGigabytesUsed: 0,
      },
    },
  };
}

/** What the guide's volumes are is not its business: all are alike but for where they are attached. */
function volumeV3({ id, attachment }: VolumeView): JsonObject {
  const attached = attachment && {
    id,
    attachment_id: id,
    volume_id: id,
    server_id: attachment.serverId,
    device: attachment.device,
  };
  return {
    id,
    name: '',
    description: '',
    status: attached ? 'in-use' : 'available',
    size: 100,
    volume_type: 'SATA',
    attachments: attached ? [attached] : [],
    availability_zone: 'nova',
    bootable: 'false',
    encrypted: false,
    multiattach: false,
    metadata: {},
    snapshot_id: null,
    source_volid: null,
    created_at: '2013-03-26T00:00:00.000000',
    links: [],
  };
}
