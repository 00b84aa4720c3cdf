import type { JsonObject } from '../../json.ts';
import type { Token } from './tokens.ts';
import type { Tenant, User } from './users.ts';

/** Where the services are, as the caller reaches them. No URL has a trailing slash. */
export interface Endpoints {
  /** Root of identity and of what has no region, `http://host:port`. */
  origin: string;
  /** One for each region, in the configured order. */
  regions: readonly RegionEndpoints[];
  /** Whether first generation `cloudServers` is listed (v2.0 only). */
  firstGeneration: boolean;
}

/** Roots of one region. */
export interface RegionEndpoints {
  /** Upper case: clients compare it with case. */
  name: string;
  computeRoot: string;
  /** The same region over the provider's own network. */
  internalComputeRoot: string;
  imageRoot: string;
  networkRoot: string;
  volumeRoot: string;
}

/** Tenants of Cloud Files have a name of their own. */
const filesTenant = (tenant: Tenant) => `SimulatedFiles_${tenant.id}`;

/** The catalog of an Identity v2.0 answer: the services of the guide's Example 1.5, images and volumes. */
export function serviceCatalog(
  tenant: Tenant,
  { origin, regions, firstGeneration }: Endpoints,
): JsonObject[] {
  const first = {
    name: 'cloudServers',
    type: 'compute',
    endpoints: [
      {
        publicURL: `${origin}/v1.0/${tenant.id}`,
        tenantId: tenant.id,
        versionId: '1.0',
        versionInfo: `${origin}/v1.0`,
        versionList: `${origin}/`,
      },
    ],
  };
  return [
    {
      name: 'cloudFiles',
      type: 'object-store',
      endpoints: regions.map(({ name }) => ({
        region: name,
        tenantId: filesTenant(tenant),
        publicURL: `${origin}/files/${name.toLowerCase()}/v1/${filesTenant(tenant)}`,
        internalURL: `${origin}/internal/files/${name.toLowerCase()}/v1/${filesTenant(tenant)}`,
      })),
    },
    ...(firstGeneration ? [first] : []),
    {
      name: 'cloudServersOpenStack',
      type: 'compute',
      endpoints: regions.map(({ name, computeRoot, internalComputeRoot }) => ({
        region: name,
        tenantId: tenant.id,
        publicURL: `${computeRoot}/v2/${tenant.id}`,
        internalURL: `${internalComputeRoot}/v2/${tenant.id}`,
        versionId: '2',
        versionInfo: `${computeRoot}/v2`,
        versionList: `${computeRoot}/`,
      })),
    },
    {
      name: 'cloudImages',
      type: 'image',
      endpoints: regions.map(({ name, imageRoot }) => ({
        region: name,
        tenantId: tenant.id,
        publicURL: imageRoot,
      })),
    },
    {
      name: 'cloudBlockStorage',
      type: 'volumev3',
      endpoints: regions.map(({ name, volumeRoot }) => ({
        region: name,
        tenantId: tenant.id,
        publicURL: `${volumeRoot}/v3/${tenant.id}`,
      })),
    },
  ];
}

/** The answer to a login (Example 1.5). */
export function accessDocument(token: Token, endpoints: Endpoints): JsonObject {
  const { serviceCatalog: catalog, ...rest } = {
    ...tokenAndUser(token),
    serviceCatalog: serviceCatalog(token.project ?? token.user.tenant, endpoints),
  };
  return { access: { serviceCatalog: catalog, ...rest } };
}

/** The answer to a validation: no catalog. */
export function validationDocument(token: Token): JsonObject {
  return { access: tokenAndUser(token) };
}

function tokenAndUser({ id, expiresMs, user, project }: Token): JsonObject {
  const tenant = project ?? user.tenant;
  return {
    token: {
      id,
      expires: new Date(expiresMs).toISOString(),
      tenant: { id: tenant.id, name: tenant.name },
    },
    user: userDocument(user),
  };
}

function userDocument(user: User): JsonObject {
  return {
    id: user.id,
    name: user.name,
    'RAX-AUTH:defaultRegion': user.defaultRegion,
    roles: user.roles.map(({ id, name, description }) => ({ id, name, description })),
  };
}
