import type { JsonObject, JsonValue } from '../json.ts';

/** One service of a catalog, with every member the identity service sent. */
export interface CatalogService extends JsonObject {
  name: string;
  type: string;
  endpoints: JsonObject[];
}

/** The service catalog as an Identity v2.0 answer holds it (guide, section 1.3.3). */
export type ServiceCatalog = readonly CatalogService[];

/** A project of the cloud; its id is the account number in every URL. */
export interface Tenant {
  readonly id: string;
  readonly name: string;
}

/** Who the upstream says the token belongs to. */
export interface TokenUser {
  readonly id: string;
  readonly name: string;
  /** Roles as the upstream sent them. */
  readonly roles: readonly JsonValue[];
  /** `RAX-AUTH:defaultRegion`, as the upstream spells it. */
  readonly defaultRegion?: string;
}

/** An upstream token with all that came with it. Its id is a secret: never logged, never sent to a caller. */
export interface Token {
  readonly id: string;
  /** Wall time in ms, on our clock, from which regions no longer accept it. */
  readonly expiresAtMs: number;
  /** Wall time in ms, on our clock, when this token id was first received. */
  readonly issuedAtMs: number;
  readonly tenant: Tenant;
  readonly user: TokenUser;
  readonly catalog: ServiceCatalog;
  /** Endpoints that the catalog had beyond what is kept; undefined: none. */
  readonly leftOut?: number;
}
