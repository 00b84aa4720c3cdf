import type { SluiceToken } from '../access/token.ts';
import type { JsonObject } from '../json.ts';
import { type CatalogOptions, facadeCatalog } from './catalog.ts';

export interface AccessOptions extends CatalogOptions {
  sluiceToken: SluiceToken;
}

/** The answer to a login (guide, Example 1.5): Sluice's token, the account's tenant and user, and the façade's catalog. */
export function accessDocument(options: AccessOptions): JsonObject {
  const { token, sluiceToken } = options;
  return {
    access: {
      token: {
        id: sluiceToken.id,
        expires: formatExpires(sluiceToken.claims.expiresAtMs),
        tenant: { id: token.tenant.id, name: token.tenant.name },
      },
      serviceCatalog: facadeCatalog(options),
      user: userDocument(options),
    },
  };
}

/** `…Z` in whole seconds: the one form that no client stumbles over. */
export function formatExpires(timeMs: number): string {
  return new Date(timeMs).toISOString().replace(/\.\d+Z$/, 'Z');
}

function userDocument({ token: { user }, defaultRegion }: AccessOptions): JsonObject {
  const region = defaultRegion ?? user.defaultRegion;
  return {
    id: user.id,
    name: user.name,
    roles: [...user.roles],
    ...(region === undefined ? {} : { 'RAX-AUTH:defaultRegion': region }),
  };
}
