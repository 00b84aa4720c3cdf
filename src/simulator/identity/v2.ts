import { Fault } from '../../faults/faults.ts';
import type { JsonObject, JsonValue } from '../../json.ts';
import type { IdentityDocument } from '../../operations/resources/identity.ts';
import type { Incoming } from '../exchange.ts';
import { accessDocument, serviceCatalog, validationDocument } from './catalog.ts';
import { callerToken, type IdentityContext, maySee } from './identity.ts';
import { type Login, readLogin } from './login.ts';
import type { Token } from './tokens.ts';
import type { User } from './users.ts';

/** An answer of the identity service before it is written in a format. */
export interface IdentityAnswer {
  status: number;
  headers?: Record<string, string>;
  document?: JsonObject;
  /** What the document is, where it can be written as XML too; a version is no document of identity's own. */
  name?: IdentityDocument | 'version';
}

/**
 * Identity v2.0 (guide section 1.3): login, validation, revocation, tenants.
 *
 * @param path below `/v2.0`, no trailing slash: `` for the version document, `/tokens`
 * @throws Fault in the identity service's shape, which in v2.0 is that of the compute faults
 */
export function handleIdentityV2(
  context: IdentityContext,
  incoming: Incoming,
  path: string,
  readBody: () => JsonValue | undefined,
): IdentityAnswer {
  const method = incoming.method === 'HEAD' ? 'GET' : incoming.method;
  const segments = path.split('/').slice(1);
  if (path === '')
    return onlyGet(method, () => ({
      status: 200,
      document: { version: versionV2(incoming.origin) },
      name: 'version',
    }));
  if (path === '/tenants') return onlyGet(method, () => listTenants(context, incoming));
  if (segments[0] !== 'tokens' || segments.length > 3) throw noSuchPath(incoming.path);
  if (segments.length === 1) return handleTokens(context, incoming, method, readBody);
  const id = decodeURIComponent(segments[1]!);
  if (segments.length === 3 && segments[2] !== 'endpoints') throw noSuchPath(incoming.path);
  if (segments.length === 3) return onlyGet(method, () => listEndpoints(context, incoming, id));
  return handleToken(context, incoming, method, id);
}

/** The `version` member that describes Identity v2.0. */
export function versionV2(origin: string): JsonObject {
  return {
    id: 'v2.0',
    status: 'stable',
    updated: '2014-04-17T00:00:00Z',
    links: [{ rel: 'self', href: `${origin}/v2.0/` }],
    'media-types': [
      { base: 'application/json', type: 'application/vnd.openstack.identity-v2.0+json' },
      { base: 'application/xml', type: 'application/vnd.openstack.identity-v2.0+xml' },
    ],
  };
}

function handleTokens(
  context: IdentityContext,
  incoming: Incoming,
  method: string,
  readBody: () => JsonValue | undefined,
): IdentityAnswer {
  if (method === 'POST') {
    const token = login(context, readLogin(readBody()));
    return { status: 200, document: accessDocument(token, context.endpoints(incoming)), name: 'access' };
  }
  if (method !== 'DELETE') throw noSuchMethod(method, ['POST', 'DELETE']);
  context.tokens.revoke(callerToken(incoming, context.tokens).id);
  return { status: 204 };
}

function handleToken(
  context: IdentityContext,
  incoming: Incoming,
  method: string,
  id: string,
): IdentityAnswer {
  if (method !== 'GET' && method !== 'DELETE') throw noSuchMethod(method, ['GET', 'HEAD', 'DELETE']);
  const token = subjectToken(context, incoming, id);
  if (method === 'GET') return { status: 200, document: validationDocument(token), name: 'access' };
  context.tokens.revoke(token.id);
  return { status: 204 };
}

function login(context: IdentityContext, { proof, tenantId, tenantName }: Login): Token {
  const user = proof.kind === 'token' ? renewing(context, proof.id) : authenticating(context, proof);
  if (!user)
    throw new Fault('unauthorized', 'Unable to authenticate: user name and password or API key do not fit.');
  const project = user.projects.find(
    ({ id, name }) =>
      (tenantId === undefined || tenantId === id) &&
      (tenantName === undefined || tenantName === name || tenantName === id),
  );
  if (!project) throw new Fault('unauthorized', 'The user has no access to that tenant.');
  return context.tokens.issue({
    user,
    methods: [proof.kind === 'token' ? 'token' : 'password'],
    project,
  });
}

function authenticating(
  context: IdentityContext,
  proof: Exclude<Login['proof'], { kind: 'token' }>,
): User | undefined {
  if ('username' in proof) context.logins.charge(proof.username);
  return context.users.authenticate(proof)?.user;
}

function renewing(context: IdentityContext, id: string): User | undefined {
  const user = context.tokens.find(id)?.user;
  if (user) context.logins.charge(user.name);
  return user;
}

/** A token somebody asks about; to those who may not see it, it does not exist. */
function subjectToken(context: IdentityContext, incoming: Incoming, id: string): Token {
  const caller = callerToken(incoming, context.tokens);
  const token = context.tokens.find(id);
  const belongsTo = incoming.query.get('belongsTo');
  if (!token || !maySee(caller, token) || (belongsTo !== null && belongsTo !== token.project?.id))
    throw new Fault('itemNotFound', 'There is no such token.');
  return token;
}

function listTenants(context: IdentityContext, incoming: Incoming): IdentityAnswer {
  const { projects } = callerToken(incoming, context.tokens).user;
  return {
    status: 200,
    document: {
      tenants: projects.map(({ id, name }) => ({ id, name, description: '', enabled: true })),
    },
    name: 'tenants',
  };
}

function listEndpoints(context: IdentityContext, incoming: Incoming, id: string): IdentityAnswer {
  const token = subjectToken(context, incoming, id);
  const endpoints = serviceCatalog(token.project ?? token.user.tenant, context.endpoints(incoming)).flatMap(
    ({ name, type, endpoints }) =>
      (endpoints as JsonObject[]).map((endpoint) => ({ ...endpoint, name: name!, type: type! })),
  );
  return { status: 200, document: { endpoints, endpoints_links: [] }, name: 'endpoints' };
}

function onlyGet(method: string, answer: () => IdentityAnswer): IdentityAnswer {
  if (method !== 'GET') throw noSuchMethod(method, ['GET', 'HEAD']);
  return answer();
}

function noSuchMethod(method: string, allowed: string[]): Fault {
  return new Fault('badMethod', `${method} is not allowed here: use ${allowed.join(', ')}.`, {
    headers: { allow: allowed.join(', ') },
  });
}

function noSuchPath(path: string): Fault {
  return new Fault('itemNotFound', `Identity v2.0 has nothing at ${path}.`);
}
