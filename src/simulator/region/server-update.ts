import { Fault } from '../../faults/faults.ts';
import { readAccessAddress, readDocument, readName } from './body.ts';
import { type Call, type Handler, param } from './call.ts';
import { charge } from './quotas.ts';
import { findServer } from './references.ts';
import { renderServer } from './rendering.ts';
import { type ServerRecord, tenantOf } from './state.ts';
import { decideTransition, type Transition, type Verb } from './transitions.ts';

/** `PUT /servers/{id}`: name and access addresses (guide section 2.1.4); an empty address clears it. */
export const updateServer: Handler = (call) => {
  const server = findServer(call, param(call, 'server_id'));
  const document = readDocument(call.request.body, 'server');
  const name = (document['name'] ?? null) === null ? server.name : readName(document);
  const accessIPv4 = readAccessAddress(document, 'accessIPv4') ?? server.accessIPv4;
  const accessIPv6 = readAccessAddress(document, 'accessIPv6') ?? server.accessIPv6;
  requireTransition(server, 'update');
  Object.assign(server, { name, accessIPv4, accessIPv6, updated: call.now });
  return { status: 200, body: { server: renderServer(call, server) } };
};

/** `DELETE /servers/{id}`: in any state, at once (guide section 2.1.5). */
export const deleteServer: Handler = (call) => {
  const server = findServer(call, param(call, 'server_id'));
  requireTransition(server, 'delete');
  removeServer(call, server);
  return { status: 204 };
};

/** The way from the server's status; throws the fault its status makes of the verb. */
export function requireTransition(server: ServerRecord, verb: Verb): Transition {
  const decision = decideTransition(verb, server.status, server.task);
  if (decision.kind === 'refused') throw new Fault(decision.fault, decision.message);
  return decision.transition;
}

/** A deleted server stays for `changes-since`, but holds nothing any more. */
function removeServer(call: Call, server: ServerRecord): void {
  const tenant = tenantOf(call.state, server.tenantId);
  charge(tenant, call.state.flavors.get(server.chargedFlavorId), -1);
  for (const { volumeId } of server.attachments) call.state.attachedTo.delete(volumeId);
  Object.assign(server, {
    status: 'DELETED',
    task: null,
    course: null,
    deadline: null,
    snapshotUntil: null,
    attachments: [],
    updated: call.now,
  });
}
