import type { ExchangeError } from './exchange.ts';

/**
 * What comes after an attempt: the one decision about refused tokens, rate limits and repeats, for whatever is asked of
 * a region. Pure; `RegionCall` does what it says.
 */

/** How far a request has come. Each kind of further attempt is counted by itself and has a bound of its own. */
export interface AttemptState {
  readonly method: string;
  /** How often it may be sent again after a failure that passes; the configuration's `upstream.retries`. */
  readonly retries: number;
  /** Sent again after a failure. */
  readonly repeats: number;
  /** Sent again after a rate limit's refusal. */
  readonly waits: number;
  /** Sent again after a refused token. */
  readonly renewals: number;
  /** It has been sent with a token that was got because another was refused. */
  readonly hasNewToken: boolean;
  /** It goes with a token of its caller's own, which nobody here can replace. */
  readonly isOwnToken: boolean;
}

/** How an attempt ended. */
export type AttemptOutcome =
  | {
      readonly kind: 'answer';
      readonly status: number;
      /** It is a rate limit's refusal: the request was not executed. */
      readonly isOverLimit: boolean;
      /** The caller may still wait for a slot. */
      readonly mayWait: boolean;
      /** False when the body was streamed and is gone. */
      readonly canRepeat: boolean;
      /** False when too much has been repeated of late, see `RetryBudget`. */
      readonly hasBudget: boolean;
    }
  | {
      readonly kind: 'failure';
      readonly failure: ExchangeError['kind'];
      readonly canRepeat: boolean;
      readonly hasBudget: boolean;
    };

/** What to do next. `reason` is the label of `sluice_upstream_retries_total`. */
export type NextStep =
  /** The answer goes to whoever asked. */
  | { readonly kind: 'done' }
  /** Replace the token, then send again. */
  | { readonly kind: 'renew'; readonly reason: 'unauthorized' }
  /** Wait for a slot, then send again. */
  | { readonly kind: 'wait'; readonly reason: 'overlimit' }
  /** Send again after a pause. */
  | { readonly kind: 'repeat'; readonly reason: string; readonly delayMs: number }
  /** There is no answer that whoever asked could use: a fault instead. */
  | { readonly kind: 'fail'; readonly why: FailReason };

/** Why there is no answer: `spoilt`: a token was refused, and what was sent is gone; `unauthorized`: so was a new one. */
export type FailReason = 'spoilt' | 'unauthorized' | 'overlimit' | 'failure';

/** How often a rate limit's refusal is waited out even when its caller's time is up; then it goes to the caller after all. */
const MAX_WAITS = 5;
/**
 * How often a token is replaced: a fresh one is given a second chance first (identity replicates), so that the same one may
 * come back once.
 */
const MAX_RENEWALS = 2;

const SAFE = new Set(['GET', 'HEAD', 'DELETE']);
const TRANSIENT = new Set([502, 503, 504]);
const PASSING = new Set<ExchangeError['kind']>(['refused', 'reset', 'broken']);

const DONE: NextStep = { kind: 'done' };
const RENEW: NextStep = { kind: 'renew', reason: 'unauthorized' };
const WAIT: NextStep = { kind: 'wait', reason: 'overlimit' };

/** The state before the first attempt. */
export function firstAttempt(method: string, retries: number, isOwnToken = false): AttemptState {
  return { method, retries, repeats: 0, waits: 0, renewals: 0, hasNewToken: false, isOwnToken };
}

/**
 * Only what is safe is repeated: GET, HEAD and DELETE, when the upstream could not be reached, broke the connection or
 * said 502, 503 or 504, and only while there is a budget for it. A POST or PUT that may have arrived never is: the caller is told instead. What was refused
 * before it was executed, for its token or for a rate, is sent again whatever it is, as long as its body is there.
 *
 * A refusal that a caller could not do anything about, of a token it never saw or of a rate it did not spend, is a fault
 * that says when to come back: a 401 would tell it that its own credentials are wrong. That of its own token is its answer.
 *
 * @param random 0 to 1, for the jitter
 */
export function decideNext(state: AttemptState, outcome: AttemptOutcome, random: number): NextStep {
  if (outcome.kind === 'failure')
    return repeatOf(state, outcome, outcome.failure, random) ?? failed('failure');
  const { status, isOverLimit, mayWait, canRepeat } = outcome;
  if (status < 400) return DONE;
  if (status === 401) return afterRefusedToken(state, canRepeat);
  if (isOverLimit) {
    if (!canRepeat) return failed('overlimit');
    return mayWait || state.waits < MAX_WAITS ? WAIT : DONE;
  }
  if (!TRANSIENT.has(status)) return DONE;
  return repeatOf(state, outcome, String(status), random) ?? DONE;
}

function afterRefusedToken(
  { renewals, hasNewToken, isOwnToken }: AttemptState,
  canRepeat: boolean,
): NextStep {
  if (isOwnToken) return DONE;
  if (hasNewToken || renewals >= MAX_RENEWALS) return failed('unauthorized');
  return canRepeat ? RENEW : failed('spoilt');
}

/** A repeat, if there is to be one; undefined: what came is final. */
function repeatOf(
  { method, retries, repeats }: AttemptState,
  outcome: AttemptOutcome,
  reason: string,
  random: number,
): NextStep | undefined {
  if (outcome.kind === 'failure' && !PASSING.has(outcome.failure)) return undefined;
  if (!outcome.canRepeat || repeats >= retries || !SAFE.has(method)) return undefined;
  // The other side has closed a connection that was kept alive: another one is there at once, and nobody had it before.
  const isStale = reason === 'reset' && repeats === 0;
  if (!outcome.hasBudget && !isStale) return undefined;
  return { kind: 'repeat', reason, delayMs: isStale ? 0 : Math.round(50 * 2 ** repeats * (0.5 + random)) };
}

const failed = (why: FailReason): NextStep => ({ kind: 'fail', why });

/**
 * The state after a step that leads to another attempt.
 *
 * @param hasNewToken after a renewal: the token is another one than that which was refused
 */
export function stateAfter(state: AttemptState, step: NextStep, hasNewToken = false): AttemptState {
  switch (step.kind) {
    case 'renew':
      return { ...state, renewals: state.renewals + 1, hasNewToken };
    case 'wait':
      return { ...state, waits: state.waits + 1 };
    case 'repeat':
      return { ...state, repeats: state.repeats + 1 };
    default:
      return state;
  }
}
