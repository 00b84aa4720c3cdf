import { serveEverywhere } from '../all-regions/serve.ts';
import { serveIdentity } from '../facade/serve-v2.ts';
import type { Call } from '../http/call.ts';
import { refusalFault } from '../routing/route.ts';
import { recognise, serveOperation } from '../serving/compute.ts';
import type { Services } from '../serving/services.ts';
import { serveEndpoint, serveVersions } from '../serving/versions.ts';

/** Says that a request streams through the proxy; see passthrough/. */
export const PASSTHROUGH = Symbol('passthrough');

/**
 * Hands a request to the branch that answers it: at once, in a while, or the proxy.
 *
 * @throws {Fault} what the branch refuses at once; a promise rejects with it
 */
export function dispatch(call: Call, services: Services): void | Promise<void> | typeof PASSTHROUGH {
  const { target, refusal } = call.route;
  if (refusal !== undefined) throw refusalFault(refusal);
  switch (target.kind) {
    case 'identity':
      return serveIdentity(call, target, services);
    case 'versions':
    case 'version':
      return serveVersions(call, target, services);
    case 'service':
      return PASSTHROUGH;
    case 'everywhere':
      return serveEverywhere(call, target, services);
    case 'compute': {
      if (target.path === '/') return serveEndpoint(call, target, services);
      const match = recognise(call, target);
      return match === undefined ? PASSTHROUGH : serveOperation(call, target, match, services);
    }
  }
}
