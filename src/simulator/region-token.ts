import type { ComputeContext } from './compute.ts';
import { headerOf, type Incoming } from './exchange.ts';
import type { Token, TokenService } from './identity/tokens.ts';

/**
 * The token of a request, as the layer before a service of a region looks at it.
 *
 * @param service which of them: each remembers by itself what it has seen
 * @returns 401: there is none, or it is none; 503: the identity service cannot be asked
 */
export function regionToken(
  { tokens, name }: ComputeContext,
  incoming: Incoming,
  service?: TokenService,
): Token | 401 | 503 {
  const id = headerOf(incoming, 'x-auth-token');
  if (id === undefined) return 401;
  try {
    return tokens.findInRegion(id, name, service) ?? 401;
  } catch {
    return 503;
  }
}
