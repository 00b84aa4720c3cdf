import type { Call } from '../http/call.ts';
import type { RequestFacts } from '../http/request-facts.ts';
import type { Params } from '../operations/match.ts';
import type { Operation } from '../operations/operation.ts';
import type { Place } from '../routing/directory.ts';

/** A request for an operation of the table, whoever reads it from the wire. */
export interface OperationRequest<C extends RequestFacts = Call> {
  readonly call: C;
  /** Its canonical path below the operation's scope, without format suffix; the whole of it at another service. */
  readonly path: string;
  /** The query it asks its region with, see `routing/asked-query.ts`. */
  readonly query: string;
  readonly operation: Operation;
  readonly params: Params;
  readonly place: Place;
  /** What a successful answer's JSON text is made into before its links are rewritten; usually nothing. */
  readonly adapt?: (text: string) => string;
  /** What tells this adaptation from others of the same cached answer. */
  readonly rendition?: string;
}

/** A read that memory may answer at once: nothing of its caller is needed but what it asks. */
export type OperationRead = OperationRequest<RequestFacts>;
