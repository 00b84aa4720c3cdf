/**
 * What both ends have seen, and nothing else: the checker gets this and no word of what stood between them. All times are
 * ms since the epoch of one machine's clock.
 */

/** How one request to one instance ended, as its caller saw it. */
export type Outcome =
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly headers: Readonly<Record<string, string>>;
      readonly body: string;
    }
  /** No connection: the request was not sent. */
  | { readonly kind: 'unreached' }
  /** The connection ended before the answer was whole. */
  | { readonly kind: 'cut' }
  /** The caller's patience was at its end. */
  | { readonly kind: 'timeout' }
  /** The caller went elsewhere before that: its balancer had found the instance dead. */
  | { readonly kind: 'left' };

/** One request of a caller to one instance. */
export interface Attempt {
  /** Repeats of one request have one number. */
  readonly call: number;
  readonly tenant: string;
  readonly instance: string;
  readonly method: string;
  /** With its region and query: `/dfw/v2/100001/servers/detail`. */
  readonly path: string;
  /** A text that stands in this request's body and in no other's; repeats have the same. */
  readonly mark?: string | undefined;
  /** Its `Idempotency-Key`. */
  readonly key?: string | undefined;
  /** How long it might wait for a slot, ms. */
  readonly maxWaitMs: number;
  readonly sentMs: number;
  readonly endedMs: number;
  readonly outcome: Outcome;
}

/** One request that the region got. */
export interface Exchange {
  /** Upper case; null: identity. */
  readonly region: string | null;
  readonly method: string;
  /** As the region was asked, with its query. */
  readonly path: string;
  readonly token: string | undefined;
  readonly body: string;
  readonly receivedMs: number;
  /** What it did; undefined: nothing. */
  readonly done: { readonly status: number; readonly body: string; readonly atMs: number } | undefined;
  readonly fate: 'answered' | 'refused' | 'broken' | 'reset' | 'hang' | 'truncate';
  /** What was answered, if anything was. */
  readonly status: number | undefined;
  readonly departedMs: number;
}

/** Something was taken away or slowed down, from when to when. */
export interface Disturbance {
  readonly lane: 'cloud' | 'redis' | 'instance';
  readonly kind: string;
  /** The instance, if it was one. */
  readonly instance?: string | undefined;
  readonly fromMs: number;
  readonly untilMs: number;
}

/** The process of the cloud and the callers did nothing, from when to when: what it has written down of that time is late. */
export interface Standstill {
  readonly fromMs: number;
  readonly untilMs: number;
}

/** A server as it was at the end, asked for at the region itself. */
export interface FinalServer {
  readonly id: string;
  readonly name: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/** What there is of one tenant in one region when all is over. */
export interface FinalState {
  readonly tenant: string;
  readonly region: string;
  readonly servers: readonly FinalServer[];
}

/** Limits, and what the callers were promised. */
export interface Terms {
  /** By tenant: what stands in everything of its own, and in nothing of others. */
  readonly markers: Readonly<Record<string, string>>;
  /** What no region may hear: keys of callers. */
  readonly callersSecrets: readonly string[];
  /** Requests that a user may make of a region in each second. */
  readonly requestsPerSecond: number;
  readonly instances: number;
  /** How long beside `maxWaitMs` an answer may take: attempts at a region, looks for what a create has made, ms. */
  readonly allowanceMs: number;
  /** How old a cached answer may be, by first segment of the path below the tenant, ms. */
  readonly staleMs: Readonly<Record<string, number>>;
}

/** Both ends' logs, whole. */
export interface Logs {
  readonly terms: Terms;
  readonly attempts: readonly Attempt[];
  readonly exchanges: readonly Exchange[];
  readonly disturbances: readonly Disturbance[];
  readonly standstills: readonly Standstill[];
  readonly final: readonly FinalState[];
}

/** Something that must not be. */
export interface Finding {
  readonly rule:
    | 'wrong answer'
    | 'unexplained status'
    | 'foreign byte'
    | 'duplicate create'
    | 'lost write'
    | 'early refusal'
    | 'no answer'
    | 'no recovery'
    | 'crash';
  readonly atMs: number;
  readonly text: string;
}
