import { randomBytes } from 'node:crypto';
import { type Answer, type Exchange, json, noContent, type StubRequest, text } from './stub-answers.ts';
import { type Listener, listen, type Party } from './stub-listener.ts';
import { createStubRegion, type Reachable, type StubRegion } from './stub-region.ts';
import { createScript, type Script } from './stub-script.ts';

/** Who may log in at the scripted Keystone. Never used anywhere else, so that a log can be searched for the secrets. */
export const KEYSTONE_USER = {
  id: '8b80d23c32c747cdbbc1f584e1ae7b30',
  name: 'stub-mara',
  domain: { id: '1f2e3d4c5b6a79880716253443526170', name: 'rackspace_cloud_domain' },
  password: 'stub-keystone-password-5c1a',
} as const;

export const KEYSTONE_PROJECT = {
  id: 'b07a592c28d3438098bb3440c05897e2',
  name: 'team-a',
  domain: { id: 'default', name: 'Default' },
} as const;

export const KEYSTONE_CREDENTIAL = {
  id: '21dced0fd20347869b93710d2b98aae0',
  name: 'stub-ci',
  secret: 'stub-credential-secret-77f0',
} as const;

/** A Keystone with regions behind it: answers have the form that Keystone 22 was seen to give. Identity v3 alone. */
export interface StubKeystone {
  /** Without a version, with the prefix. */
  readonly rootUrl: string;
  /** Ending in `/v3`. */
  readonly identityUrl: string;
  /** Scripts, counters and gates, by paths below the prefix: `POST /v3/auth/tokens`, `GET /`. */
  readonly identity: Script & Reachable;
  /** The tokens given out, in order. */
  readonly tokens: readonly string[];
  /** Makes every token given out so far worthless. */
  revokeAll(): void;
  region(name: string): StubRegion;
  close(): Promise<void>;
}

export interface StubKeystoneOptions {
  regions?: readonly string[];
  /** Path before the version: `/identity`. */
  prefix?: string;
  /** Whether the user has a default project. */
  hasDefaultProject?: boolean;
  projectId?: string;
  /** Changes the catalog before it goes out. */
  catalog?: (own: unknown[]) => unknown[];
  tokenLifeMs?: number;
  now?: () => number;
}

export async function startStubKeystone(options: StubKeystoneOptions = {}): Promise<StubKeystone> {
  const { regions: names = ['DFW'], prefix = '', now = Date.now, tokenLifeMs = 86_400_000 } = options;
  const project = { ...KEYSTONE_PROJECT, id: options.projectId ?? KEYSTONE_PROJECT.id };
  const listeners: Listener[] = [];
  const regions = new Map<string, StubRegion>();
  const expiry = new Map<string, number>();
  const documents = new Map<string, unknown>();
  const tokens: string[] = [];

  const login: Answer = (exchange) => {
    const auth = readAuth(exchange.request);
    if (auth === undefined) return badRequest(exchange);
    const scope = scopeOf(auth, project, options.hasDefaultProject === true);
    const isRescoped = auth.identity.methods[0] === 'token' && accepts(auth.identity.token?.id);
    if (!(isRescoped || isKnown(auth)) || scope === 'none') return wrong(exchange);
    const token = `gAAAAA${randomBytes(132).toString('base64url')}=`;
    const expires = now() + tokenLifeMs;
    const scoped = scope === 'project' ? { project, catalog: catalogOf(regions.values()) } : {};
    const document = tokenDocument(auth.identity.methods, expires, now(), scoped, options.catalog);
    tokens.push(token);
    expiry.set(token, expires);
    documents.set(token, document);
    const headers = { 'x-subject-token': token, vary: 'X-Auth-Token' };
    return json(document, 201, headers)(exchange);
  };
  const subject: Answer = (exchange) => {
    const { method, headers } = exchange.request;
    const [caller, id] = ['x-auth-token', 'x-subject-token'].map((name) => headers[name] as string);
    if (!accepts(caller)) return wrong(exchange);
    if (!accepts(id)) return error(404, 'Not Found', 'Could not find token.')(exchange);
    if (method === 'DELETE') expiry.delete(id!);
    return method === 'DELETE' ? noContent()(exchange) : json(documents.get(id!))(exchange);
  };
  const accepts = (token: string | undefined) => token !== undefined && (expiry.get(token) ?? 0) > now();
  const script = createScript((exchange) => {
    const { method, path } = exchange.request;
    if (method === 'POST' && path === '/v3/auth/tokens') return login(exchange);
    if (path === '/v3' || path === '/v3/')
      return json({ version: version(exchange.request, prefix) })(exchange);
    if (path === '/' || path === '')
      return json({ versions: { values: [version(exchange.request, prefix)] } }, 300)(exchange);
    if (path === '/v3/auth/tokens') return subject(exchange);
    return text('<!doctype html>\n<title>404 Not Found</title>\n', 404, { 'content-type': 'text/html' })(
      exchange,
    );
  });
  const party: Party = {
    handle: script.handle,
    nameOf: (path) =>
      path === prefix || path.startsWith(`${prefix}/`) ? path.slice(prefix.length) : undefined,
  };
  const main = await listen([party]);
  listeners.push(main);
  for (const name of names) {
    const parties: Party[] = [];
    const listener = await listen(parties);
    listeners.push(listener);
    const made = createStubRegion({ name, prefix: '', tenant: project.id, listener, accepts, now });
    regions.set(name, made.region);
    parties.push(made.party);
  }
  return {
    rootUrl: `${main.origin}${prefix}`,
    identityUrl: `${main.origin}${prefix}/v3`,
    identity: { ...script, refuse: main.refuse, accept: main.accept },
    tokens,
    revokeAll: () => expiry.clear(),
    region(name) {
      const region = regions.get(name);
      if (!region) throw new Error(`the stub Keystone was started without a region ${name}`);
      return region;
    },
    async close() {
      await Promise.all(listeners.map((listener) => listener.close()));
    },
  };
}

interface Named {
  id?: string;
  name?: string;
  domain?: Named;
}
interface Auth {
  identity: {
    methods: string[];
    password?: { user: Named & { password: string } };
    application_credential?: Named & { secret: string; user?: Named };
    token?: { id: string };
  };
  scope?: { project?: Named };
}

/** Keystone reads no chunked body. */
function readAuth({ body, headers }: StubRequest): Auth | undefined {
  if (headers['content-length'] === undefined) return undefined;
  try {
    const { auth } = JSON.parse(body) as { auth?: Auth };
    return Array.isArray(auth?.identity.methods) ? auth : undefined;
  } catch {
    return undefined;
  }
}

/** By its id, or by its name in a domain that is named by its id or its name; a name without a domain is nobody's. */
function isMeant(given: Named | undefined, known: { id: string; name: string; domain?: Named }): boolean {
  if (given?.id !== undefined) return given.id === known.id;
  if (given?.name !== known.name) return false;
  if (known.domain === undefined) return true;
  const { domain } = given;
  if (domain?.id !== undefined) return domain.id === known.domain.id;
  return domain?.name !== undefined && domain.name === known.domain.name;
}

function isKnown({ identity }: Auth): boolean {
  const { password, application_credential: application } = identity;
  if (identity.methods[0] === 'password')
    return isMeant(password?.user, KEYSTONE_USER) && password?.user.password === KEYSTONE_USER.password;
  if (application === undefined || application.secret !== KEYSTONE_CREDENTIAL.secret) return false;
  if (application.id !== undefined) return application.id === KEYSTONE_CREDENTIAL.id;
  return application.name === KEYSTONE_CREDENTIAL.name && isMeant(application.user, KEYSTONE_USER);
}

function scopeOf(
  { identity, scope }: Auth,
  project: { id: string; name: string; domain: Named },
  hasDefault: boolean,
): 'project' | 'unscoped' | 'none' {
  // "Application credentials cannot request a scope."
  if (identity.methods[0] === 'application_credential') return scope === undefined ? 'project' : 'none';
  if (scope?.project === undefined) return hasDefault ? 'project' : 'unscoped';
  return isMeant(scope.project, project) ? 'project' : 'none';
}

function tokenDocument(
  methods: readonly string[],
  expires: number,
  issued: number,
  scoped: { project?: unknown; catalog?: unknown[] },
  change: (own: unknown[]) => unknown[] = (own) => own,
): unknown {
  const { id, name, domain } = KEYSTONE_USER;
  const { project, catalog } = scoped;
  const rest =
    project === undefined
      ? {}
      : {
          project,
          is_domain: false,
          roles: [{ id: '456db795655c4409895e96505665aa2e', name: 'member' }],
          catalog: change(catalog ?? []),
        };
  return {
    token: {
      methods,
      user: { domain, id, name, password_expires_at: null },
      audit_ids: ['kYyhzEpcTOSc9rcvdIHpCQ'],
      expires_at: microseconds(expires),
      issued_at: microseconds(issued),
      ...rest,
    },
  };
}

const microseconds = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, '.000000Z');

/** Endpoints of all regions and interfaces in an order that means nothing, one service after another. */
function catalogOf(regions: Iterable<StubRegion>): unknown[] {
  const compute = [...regions].flatMap(({ name, url }, index) =>
    ['admin', 'public', 'internal'].map((face) => ({
      id: `${index}${face}`,
      interface: face,
      region_id: name,
      url,
      region: name,
    })),
  );
  return [
    { endpoints: [], id: '5639094061f247479806dff69d5d4c30', type: 'identity', name: 'keystone' },
    { endpoints: compute.reverse(), id: '16735c3ccfe3452781ec758ffa27202e', type: 'compute', name: 'nova' },
  ];
}

function version({ origin }: StubRequest, prefix: string): unknown {
  return {
    id: 'v3.14',
    status: 'stable',
    updated: '2020-04-07T00:00:00Z',
    links: [{ rel: 'self', href: `${origin}${prefix}/v3/` }],
    'media-types': [{ base: 'application/json', type: 'application/vnd.openstack.identity-v3+json' }],
  };
}

const error = (code: number, title: string, message: string, headers: Record<string, string> = {}): Answer =>
  json({ error: { code, message, title } }, code, headers);

const badRequest = error(400, 'Bad Request', 'Expecting to find auth in request body.');

function wrong(exchange: Exchange): void | Promise<void> {
  const challenge = { 'www-authenticate': `Keystone uri="${exchange.request.origin}/v3"` };
  const message = 'The request you have made requires authentication.';
  return error(401, 'Unauthorized', message, challenge)(exchange);
}
