import { Fault } from '../../faults/faults.ts';
import { isJsonObject, type JsonObject } from '../../json.ts';
import { actionOperation } from '../../operations/match.ts';
import {
  badRequest,
  readAccessAddress,
  readDiskConfig,
  readDocument,
  readName,
  readOptionalText,
  readText,
} from './body.ts';
import { type Call, type Handler, param, type RegionAnswer } from './call.ts';
import { checkPasswordLater, startCourse } from './course.ts';
import { checkMetadataCount, readMetadata } from './metadata-rules.ts';
import { requireBackend } from './outage.ts';
import { checkPersonality } from './personality.ts';
import { checkLimit, limitsOf, recharge } from './quotas.ts';
import { newPassword } from './random.ts';
import { checkImageFits, findFlavor, findImage, findServer, readReference } from './references.ts';
import { renderServer, selfLink } from './rendering.ts';
import { checkCapacity } from './server-create.ts';
import { requireTransition } from './server-update.ts';
import { takeImage } from './snapshot-image.ts';
import { type Flavor, type ServerRecord, tenantOf } from './state.ts';
import type { Verb } from './transitions.ts';

type Action = (call: Call, server: ServerRecord) => RegionAnswer;

/** By the operation's name, which is the body's one key (guide section 2.3). */
const ACTIONS: Readonly<Record<string, Action>> = {
  changePassword(call, server) {
    const adminPass = readText(readDocument(call.request.body, 'changePassword'), 'adminPass');
    const answer = go(call, server, 'changePassword', 202);
    checkPasswordLater(server, adminPass, call.settings);
    return answer;
  },
  reboot: (call, server) =>
    go(call, server, readRebootType(call) === 'HARD' ? 'hardReboot' : 'softReboot', 202),
  rebuild,
  resize,
  confirmResize(call, server) {
    return go(call, server, 'confirmResize', 204);
  },
  revertResize,
  rescue(call, server) {
    const adminPass = readRescuePassword(call) || newPassword(call.state.random);
    return { ...go(call, server, 'rescue', 200), body: { adminPass } };
  },
  unrescue: (call, server) => go(call, server, 'unrescue', 202),
  createImage(call, server) {
    const document = readDocument(call.request.body, 'createImage');
    const name = readName(document);
    const metadata = readMetadata(document['metadata']);
    checkMetadataCount(limitsOf(call.settings, server.tenantId), 'maxImageMeta', metadata);
    requireTransition(server, 'createImage');
    requireBackend('image', call.settings);
    const image = takeImage(call, server, name, metadata);
    return { status: 202, headers: { location: selfLink(call, 'images', image.id) } };
  },
};

/** `POST /servers/{id}/action`: the body's one key says which. An unknown one is badRequest, as nova answers. */
export const serverAction: Handler = (call) => {
  const operation = actionOperation(readActionKey(call)).name;
  const server = findServer(call, param(call, 'server_id'));
  const action = ACTIONS[operation];
  if (action === undefined)
    throw badRequest(
      `There is no such action: ${readActionKey(call).slice(0, 64)}; there are ${Object.keys(ACTIONS).join(', ')}.`,
    );
  return { ...action(call, server), operation };
};

function readActionKey(call: Call): string {
  const { body } = call.request;
  const keys = isJsonObject(body) ? Object.keys(body) : [];
  if (keys.length !== 1) throw badRequest('The body must be an object with one key: the action.');
  return keys[0]!;
}

/** Starts the transition of a verb, or throws the fault the server's status makes of it. */
function go(call: Call, server: ServerRecord, verb: Verb, status: number): RegionAnswer {
  startCourse(server, requireTransition(server, verb), call.now, call.settings);
  return { status };
}

function readRebootType(call: Call): string {
  const { body } = call.request;
  const document = isJsonObject(body) && isJsonObject(body['reboot']) ? body['reboot'] : {};
  const type = (readOptionalText(document, 'type') ?? 'SOFT').toUpperCase();
  if (type === 'SOFT' || type === 'HARD') return type;
  throw badRequest(`The reboot type is "${type}"; it must be SOFT or HARD.`);
}

/** Clients send null, "none", {} or {"adminPass"}. */
function readRescuePassword(call: Call): string | undefined {
  const { body } = call.request;
  const document = isJsonObject(body) ? body['rescue'] : undefined;
  return isJsonObject(document) ? readOptionalText(document, 'adminPass') : undefined;
}

/** Guide section 2.3.3: what is given replaces, what is not stays. Clients send flavorRef too; it changes nothing. */
function rebuild(call: Call, server: ServerRecord): RegionAnswer {
  const document = readDocument(call.request.body, 'rebuild');
  const changes = readRebuild(call, server, document);
  const adminPass = readOptionalText(document, 'adminPass') || newPassword(call.state.random);
  const transition = requireTransition(server, 'rebuild');
  checkCapacity(call);
  Object.assign(server, changes);
  startCourse(server, transition, call.now, call.settings);
  checkPasswordLater(server, adminPass, call.settings);
  return {
    status: 202,
    headers: { location: selfLink(call, 'servers', server.id) },
    body: { server: { ...renderServer(call, server), adminPass } },
  };
}

function readRebuild(call: Call, server: ServerRecord, document: JsonObject): Partial<ServerRecord> {
  const limits = limitsOf(call.settings, server.tenantId);
  const image = findImage(call, readReference(document, 'imageRef'));
  checkImageFits(image, findFlavor(call, server.flavorId));
  const given = document['metadata'];
  const metadata = given === undefined || given === null ? server.metadata : readMetadata(given);
  checkMetadataCount(limits, 'maxServerMeta', metadata);
  checkPersonality(limits, document['personality']);
  return {
    imageId: image.id,
    metadata,
    name: (document['name'] ?? null) === null ? server.name : readName(document),
    diskConfig: readDiskConfig(document) ?? server.diskConfig,
    accessIPv4: readAccessAddress(document, 'accessIPv4') ?? server.accessIPv4,
    accessIPv6: readAccessAddress(document, 'accessIPv6') ?? server.accessIPv6,
  };
}

/** Guide section 2.3.4. The quota is charged for the new flavor from now on. */
function resize(call: Call, server: ServerRecord): RegionAnswer {
  const document = readDocument(call.request.body, 'resize');
  const target = findFlavor(call, readReference(document, 'flavorRef'));
  const diskConfig = readDiskConfig(document) ?? server.diskConfig;
  const transition = requireTransition(server, 'resize');
  checkResize(call, server, target);
  checkCapacity(call);
  server.previousFlavorId = server.flavorId;
  server.diskConfig = diskConfig;
  recharge(call.state, server, target);
  startCourse(server, transition, call.now, call.settings);
  return { status: 202 };
}

function checkResize(call: Call, server: ServerRecord, target: Flavor): void {
  const current = findFlavor(call, server.flavorId);
  if (target.id === current.id)
    throw new Fault(
      'resizeNotAllowed',
      `The server has the flavor ${target.id} already; name another one to resize to.`,
    );
  if (target.disk < current.disk && server.diskConfig === 'MANUAL')
    throw new Fault(
      'resizeNotAllowed',
      'Resizing down needs a server whose OS-DCF:diskConfig is AUTO; this one is MANUAL.',
    );
  const { usage } = tenantOf(call.state, server.tenantId);
  const limits = limitsOf(call.settings, server.tenantId);
  checkLimit(limits, 'maxTotalCores', usage.cores - current.vcpus + target.vcpus, 'cores');
  checkLimit(limits, 'maxTotalRAMSize', usage.ram - current.ram + target.ram, 'RAM in MB');
}

/** Guide section 2.3.6: back to the flavor the resize started from. */
function revertResize(call: Call, server: ServerRecord): RegionAnswer {
  const answer = go(call, server, 'revertResize', 202);
  recharge(call.state, server, call.state.flavors.get(server.previousFlavorId ?? server.flavorId));
  return answer;
}
