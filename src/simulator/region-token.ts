import type { ComputeContext } from './compute.ts';
import { headerOf, type Incoming } from './exchange.ts';
import type { Token } from './identity/tokens.ts';

/**
 * The token of a request, as the layer before a service of a region looks at it.
 *
 * @returns 401: there is none, or it is none; 503: the identity service cannot be asked
 */
export function regionToken({ tokens, name }: ComputeContext, incoming: Incoming): Token | 401 | 503 {
  const id = headerOf(incoming, 'x-auth-token');
  if (id === undefined) return 401;
  try {
    return tokens.findInRegion(id, name) ?? 401;
  } catch {
    return 503;
  }
}
