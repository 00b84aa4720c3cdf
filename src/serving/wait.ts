import type { RequestFacts } from '../http/request-facts.ts';
import type { Priority } from '../limits/slot-request.ts';

/** A configured client: its weight in the queue and how long its requests may wait. */
export interface ClientSettings {
  name: string;
  share: number;
  /** ms; null: the global bound. */
  maxWaitMs: number | null;
}

/** Callers that name no configured client share one entry, in the queue and in metrics. */
export const ANONYMOUS = 'anonymous';

/** Whose requests Sluice's own are, in the queue and in metrics. */
export const BACKGROUND = 'sluice';

/** `X-Sluice-Priority: batch` lets others go first. */
export function priorityOf(call: RequestFacts): Priority {
  return call.header('x-sluice-priority')?.trim().toLowerCase() === 'batch' ? 'batch' : 'interactive';
}

/**
 * The longest a request may wait for a slot, ms: the smallest of the global bound, its client's, and what the caller
 * says with `X-Sluice-Max-Wait` (ms) or `Prefer: wait=N` (seconds, RFC 7240, section 4.3).
 */
export function longestWaitMs(
  call: RequestFacts,
  globalMs: number,
  client: ClientSettings | undefined,
): number {
  const own = number(call.header('x-sluice-max-wait'));
  return Math.min(
    globalMs,
    client?.maxWaitMs ?? Number.POSITIVE_INFINITY,
    own ?? Number.POSITIVE_INFINITY,
    preferredWaitMs(call) ?? Number.POSITIVE_INFINITY,
  );
}

/** More than this nobody waits, whatever the caller says, s. */
const LONGEST_PREFERRED_S = 86_400;

/** What the caller says with `Prefer: wait=N`, ms. */
export function preferredWaitMs(call: RequestFacts): number | undefined {
  const seconds = /(?:^|[,;\s])wait\s*=\s*"?(\d+)"?\s*(?:[,;]|$)/i.exec(call.header('prefer') ?? '')?.[1];
  return seconds === undefined ? undefined : Math.min(Number(seconds), LONGEST_PREFERRED_S) * 1000;
}

function number(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,12}$/.test(text.trim()) ? Number(text) : undefined;
}
