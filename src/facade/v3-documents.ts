/** What the Identity v3 façade says, in the shapes of Keystone, which clients of that version rely on. Pure. */
import { createHash } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { SluiceToken } from '../access/token.ts';
import type { Fault } from '../faults/faults.ts';
import type { CatalogService, Tenant, Token } from '../identity/token.ts';
import { isJsonObject, type JsonObject } from '../json.ts';
import { type CatalogOptions, facadeCatalog } from './catalog.ts';

/** The one domain there is: accounts of Identity v2.0 know none. */
const DOMAIN = { id: 'default', name: 'Default' };

export interface V3TokenOptions {
  token: Pick<Token, 'user'>;
  sluiceToken: SluiceToken;
  /** undefined: an unscoped token, which has neither project nor catalog. */
  project: { tenant: Tenant; roles: Token['user']['roles']; catalog: JsonObject[] | undefined } | undefined;
}

/** The body of a login and of a validation; the token's id stands in `X-Subject-Token`, never here. */
export function v3TokenDocument({ token, sluiceToken, project }: V3TokenOptions): JsonObject {
  const { id, claims } = sluiceToken;
  const { user } = token;
  const body: JsonObject = {
    methods: [claims.method],
    user: { id: user.id, name: user.name, domain: DOMAIN, password_expires_at: null },
    audit_ids: [digest(`audit ${id}`).slice(0, 22)],
    expires_at: microseconds(claims.expiresAtMs),
    issued_at: microseconds(claims.issuedAtMs),
  };
  if (project) {
    body['project'] = { id: project.tenant.id, name: project.tenant.name, domain: DOMAIN };
    body['is_domain'] = false;
    body['roles'] = project.roles.filter(isJsonObject).map((role) => {
      const name = role['name'] ?? role['id'] ?? '';
      return { id: role['id'] ?? name, name };
    });
    if (project.catalog) body['catalog'] = project.catalog;
  }
  return { token: body };
}

/**
 * The façade's catalog with an endpoint per region and interface. Sluice's own identity service is always in it: clients
 * of v3 look there for projects and for revoking a token.
 */
export function v3Catalog(options: CatalogOptions): JsonObject[] {
  const services = facadeCatalog(options);
  if (!services.some(({ type }) => type === 'identity')) services.push(ownIdentity(services, options));
  return services.map((service) => ({
    id: idOf(service.type, service.name),
    type: service.type,
    name: service.name,
    endpoints: service.endpoints.flatMap((endpoint) => v3Endpoints(service, endpoint)),
  }));
}

/** In every region that Compute has. */
function ownIdentity(services: readonly CatalogService[], { baseUrl }: CatalogOptions): CatalogService {
  const compute = services.find(({ type }) => type === 'compute')?.endpoints ?? [];
  const publicURL = `${baseUrl.replace(/(?<!\/)\/+$/, '')}/v3`;
  const endpoints = compute.flatMap(({ region }) => (region === undefined ? [] : [{ region, publicURL }]));
  return { name: 'sluice', type: 'identity', endpoints };
}

const FACES = ['public', 'internal', 'admin'] as const;

function v3Endpoints(service: CatalogService, endpoint: JsonObject): JsonObject[] {
  const region = endpoint['region'] ?? null;
  return FACES.flatMap((face) => {
    const url = endpoint[`${face}URL`];
    if (typeof url !== 'string') return [];
    const id = idOf(service.type, service.name, face, String(region), url);
    return [{ id, interface: face, region, region_id: region, url }];
  });
}

/** Keystone's ids are 32 hexadecimal digits; these are the same in every answer. */
const idOf = (...parts: string[]): string =>
  createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 32);

export function v3CatalogDocument(catalog: JsonObject[], baseUrl: string): JsonObject {
  return { catalog, links: { self: `${baseUrl}/v3/auth/catalog`, next: null, previous: null } };
}

export function v3ProjectsDocument(tenants: readonly Tenant[], self: string, baseUrl: string): JsonObject {
  return {
    projects: tenants.map((tenant) => projectOf(tenant, baseUrl)),
    links: { self, next: null, previous: null },
  };
}

export function v3ProjectDocument(tenant: Tenant, baseUrl: string): JsonObject {
  return { project: projectOf(tenant, baseUrl) };
}

function projectOf({ id, name }: Tenant, baseUrl: string): JsonObject {
  return {
    id,
    name,
    description: '',
    enabled: true,
    is_domain: false,
    domain_id: DOMAIN.id,
    parent_id: DOMAIN.id,
    tags: [],
    links: { self: `${baseUrl}/v3/projects/${encodeURIComponent(id)}` },
  };
}

/** A fault in Identity v3's shape. */
export function v3ErrorDocument({ code, message }: Fault): JsonObject {
  return { error: { code, message, title: STATUS_CODES[code] ?? 'Error' } };
}

/** Keystone writes microseconds. */
const microseconds = (ms: number): string => new Date(ms).toISOString().replace('Z', '000Z');

const digest = (text: string): string => createHash('sha256').update(text).digest('base64url');
