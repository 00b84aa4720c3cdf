import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import type { Permit, Priority } from '../limits/slot-request.ts';
import type { Operation } from '../operations/operation.ts';
import type { Place } from '../routing/directory.ts';
import type { Span } from '../telemetry/tracing.ts';
import type { Cancellation } from './cancellation.ts';
import type { Spending } from './spending.ts';
import type { Holding } from './stream-exchange.ts';

/** A body that is sent while it comes in: once, unless nothing of it has been read. */
export interface StreamedBody {
  readonly stream: Readable;
  /** Bytes; undefined: nobody knows before its end, and it goes up in chunks. */
  readonly length: number | undefined;
}

/** What every request to a region says, on whosever behalf it is made. */
export interface RegionRequest {
  readonly method: string;
  readonly place: Place;
  /** Path below the endpoint, `/servers/1`, or at the origin for another service; `ProxiedRequest` says below what else. */
  readonly path: string;
  /** Raw query without `?`, with nothing of Sluice's own in it. */
  readonly query: string;
  /** The caller's headers. */
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer | string | StreamedBody | undefined;
  readonly client: string;
  /** The client again where it is a configured one: the region is told its name. */
  readonly knownClient?: string | undefined;
  /** The caller's own upstream token, which goes up as it is; undefined: the account's. */
  readonly ownToken?: string | undefined;
  readonly priority: Priority;
  /** Of the caller's request, for lines about decisions; undefined: nobody wants them. */
  readonly requestId?: string | undefined;
  /** Longest wait for slots, ms. */
  readonly maxWaitMs: number;
  /** Called before each attempt is sent, with its slot in hand; what it throws ends the request unsent. */
  readonly beforeSending?: (() => Promise<void> | undefined) | undefined;
  readonly cancellation: Cancellation | undefined;
  /** What this is a part of, where that is traced. */
  readonly trace?: Span | undefined;
  /** Where its cost is added when it ends in a fault: no answer says it then. */
  readonly spending?: Spending | undefined;
  /** Told when it begins to wait for a slot, and when that is over. */
  readonly waiting?: WaitWatch | undefined;
}

/** Whoever wants to know that a request waits for a slot. */
export interface WaitWatch {
  begin(): void;
  /** @param isGranted it has its slot, and is sent next unless it is cancelled now */
  end(isGranted: boolean): void;
  /** It will not have one: its wait would be longer than it may be, or too many wait. */
  refused(): void;
}

/** An operation of the guide, asked of a region; its answer is wanted whole. */
export interface UpstreamRequest extends RegionRequest {
  readonly operation: Operation;
  readonly body: Buffer | string | undefined;
  /** The answer may be served to other callers. */
  readonly shared: boolean;
  /** What the first attempt is sent with, where it was given already. */
  readonly permit?: Permit;
}

/** What goes through as it is, answer and all. */
export interface ProxiedRequest extends RegionRequest {
  /** Path at the endpoint's origin below which `path` stands; empty: `path` is the whole of it. */
  readonly base: string;
  /** Name of its operation in metrics. */
  readonly label: string;
  /** It is for Compute, see `RequestKind`. */
  readonly isCompute: boolean;
  readonly body: Buffer | StreamedBody | undefined;
  /** Which answers are held until they are whole. */
  readonly holding: Holding;
}

/** Whether a body is sent while it comes in. */
export function isStreamed(body: RegionRequest['body']): body is StreamedBody {
  return typeof body === 'object' && !(body instanceof Uint8Array);
}

/** Whether all of a body is still here: a connection that could not be made has read nothing of a streamed one. */
export function isWhole(body: RegionRequest['body']): boolean {
  return !isStreamed(body) || (!body.stream.readableDidRead && !body.stream.destroyed);
}
