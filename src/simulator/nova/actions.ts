import { Fault } from '../../faults/faults.ts';
import type { JsonObject } from '../../json.ts';
import { isJsonObject } from '../../json.ts';
import type { RegionAnswer } from '../region/call.ts';
import type { ServerRecord } from '../region/state.ts';
import { type ServerStatus, STATUS_FACTS } from '../region/transitions.ts';
import { notAllowed, novaError } from './errors.ts';
import { extrasOf } from './server-document.ts';
import { findServer, fullServer } from './servers.ts';
import { askRegion, checkMembers, type NovaAnswer, type NovaHandler, type NovaVisit, UUID } from './visit.ts';

/** `POST /servers/{id}/action`: the body's one key says which. */

type Action = (visit: NovaVisit, server: ServerRecord, document: JsonObject) => NovaAnswer;

export const serverAction: NovaHandler = (visit) => {
  const body = visit.readBody();
  const [key, ...more] = isJsonObject(body) ? Object.keys(body) : [];
  if (key === undefined || more.length > 0) throw novaError(400, 'There is no such action: no action key');
  const server = findServer(visit);
  const action = ACTIONS[key];
  if (action === undefined) throw novaError(400, `There is no such action: ${key}`);
  const given = (body as JsonObject)[key];
  if (extrasOf(server).locked && key !== 'unlock' && key !== 'lock')
    throw novaError(409, `Instance ${server.id} is locked`);
  return action(visit, server, isJsonObject(given) ? given : {});
};

/** What the guide has too: the region does it, but a refusal for the status is told in Nova's words. */
function performed(visit: NovaVisit, server: ServerRecord, key: string, document: JsonObject): RegionAnswer {
  try {
    return askRegion(visit, { path: `/servers/${server.id}/action`, body: { [key]: document } });
  } catch (error) {
    if (error instanceof Fault && error.code === 409) throw inState(server, key);
    throw error;
  }
}

/** @returns the region's answer without a body */
const asGuide = (visit: NovaVisit, server: ServerRecord, key: string, document: JsonObject): NovaAnswer => ({
  status: performed(visit, server, key, document).status,
});

/** The server is in no state for that. */
function inState({ id, status, task }: ServerRecord, verb: string): Error {
  const { vmState } = STATUS_FACTS[status];
  const state = task === null ? `vm_state ${vmState}` : `task_state ${task}`;
  return novaError(409, `Cannot '${verb}' instance ${id} while it is in ${state}`);
}

/** Moves a server from one resting status to another at once. */
const moved =
  (verb: string, from: readonly ServerStatus[], to: Exclude<ServerStatus, 'DELETED'>): Action =>
  ({ context }, server) => {
    if (!from.includes(server.status)) throw inState(server, verb);
    context.region.setStatus(server.id, to);
    return { status: 202 };
  };

const administrators =
  (rule: string): Action =>
  () => {
    throw notAllowed(rule);
  };

const ACTIONS: Readonly<Record<string, Action>> = {
  changePassword(visit, server, document) {
    checkMembers(visit, document, ['adminPass'], 'changePassword');
    return asGuide(visit, server, 'changePassword', document);
  },
  reboot(visit, server, document) {
    if (typeof document['type'] !== 'string')
      throw novaError(400, "Invalid input for field/attribute reboot. 'type' is a required property");
    return asGuide(visit, server, 'reboot', document);
  },
  rebuild,
  resize(visit, server, document) {
    checkMembers(visit, document, ['flavorRef', 'OS-DCF:diskConfig'], 'resize');
    if (String(document['flavorRef']) === server.flavorId)
      throw novaError(400, 'When resizing, instances must change flavor!');
    return asGuide(visit, server, 'resize', document);
  },
  confirmResize: (visit, server) => ({ ...asGuide(visit, server, 'confirmResize', {}), status: 204 }),
  revertResize: (visit, server) => asGuide(visit, server, 'revertResize', {}),
  rescue(visit, server, document) {
    return { status: 200, document: performed(visit, server, 'rescue', document).body! };
  },
  unrescue: (visit, server) => asGuide(visit, server, 'unrescue', {}),
  createImage,
  'os-start': moved('start', ['SHUTOFF'], 'ACTIVE'),
  'os-stop': moved('stop', ['ACTIVE', 'ERROR', 'RESCUE'], 'SHUTOFF'),
  pause: moved('pause', ['ACTIVE'], 'PAUSED'),
  unpause: moved('unpause', ['PAUSED'], 'ACTIVE'),
  suspend: moved('suspend', ['ACTIVE'], 'SUSPENDED'),
  resume: moved('resume', ['SUSPENDED'], 'ACTIVE'),
  lock: (visit, server, document) => setLock(visit, server, true, document['locked_reason']),
  unlock: (visit, server) => setLock(visit, server, false, undefined),
  addSecurityGroup: (visit, server, { name }) => changeGroups(visit, server, String(name), true),
  removeSecurityGroup: (visit, server, { name }) => changeGroups(visit, server, String(name), false),
  'os-getConsoleOutput': () => ({ status: 200, document: { output: '' } }),
  // No hypervisor here has such a console.
  'os-getRDPConsole': () => {
    throw novaError(501, 'The requested functionality is not supported.');
  },
  'os-resetState': administrators('os_compute_api:os-admin-actions:reset_state'),
  'os-migrateLive': administrators('os_compute_api:os-migrate-server:migrate_live'),
  migrate: administrators('os_compute_api:os-migrate-server:migrate'),
  evacuate: administrators('os_compute_api:os-evacuate'),
};

function setLock(visit: NovaVisit, server: ServerRecord, locked: boolean, reason: unknown): NovaAnswer {
  const lockedReason = visit.minor >= 73 && typeof reason === 'string' ? reason : null;
  Object.assign(extrasOf(server), { locked, lockedReason });
  return { status: 202 };
}

function changeGroups(
  { networks, projectId }: NovaVisit,
  server: ServerRecord,
  name: string,
  add: boolean,
): NovaAnswer {
  const all = networks.list('security-groups', projectId);
  const group = all.find((item) => item['name'] === name || item['id'] === name);
  if (!group) throw novaError(404, `Security group ${name} not found for project ${projectId}.`);
  const extras = extrasOf(server);
  const others = extras.securityGroups.filter((known) => known !== group['name']);
  if (!add && others.length === extras.securityGroups.length)
    throw novaError(404, `Security group ${name} not associated with the instance ${server.id}`);
  extras.securityGroups = add ? [...others, String(group['name'])] : others;
  const ids = all.filter((item) => extras.securityGroups.includes(String(item['name']))).map(({ id }) => id!);
  for (const port of networks.portsOf(server.id)) networks.change(port, { security_groups: [...ids] });
  return { status: 202 };
}

const REBUILD = [
  'imageRef',
  'adminPass',
  'name',
  'metadata',
  'OS-DCF:diskConfig',
  'accessIPv4',
  'accessIPv6',
  'personality',
  'preserve_ephemeral',
];
const REBUILD_NEWER: readonly (readonly [number, string])[] = [
  [19, 'description'],
  [54, 'key_name'],
  [57, 'user_data'],
  [63, 'trusted_image_certificates'],
  [90, 'hostname'],
  [93, 'reimage_boot_volume'],
];

function rebuild(visit: NovaVisit, server: ServerRecord, document: JsonObject): NovaAnswer {
  const newer = REBUILD_NEWER.filter(([minor]) => visit.minor >= minor).map(([, name]) => name);
  checkMembers(visit, document, [...REBUILD, ...newer], 'rebuild');
  const { imageRef, description } = document;
  if (typeof imageRef !== 'string' || !UUID.test(imageRef))
    throw novaError(
      400,
      `Invalid input for field/attribute imageRef. Value: ${String(imageRef)}. '${String(imageRef)}' is not a 'uuid'`,
    );
  const { body } = performed(visit, server, 'rebuild', document);
  if (description === null || typeof description === 'string') extrasOf(server).description = description;
  const { adminPass } = (body as JsonObject)['server'] as JsonObject;
  return {
    status: 202,
    document: { server: { ...fullServer(visit, server), adminPass: adminPass! } },
    headers: { location: `${visit.selfBase}/servers/${server.id}` },
  };
}

/** Up to 2.44 the image is told in `Location`, at the image service; from 2.45 on in the body. */
function createImage(visit: NovaVisit, server: ServerRecord, document: JsonObject): NovaAnswer {
  checkMembers(visit, document, ['name', 'metadata'], 'createImage');
  const { headers = {} } = performed(visit, server, 'createImage', document);
  const id = headers['location']!.split('/').at(-1)!;
  if (visit.minor >= 45) return { status: 202, document: { image_id: id } };
  return {
    status: 202,
    headers: { location: `${visit.imageRoot}/images/${id}`, 'content-type': 'text/html; charset=UTF-8' },
  };
}
