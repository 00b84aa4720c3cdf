/**
 * Which requests are for the identity façade. Clients build login URLs in many ways: the root of their setting
 * taken verbatim, `/tokens` appended to a setting with a trailing slash, `/v2.0/tokens` to one that ends in
 * `/v2.0` already. All of them mean the same. The façade is at the root only, never below a region.
 */
export type FacadeMatch =
  /** A login or token renewal: the body is for `parseLogin`. */
  | { kind: 'login' }
  /** `GET /v2.0/tokens/{id}`. */
  | { kind: 'validate'; tokenId: string }
  /** `DELETE /v2.0/tokens/{id}`. */
  | { kind: 'revoke'; tokenId: string }
  /** `GET /v2.0/tenants`. */
  | { kind: 'tenants' }
  /** `GET /`: the list of identity versions. */
  | { kind: 'versions' }
  /** `GET /v2.0`: its details. */
  | { kind: 'version' }
  /** A façade path with a method it does not have; `allow` goes into the Allow header of the 405. */
  | { kind: 'method'; allow: string[] }
  /** Not for the façade. */
  | { kind: 'none' };

const READ = ['GET', 'HEAD'];

interface FacadePath {
  allow: string[];
  read?: FacadeMatch;
  remove?: FacadeMatch;
}

/**
 * @param method upper case
 * @param path without query and without a format suffix; doubled and trailing slashes do not matter
 */
export function matchFacade(method: string, path: string): FacadeMatch {
  const found = findPath(path);
  if (!found) return { kind: 'none' };
  if (!found.allow.includes(method)) return { kind: 'method', allow: found.allow };
  if (method === 'DELETE' && found.remove) return found.remove;
  return found.read && READ.includes(method) ? found.read : { kind: 'login' };
}

function findPath(path: string): FacadePath | undefined {
  const segments = path.split('/').filter((segment) => segment !== '');
  const versioned = segments[0] === 'v2.0';
  while (segments[0] === 'v2.0') segments.shift();
  const [first, second] = segments;
  if (segments.length === 0) {
    return { allow: [...READ, 'POST'], read: { kind: versioned ? 'version' : 'versions' } };
  }
  if (segments.length === 1 && first === 'tokens') return { allow: ['POST'] };
  if (segments.length === 1 && first === 'tenants') return { allow: READ, read: { kind: 'tenants' } };
  if (segments.length === 2 && first === 'tokens') {
    const tokenId = decode(second ?? '');
    const allow = [...READ, 'DELETE'];
    return { allow, read: { kind: 'validate', tokenId }, remove: { kind: 'revoke', tokenId } };
  }
  return undefined;
}

/** A segment that is no valid percent-encoding stands for itself: no token has such an id. */
function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
