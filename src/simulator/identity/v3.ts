import { createHash } from 'node:crypto';
import { Fault } from '../../faults/faults.ts';
import type { JsonObject, JsonValue } from '../../json.ts';
import { headerOf, type Incoming } from '../exchange.ts';
import type { Endpoints } from './catalog.ts';
import { callerToken, type IdentityContext, maySee } from './identity.ts';
import { DOMAIN, type LoginV3, readLoginV3 } from './login-v3.ts';
import type { Token } from './tokens.ts';
import type { User } from './users.ts';
import type { IdentityAnswer } from './v2.ts';

/**
 * Identity v3: `/v3/auth/tokens` (password, application credential, token), `/v3/auth/catalog`, `/v3/auth/projects`.
 *
 * @param path below `/v3`, no trailing slash
 * @throws Fault, to be written in Identity v3's own shape (`errorV3`)
 */
export function handleIdentityV3(
  context: IdentityContext,
  incoming: Incoming,
  path: string,
  readBody: () => JsonValue | undefined,
): IdentityAnswer {
  const method = incoming.method === 'HEAD' ? 'GET' : incoming.method;
  if (path === '' && method === 'GET')
    return { status: 200, document: { version: versionV3(incoming.origin) } };
  if (path === '/auth/tokens') return handleTokens(context, incoming, method, readBody);
  if (method === 'GET' && path === '/auth/catalog') {
    const token = callerToken(incoming, context.tokens);
    return {
      status: 200,
      document: { catalog: catalogV3(token.user, context.endpoints(incoming)), links: {} },
    };
  }
  if (method === 'GET' && (path === '/auth/projects' || path === '/projects')) {
    const { user } = callerToken(incoming, context.tokens);
    return {
      status: 200,
      document: { projects: [{ ...project(user), enabled: true, domain_id: DOMAIN.id }], links: {} },
    };
  }
  throw new Fault('itemNotFound', `Identity v3 has nothing for ${incoming.method} ${incoming.path}.`);
}

/** The `version` member that describes Identity v3. */
export function versionV3(origin: string): JsonObject {
  return {
    id: 'v3.14',
    status: 'stable',
    updated: '2020-04-07T00:00:00Z',
    links: [{ rel: 'self', href: `${origin}/v3/` }],
    'media-types': [{ base: 'application/json', type: 'application/vnd.openstack.identity-v3+json' }],
  };
}

const TITLES: Record<number, string> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  413: 'Request Entity Too Large',
  415: 'Unsupported Media Type',
  503: 'Service Unavailable',
};

/** A fault in Identity v3's shape. A 401 names the service in `WWW-Authenticate`. */
export function errorV3(fault: Fault, origin: string): IdentityAnswer {
  const headers = { ...fault.headers };
  if (fault.code === 401) headers['www-authenticate'] = `Keystone uri="${origin}/v3"`;
  const title = TITLES[fault.code] ?? 'Internal Server Error';
  return {
    status: fault.code,
    headers,
    document: { error: { code: fault.code, message: fault.message, title } },
  };
}

function handleTokens(
  context: IdentityContext,
  incoming: Incoming,
  method: string,
  readBody: () => JsonValue | undefined,
): IdentityAnswer {
  if (method === 'POST') return issue(context, incoming, readLoginV3(readBody()));
  if (method !== 'GET' && method !== 'DELETE')
    throw new Fault('badMethod', `${method} is not allowed here.`, {
      headers: { allow: 'GET, HEAD, POST, DELETE' },
    });
  const caller = callerToken(incoming, context.tokens);
  const id = headerOf(incoming, 'x-subject-token');
  const subject = id === undefined ? undefined : context.tokens.find(id);
  if (!subject || !maySee(caller, subject)) throw new Fault('itemNotFound', 'There is no such token.');
  if (method === 'GET') return tokenAnswer(context, incoming, subject, 200);
  context.tokens.revoke(subject.id);
  return { status: 204, headers: { vary: 'X-Auth-Token' } };
}

function issue(context: IdentityContext, incoming: Incoming, login: LoginV3): IdentityAnswer {
  const user = prove(context, login);
  if (!user) throw new Fault('unauthorized', 'The request you have made requires authentication.');
  if (typeof login.scope === 'object' && !isOwnProject(login.scope, user))
    throw new Fault('unauthorized', 'The user has no role in that project.');
  const token = context.tokens.issue(user, [login.method], login.scope !== 'unscoped');
  return tokenAnswer(context, incoming, token, 201);
}

function prove(context: IdentityContext, { proof }: LoginV3): User | undefined {
  if (proof.kind === 'token') return context.tokens.find(proof.id)?.user;
  context.logins.charge('username' in proof ? proof.username : 'userId' in proof ? proof.userId : proof.id);
  return context.users.authenticate(proof);
}

function isOwnProject(scope: { id?: string | undefined; name?: string | undefined }, user: User): boolean {
  if (scope.id !== undefined) return scope.id === user.tenant.id;
  return scope.name === user.tenant.name || scope.name === user.tenant.id;
}

function tokenAnswer(
  context: IdentityContext,
  incoming: Incoming,
  token: Token,
  status: number,
): IdentityAnswer {
  const body: JsonObject = {
    methods: [...token.methods],
    user: { id: token.user.id, name: token.user.name, domain: DOMAIN, password_expires_at: null },
    audit_ids: [auditId(token)],
    expires_at: microseconds(token.expiresMs),
    issued_at: microseconds(token.issuedMs),
  };
  if (token.scoped) {
    body['project'] = { ...project(token.user), domain: DOMAIN };
    body['is_domain'] = false;
    body['roles'] = token.user.roles.map(({ id, name }) => ({ id, name }));
    if (!incoming.query.has('nocatalog'))
      body['catalog'] = catalogV3(token.user, context.endpoints(incoming));
  }
  return {
    status,
    headers: { 'x-subject-token': token.id, vary: 'X-Auth-Token' },
    document: { token: body },
  };
}

function project({ tenant }: User): JsonObject {
  return { id: tenant.id, name: tenant.name };
}

/** Keystone writes microseconds. */
function microseconds(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z');
}

/** An id that tells tokens apart in logs without being one. */
function auditId(token: Token): string {
  return createHash('sha256').update(`audit ${token.id}`).digest('base64url').slice(0, 22);
}

/** The catalog of v3: one endpoint for each region and interface. */
function catalogV3(user: User, { regions }: Endpoints): JsonObject[] {
  const endpoint = (service: string, face: string, region: string, url: string): JsonObject => ({
    id: createHash('sha256').update(`${service} ${face} ${region}`).digest('hex').slice(0, 32),
    interface: face,
    region,
    region_id: region,
    url,
  });
  return [
    {
      id: 'simulated-compute',
      type: 'compute',
      name: 'cloudServersOpenStack',
      endpoints: regions.flatMap(({ name, computeRoot, internalComputeRoot }) => [
        endpoint('compute', 'public', name, `${computeRoot}/v2/${user.tenant.id}`),
        endpoint('compute', 'internal', name, `${internalComputeRoot}/v2/${user.tenant.id}`),
      ]),
    },
    {
      id: 'simulated-image',
      type: 'image',
      name: 'cloudImages',
      endpoints: regions.map(({ name, imageRoot }) => endpoint('image', 'public', name, imageRoot)),
    },
    {
      id: 'simulated-volume',
      type: 'volumev3',
      name: 'cloudBlockStorage',
      endpoints: regions.map(({ name, volumeRoot }) =>
        endpoint('volume', 'public', name, `${volumeRoot}/v3/${user.tenant.id}`),
      ),
    },
  ];
}
