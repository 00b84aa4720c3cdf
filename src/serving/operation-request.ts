import type { Call } from '../http/call.ts';
import type { RequestFacts } from '../http/request-facts.ts';
import type { Params } from '../operations/match.ts';
import type { Operation } from '../operations/operation.ts';
import type { Place } from '../routing/directory.ts';

/** A read below a tenant that is an operation of the guide, whoever reads it from the wire. */
export interface OperationRead {
  readonly call: RequestFacts;
  /** Its canonical path below the operation's scope, without format suffix. */
  readonly target: { path: string };
  readonly operation: Operation;
  readonly params: Params;
  readonly place: Place;
  /** The query it asks its region with, see `routing/asked-query.ts`. */
  readonly query: string;
  /** What a successful answer's JSON text is made into before its links are rewritten; usually nothing. */
  readonly adapt?: (text: string) => string;
  /** What tells this adaptation from others of the same cached answer. */
  readonly rendition?: string;
}

/** A request of Node's for an operation of the guide: it may wait, fail and have a body. */
export interface OperationRequest extends OperationRead {
  readonly call: Call;
}
