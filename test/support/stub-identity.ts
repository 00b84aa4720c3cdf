import { type Answer, fault, json, noContent, type StubRequest } from './stub-answers.ts';
import type { Party } from './stub-listener.ts';
import { createScript, type Script } from './stub-script.ts';

/** Whom the stub's identity service lets in. Never used anywhere else, so that a log can be searched for them. */
export const STUB_CREDENTIALS = {
  username: 'stub-operator',
  apiKey: 'stub-api-key-7d1f',
  password: 'stub-password-9e2c',
} as const;

/** What the identity service is set up with. */
export interface StubIdentityOptions {
  tenant: string;
  /** The catalog's `serviceCatalog`, asked for at each login. */
  catalog: () => unknown[];
  defaultRegion: string;
  /** How long a token lives, ms. */
  tokenLifeMs: number;
  /** What the ids of tokens begin with; a number follows. */
  tokenPrefix: string;
  /** Wall time, ms since the epoch. */
  now: () => number;
}

/** The scripted Identity v2.0 service. Paths are named below `/v2.0`: `POST /tokens`. */
export interface StubIdentity extends Script {
  /** What a region asks: is this a live token? */
  accepts(token: string | undefined): boolean;
  /** Makes every token given out so far worthless. */
  revokeAll(): void;
  /** The tokens given out, in order. */
  readonly tokens: readonly string[];
}

export function createStubIdentity(options: StubIdentityOptions): {
  service: StubIdentity;
  party: Party;
  accepts: StubIdentity['accepts'];
} {
  const expiry = new Map<string, number>();
  const tokens: string[] = [];

  const login: Answer = (exchange) => {
    if (!isKnown(exchange.request)) return wrongCredentials(exchange);
    const id = `${options.tokenPrefix}${tokens.length + 1}`;
    const expires = options.now() + options.tokenLifeMs;
    tokens.push(id);
    expiry.set(id, expires);
    return json(accessOf(options, id, expires))(exchange);
  };
  const accepts = (token: string | undefined) =>
    token !== undefined && (expiry.get(token) ?? 0) > options.now();
  const tenants: Answer = json({ tenants: [{ id: options.tenant, name: options.tenant, enabled: true }] });

  const fallback: Answer = (exchange) => {
    const { method, path, headers } = exchange.request;
    if (method === 'POST' && path === '/tokens') return login(exchange);
    if (!accepts(headers['x-auth-token'] as string | undefined)) return wrongCredentials(exchange);
    if (method === 'GET' && path === '/tenants') return tenants(exchange);
    const id = path.startsWith('/tokens/') ? path.slice('/tokens/'.length) : '';
    if (!expiry.has(id)) return fault('itemNotFound', 404, 'The stub knows no such token.')(exchange);
    if (method !== 'DELETE') return json(accessOf(options, id, expiry.get(id)!))(exchange);
    expiry.delete(id);
    return noContent()(exchange);
  };

  const script = createScript(fallback);
  return {
    accepts,
    service: { ...script, accepts, tokens, revokeAll: () => expiry.clear() },
    party: {
      handle: script.handle,
      nameOf: (path) => (path.startsWith('/v2.0/') ? path.slice('/v2.0'.length) : undefined),
    },
  };
}

const wrongCredentials = fault('unauthorized', 401, 'The stub does not know these credentials.');

function isKnown(request: StubRequest): boolean {
  try {
    const { auth } = JSON.parse(request.body) as { auth: Record<string, Record<string, string>> };
    const key = auth['RAX-KSKEY:apiKeyCredentials'];
    const password = auth['passwordCredentials'];
    const { username, apiKey } = STUB_CREDENTIALS;
    if (key) return key['username'] === username && key['apiKey'] === apiKey;
    return password?.['username'] === username && password['password'] === STUB_CREDENTIALS.password;
  } catch {
    return false;
  }
}

function accessOf(options: StubIdentityOptions, id: string, expires: number): unknown {
  const { tenant, defaultRegion } = options;
  return {
    access: {
      token: { id, expires: new Date(expires).toISOString(), tenant: { id: tenant, name: tenant } },
      user: {
        id: '4242',
        name: STUB_CREDENTIALS.username,
        'RAX-AUTH:defaultRegion': defaultRegion,
        roles: [{ id: '3', name: 'identity:user-admin', description: 'Stub role' }],
      },
      serviceCatalog: options.catalog(),
    },
  };
}
