import { createHash } from 'node:crypto';
import { Fault } from '../../faults/faults.ts';
import type { JsonObject, JsonValue } from '../../json.ts';
import { headerOf, type Incoming, titleOf } from '../exchange.ts';
import { catalogV3 } from './catalog-v3.ts';
import { callerToken, type IdentityContext, maySee } from './identity.ts';
import { chargedTo, type LoginV3, readLoginV3 } from './login-v3.ts';
import type { Token } from './tokens.ts';
import { DEFAULT_DOMAIN, type Proven, type Tenant, type User } from './users.ts';
import type { IdentityAnswer } from './v2.ts';

/** Where an identity service stands: the one of all regions, or that of one. */
export interface IdentityPlace {
  /** Its root as the caller wrote it, no trailing slash: `http://host:port`, or with `/identity/dfw` behind it. */
  readonly root: string;
  /** The region it belongs to, upper case; null: all. */
  readonly home: string | null;
}

/** One request to an identity service. */
interface Visit {
  readonly context: IdentityContext;
  readonly incoming: Incoming;
  readonly place: IdentityPlace;
}

/**
 * Identity v3: `/v3/auth/tokens` (password, application credential, token), and what a user may read of itself.
 *
 * @param path below `/v3`, no trailing slash
 * @throws Fault, to be written in Identity v3's own shape (`errorV3`)
 */
export function handleIdentityV3(
  context: IdentityContext,
  incoming: Incoming,
  path: string,
  place: IdentityPlace,
  readBody: () => JsonValue | undefined,
): IdentityAnswer {
  const visit = { context, incoming, place };
  const method = incoming.method === 'HEAD' ? 'GET' : incoming.method;
  if (path === '' && method === 'GET') return { status: 200, document: { version: versionV3(place.root) } };
  if (path === '/auth/tokens') return handleTokens(visit, method, readBody);
  if (method === 'GET') {
    const document = ownDocument(visit, path);
    if (document) return { status: 200, document, headers: { vary: 'X-Auth-Token' } };
  }
  throw new Fault('itemNotFound', `Identity v3 has nothing for ${incoming.method} ${incoming.path}.`);
}

/** What a user may read of itself; undefined: no path of the service. */
function ownDocument(visit: Visit, path: string): JsonObject | undefined {
  const { context, incoming, place } = visit;
  const [, first, id, rest] = path.split('/');
  const links = { next: null, self: `${place.root}/v3${path}`, previous: null };
  const caller = () => callerToken(incoming, context.tokens, place.home);
  const projects = () => ({
    links,
    projects: caller().user.projects.map((item) => fullProject(visit, item)),
  });
  switch (path) {
    case '/auth/catalog': {
      const { project } = caller();
      if (project === null)
        throw new Fault('forbidden', 'The token is unscoped: there is no catalog for it.');
      return { catalog: catalogOf(visit, project), links };
    }
    case '/auth/projects':
    case '/projects':
      return projects();
    case '/auth/domains':
      return { links, domains: [] };
  }
  if (first === 'users' && rest === 'projects' && caller().user.id === id) return projects();
  if (first === 'users' && rest === undefined && caller().user.id === id)
    return { user: fullUser(visit, caller().user) };
  if (first === 'projects' && id !== undefined && rest === undefined) {
    const found = caller().user.projects.find((item) => item.id === id);
    if (!found) throw new Fault('itemNotFound', `Could not find project: ${id}.`);
    return { project: fullProject(visit, found) };
  }
  return undefined;
}

/** The `version` member that describes Identity v3. @param root no trailing slash */
export function versionV3(root: string): JsonObject {
  return {
    id: 'v3.14',
    status: 'stable',
    updated: '2020-04-07T00:00:00Z',
    links: [{ rel: 'self', href: `${root}/v3/` }],
    'media-types': [{ base: 'application/json', type: 'application/vnd.openstack.identity-v3+json' }],
  };
}

/** A fault in Identity v3's shape. A 401 names the service in `WWW-Authenticate`. @param root no trailing slash */
export function errorV3(fault: Fault, root: string): IdentityAnswer {
  const headers = { ...fault.headers };
  if (fault.code === 401) headers['www-authenticate'] = `Keystone uri="${root}/v3"`;
  const title = titleOf(fault.code);
  return {
    status: fault.code,
    headers,
    document: { error: { code: fault.code, message: fault.message, title } },
  };
}

function handleTokens(visit: Visit, method: string, readBody: () => JsonValue | undefined): IdentityAnswer {
  const { context, incoming, place } = visit;
  if (method === 'POST') return issue(visit, readLoginV3(readBody()));
  if (method !== 'GET' && method !== 'DELETE')
    throw new Fault('badMethod', `${method} is not allowed here.`, {
      headers: { allow: 'GET, HEAD, POST, DELETE' },
    });
  const caller = callerToken(incoming, context.tokens, place.home);
  const id = headerOf(incoming, 'x-subject-token');
  const subject = id === undefined ? undefined : context.tokens.find(id, place.home);
  if (!subject || !maySee(caller, subject)) throw new Fault('itemNotFound', 'There is no such token.');
  if (method === 'GET') return tokenAnswer(visit, subject, 200);
  context.tokens.revoke(subject.id);
  return { status: 204, headers: { vary: 'X-Auth-Token' } };
}

function issue(visit: Visit, login: LoginV3): IdentityAnswer {
  const { context, place } = visit;
  const proven = prove(visit, login);
  if (!proven) throw new Fault('unauthorized', 'The request you have made requires authentication.');
  const { user, credential = null } = proven;
  const project = credential?.project ?? projectOf(user, login.scope);
  const token = context.tokens.issue({
    user,
    methods: [login.method],
    project,
    home: place.home,
    credential,
  });
  return tokenAnswer(visit, token, 201);
}

/** Logins are charged, right or wrong; a token made of another one is a login too. */
function prove({ context, place }: Visit, { proof }: LoginV3): Proven | undefined {
  if (proof.kind === 'token') {
    const token = context.tokens.find(proof.id, place.home);
    if (token) context.logins.charge(token.user.name, place.home);
    return token && { user: token.user };
  }
  context.logins.charge(chargedTo(proof), place.home);
  return context.users.authenticate(proof);
}

/** @throws Fault unauthorized for a project that the user has no role in */
function projectOf(user: User, scope: LoginV3['scope']): Tenant | null {
  if (scope === 'unscoped') return null;
  if (scope === 'default') return user.hasDefaultProject ? user.tenant : null;
  const { id, name, domain } = scope;
  const isDomain =
    (domain?.id ?? user.domain.id) === user.domain.id &&
    (domain?.name ?? user.domain.name) === user.domain.name;
  const found = user.projects.find((project) =>
    id !== undefined ? project.id === id : isDomain && (project.name === name || project.id === name),
  );
  if (!found) throw new Fault('unauthorized', 'The request you have made requires authentication.');
  return found;
}

function tokenAnswer(visit: Visit, token: Token, status: number): IdentityAnswer {
  const { user, project, credential } = token;
  const body: JsonObject = {
    methods: [...token.methods],
    user: { domain: { ...user.domain }, id: user.id, name: user.name, password_expires_at: null },
    audit_ids: [auditId(token)],
    expires_at: microseconds(token.expiresMs),
    issued_at: microseconds(token.issuedMs),
  };
  if (project !== null) {
    body['project'] = { domain: { ...user.domain }, id: project.id, name: project.name };
    body['is_domain'] = false;
    body['roles'] = user.roles.map(({ id, name }) => ({ id, name }));
    if (!visit.incoming.query.has('nocatalog')) body['catalog'] = catalogOf(visit, project);
  }
  if (credential !== null)
    body['application_credential'] = { id: credential.id, name: credential.name, restricted: true };
  return {
    status,
    headers: { 'x-subject-token': token.id, vary: 'X-Auth-Token' },
    document: { token: body },
  };
}

const catalogOf = ({ context, incoming, place }: Visit, project: Tenant): JsonObject[] =>
  catalogV3(project, context.endpoints(incoming), context.catalogForm, place.home);

function fullProject({ context, place }: Visit, { id, name }: Tenant): JsonObject {
  const { domain } = context.users.holding(id) ?? { domain: DEFAULT_DOMAIN };
  return {
    id,
    name,
    domain_id: domain.id,
    description: '',
    enabled: true,
    parent_id: domain.id,
    is_domain: false,
    tags: [],
    options: {},
    links: { self: `${place.root}/v3/projects/${id}` },
  };
}

function fullUser({ place }: Visit, { id, name, domain, tenant }: User): JsonObject {
  return {
    id,
    name,
    domain_id: domain.id,
    default_project_id: tenant.id,
    enabled: true,
    password_expires_at: null,
    options: {},
    links: { self: `${place.root}/v3/users/${id}` },
  };
}

/** Keystone writes microseconds. */
function microseconds(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z');
}

/** An id that tells tokens apart in logs without being one. */
function auditId(token: Token): string {
  return createHash('sha256').update(`audit ${token.id}`).digest('base64url').slice(0, 22);
}
