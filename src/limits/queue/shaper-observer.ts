import type { RefusalReason } from '../slot-request.ts';

/** What a shaper reports as it happens; how things stand (depth, remaining, used) is in its snapshot, read when asked. */
export interface ShaperObserver {
  /** A request left after waiting. */
  waited(waitMs: number, client: string): void;
  /** A request was refused by Sluice. */
  refused(reason: RefusalReason, client: string): void;
  /** The upstream refused a request for a rate limit although we thought there was room. */
  overLimit(): void;
  /** A published expression could not be used; a line for the log. */
  problem(line: string): void;
}

/** An observer that hears nothing. */
export const silentObserver: ShaperObserver = {
  waited() {},
  refused() {},
  overLimit() {},
  problem() {},
};
