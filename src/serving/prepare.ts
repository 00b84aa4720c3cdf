import { methodFault } from '../faults/faults.ts';
import type { RequestFacts } from '../http/request-facts.ts';
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
  if (match?.kind === 'method' && target.kind === 'compute')
    throw methodFault(call.method, match.allow, `on ${target.path}`);
  if (match?.kind === 'unknown' && target.kind === 'compute' && !COMPUTE_METHODS.includes(call.method))
    throw methodFault(call.method, COMPUTE_METHODS);
  if (hasOwnFormat(route)) negotiate(call, 'format' in target ? target.format : undefined);
  if (match?.kind === 'operation') call.operation = match.operation.name;
}

/** False for answers that Sluice does not write, and for those that come in JSON alone. */
function hasOwnFormat({ target, match }: Route): boolean {
  if (target.kind === 'identity') return !target.isV3;
  return target.kind !== 'service' && match?.kind !== 'unknown';
}
