import { methodFault } from '../faults/faults.ts';
import type { RequestFacts } from '../http/request-facts.ts';
import type { Operation } from '../operations/operation.ts';
import type { Route } from '../routing/route.ts';
import { negotiate } from './render.ts';

/** What HTTP itself has for resources: Compute knows no methods of its own, as other services do. */
const COMPUTE_METHODS: readonly string[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/**
 * What a request asks for, as far as it alone tells: its method, the format of its answer, its operation.
 *
 * @throws {Fault} 405, 406
 */
export function prepare(call: RequestFacts): void {
  const { route } = call;
  const { target, match } = route;
  if (match?.kind === 'unknown' && target.kind === 'compute' && !COMPUTE_METHODS.includes(call.method))
    throw methodFault(call.method, COMPUTE_METHODS);
  if (hasOwnFormat(route)) negotiate(call, 'format' in target ? target.format : undefined);
  if (match?.kind === 'operation') call.operation = match.operation.name;
}

/** False for answers that Sluice does not write, and for those that come in JSON alone. */
function hasOwnFormat({ target, match }: Route): boolean {
  if (target.kind === 'identity') return !target.isV3;
  if (match?.kind === 'operation') return hasDocument(match.operation);
  return target.kind !== 'service' && match?.kind !== 'unknown' && match?.kind !== 'method';
}

/** Whether there is a description by which an operation's answers are written; all that is beside the guide has none. */
const hasDocument = ({ method, response }: Operation): boolean => method !== 'GET' || response !== null;
