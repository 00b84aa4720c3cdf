/** Which requests are for the Identity v3 façade, and what they mean. Doubled and trailing slashes do not matter. */
export type V3Match =
  /** `POST /v3/auth/tokens`. */
  | { kind: 'login' }
  /** `GET`, `HEAD` `/v3/auth/tokens`: is the token of X-Subject-Token good? */
  | { kind: 'validate' }
  /** `DELETE /v3/auth/tokens`. */
  | { kind: 'revoke' }
  /** `GET /v3/auth/catalog`. */
  | { kind: 'catalog' }
  /** `GET /v3/auth/projects`, `GET /v3/projects`: what the caller may log in to. */
  | { kind: 'projects' }
  /** `GET /v3/projects/{id}`. */
  | { kind: 'project'; id: string }
  /** `GET /v3`: the version's details. */
  | { kind: 'version' }
  /** A path of the façade with a method it does not have; `allow` goes into the Allow header of the 405. */
  | { kind: 'method'; allow: string[] }
  | { kind: 'none' };

/**
 * @param method upper case
 * @param path without query
 */
export function matchV3(method: string, path: string): V3Match {
  const segments = path.split('/').filter((segment) => segment !== '');
  // A setting that ends in /v3 with a client that appends it itself.
  while (segments[0] === 'v3') segments.shift();
  const verb = method === 'HEAD' ? 'GET' : method;
  const methods = methodsOf(segments);
  if (!methods) return { kind: 'none' };
  const match = methods[verb];
  if (match) return match;
  const allow = Object.keys(methods);
  return { kind: 'method', allow: allow.includes('GET') ? [...allow, 'HEAD'] : allow };
}

function methodsOf(segments: readonly string[]): Record<string, V3Match> | undefined {
  const [first, second] = segments;
  switch (segments.length === 2 && first === 'projects' ? 'projects/{id}' : segments.join('/')) {
    case '':
      return { GET: { kind: 'version' } };
    case 'auth/tokens':
      return { POST: { kind: 'login' }, GET: { kind: 'validate' }, DELETE: { kind: 'revoke' } };
    case 'auth/catalog':
      return { GET: { kind: 'catalog' } };
    case 'auth/projects':
    case 'projects':
      return { GET: { kind: 'projects' } };
    case 'projects/{id}':
      return { GET: { kind: 'project', id: second! } };
    default:
      return undefined;
  }
}
