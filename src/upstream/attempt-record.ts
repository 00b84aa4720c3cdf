import { describeLimit } from '../limits/published/limit.ts';
import type { Permit, Refusal } from '../limits/slot-request.ts';
import { statusLabel } from '../telemetry/status-label.ts';
import { ExchangeError } from './exchange.ts';
import type { Means } from './means.ts';
import type { RegionRequest } from './request.ts';

/** What becomes of a request's attempts, written down where it belongs: metrics, the region's health, lines at level debug. */

/** What the limits have decided. */
export function recordSlot(request: RegionRequest, means: Means, permit: Permit | Refusal): void {
  if (request.requestId !== undefined) tell(request, means, 'slot', slotFields(permit));
}

/** An attempt has ended: with an answer, or without one. */
export function recordAttempt(
  request: RegionRequest,
  means: Means,
  attempt: {
    readonly label: string;
    readonly count: number;
    readonly ms: number;
    /** What it is counted as where it has no answer; `error` when left out. */
    readonly unanswered?: string;
  },
  outcome: { readonly status: number } | ExchangeError,
): void {
  const { metrics, health } = means;
  const [account, region] = [request.place.account.name, request.place.endpoint.region];
  const { label, ms, unanswered = 'error' } = attempt;
  const isAnswer = !(outcome instanceof ExchangeError);
  if (isAnswer) health.heard(account, region, outcome.status);
  else if (outcome.kind === 'timeout') health.suspect(account, region);
  else if (outcome.kind !== 'aborted' && outcome.kind !== 'too-large')
    health.failed(account, region, outcome.message);
  metrics.upstreamRequests.inc(account, region, label, isAnswer ? statusLabel(outcome.status) : unanswered);
  metrics.upstreamDuration.observe(ms / 1000, region, label);
  if (request.requestId === undefined) return;
  const end = isAnswer
    ? { 'http.response.status_code': outcome.status }
    : { failure: outcome.kind, reason: outcome.message };
  tell(request, means, 'attempt', { attempt: attempt.count, ms: Math.round(ms * 10) / 10, ...end });
}

function slotFields(permit: Permit | Refusal): object {
  if (permit.refused === true) {
    const { reason, retryAfterSeconds, limit } = permit;
    return { refused: reason, retryAfterSeconds, limit: limit && describeLimit(limit) };
  }
  const limits = permit.charges.map(({ limit, remaining }) => `${describeLimit(limit)}: ${remaining} left`);
  return { waitMs: Math.round(permit.waitedMs), limits };
}

/** Longest path in such a line, characters. */
const LONGEST_PATH = 256;

function tell(request: RegionRequest, { log }: Means, what: string, fields: object): void {
  const { requestId, method, path, place } = request;
  const where = { account: place.account.name, region: place.endpoint.region };
  log.debug({ requestId, ...where, method, 'url.path': path.slice(0, LONGEST_PATH), ...fields }, what);
}
