/** What locate.ts finds a request to be: one kind for each branch that answers. */
import type { Call } from '../http/call.ts';
import type { RequestFacts } from '../http/request-facts.ts';
import type { Params } from '../operations/match.ts';
import type { Operation } from '../operations/operation.ts';
import type { Account, Place } from '../routing/directory.ts';
import type { ServicePlace } from '../routing/service-place.ts';
import type { OperationRequest } from './operation-request.ts';

/** A request and what it is; its call bears client, format, account, region and operation for the log, too. */
export type Located<C extends RequestFacts = Call> =
  | LocatedOperation<C>
  | LocatedAction<C>
  | LocatedPassthrough<C>
  | LocatedVersions<C>
  | LocatedList<C>
  | LocatedIdentity<C>;

/** An operation of the guide, below a tenant. */
export interface LocatedOperation<C extends RequestFacts = Call> extends OperationRequest<C> {
  readonly kind: 'operation';
}

/** `POST …/action`: which operation it is only its body tells, see `locateAction`. */
export interface LocatedAction<C extends RequestFacts = Call> {
  readonly kind: 'action';
  readonly call: C;
  readonly place: Place;
  readonly params: Params;
  /** See `OperationRequest`. */
  readonly path: string;
  readonly query: string;
}

/** What streams through: a path of Compute that the guide does not know, or another service of the catalog. */
export interface LocatedPassthrough<C extends RequestFacts = Call> {
  readonly kind: 'passthrough';
  readonly call: C;
  readonly place: Place | ServicePlace;
  /** Below the region's endpoint, canonical; below another service's as the caller wrote it, or empty. */
  readonly path: string;
  /** Without `?`; canonical for Compute, for another service as the caller wrote it. */
  readonly query: string;
  /** What the table has of another service's request, if anything. */
  readonly matched?: { readonly operation: Operation; readonly params: Params };
}

/** The version documents of a region. */
export interface LocatedVersions<C extends RequestFacts = Call> {
  readonly kind: 'versions';
  readonly call: C;
  /** Undefined for those of every region at once. */
  readonly place: Place | undefined;
  /** The one whose details are asked; undefined: the list. */
  readonly version: string | undefined;
}

/** A list of every region of an account. */
export interface LocatedList<C extends RequestFacts = Call> {
  readonly kind: 'everywhere';
  readonly call: C;
  readonly account: Account;
  readonly version: string | undefined;
  /** Below a tenant, canonical, without format suffix. */
  readonly path: string;
}

/** A login at the façade, or a document beside it: no account is known before its body or its token is read. */
export interface LocatedIdentity<C extends RequestFacts = Call> {
  readonly kind: 'identity';
  readonly call: C;
  readonly path: string;
  readonly isV3: boolean;
}
