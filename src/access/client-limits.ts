/**
 * Limits of a client's own: what it may take of an account's limits, so that a batch job cannot spend the day for the
 * others. They are counted where a request is about to ask for a slot of the account, so that what is answered from the
 * cache costs nothing, and a request beyond them is refused at once. Sliding windows, as for the account: no unit ever holds
 * more than the value. Where several instances share an account each keeps to its part of the value, so that together they
 * keep to the whole; a reload forgets nothing that is still a limit.
 */
import { Fault } from '../faults/faults.ts';
import { describeLimit, limitKey, type PublishedLimit, UNIT_MS } from '../limits/published/limit.ts';
import { refusal } from '../limits/refusal.ts';
import type { Refusal } from '../limits/slot-request.ts';
import { ExpiryLog } from '../limits/windows/expiry-log.ts';
import { compileLimitPattern, type LimitPattern, type LimitTarget } from '../limits/windows/limit-pattern.ts';
import type { ClientLimitSettings } from './settings.ts';

/** The part of a client that is read here. */
export interface LimitedClient {
  readonly name: string;
  readonly limits: readonly ClientLimitSettings[];
}

/** What does not divide evenly is nobody's; but a limit that allows anything allows one request at each instance. */
const partOf = (value: number, instances: number): number =>
  value === 0 ? 0 : Math.max(1, Math.floor(value / instances));

/** One limit of one client: what it has taken in the last unit. */
class OwnWindow {
  limit: PublishedLimit;
  readonly #pattern: LimitPattern;
  readonly #unitMs: number;
  readonly #log: ExpiryLog;

  constructor(limit: PublishedLimit) {
    this.limit = limit;
    // There is no expression, so there is nothing to say about one.
    this.#pattern = compileLimitPattern(limit, () => {});
    this.#unitMs = UNIT_MS[limit.unit];
    this.#log = new ExpiryLog(this.#unitMs);
  }

  concerns(method: string, target: LimitTarget): boolean {
    const { verb } = this.limit;
    if (verb !== 'ALL' && verb !== (method === 'HEAD' ? 'GET' : method)) return false;
    return this.#pattern.matchesPath(target, NO_STEPS) || this.#pattern.matchesQuery(target, NO_STEPS);
  }

  /** How long until one more is allowed here, ms; 0: it is. */
  waitMs(now: number, instances: number): number {
    this.#log.expire(now);
    const value = partOf(this.limit.value, instances);
    if (value === 0) return Number.POSITIVE_INFINITY;
    const excess = this.#log.held - value + 1;
    return excess <= 0 ? 0 : this.#log.timeOf(excess) - now;
  }

  take(now: number): void {
    this.#log.push(now + this.#unitMs);
  }
}

/** An expression would be bounded by these; a uri needs none. */
const NO_STEPS = { left: 0 };

/** The limits of all clients. */
export class ClientLimits {
  #windows: ReadonlyMap<string, ReadonlyMap<string, OwnWindow>> = new Map();

  constructor(clients: readonly LimitedClient[]) {
    this.reload(clients);
  }

  /** Puts other settings in force; what was taken of a limit that is still there stays taken. */
  reload(clients: readonly LimitedClient[]): void {
    const before = this.#windows;
    this.#windows = new Map(
      clients
        .filter(({ limits }) => limits.length > 0)
        .map(({ name, limits }) => [name, windowsOf(limits, before.get(name))] as const),
    );
  }

  /** Whether a client has limits of its own at all. */
  has(client: string): boolean {
    return this.#windows.has(client);
  }

  /**
   * Takes one request of every limit that it is about, or of none of them.
   *
   * @param now monotonic ms
   * @param instances how many share the accounts: this one keeps to its part of each value
   * @returns why it may not go on; undefined: it may
   */
  take(client: string, method: string, target: LimitTarget, now: number, instances = 1): Refusal | undefined {
    const windows = this.#windows.get(client);
    if (windows === undefined) return undefined;
    const concerned = [...windows.values()].filter((window) => window.concerns(method, target));
    let longest: { readonly window: OwnWindow; readonly waitMs: number } | undefined;
    for (const window of concerned) {
      const waitMs = window.waitMs(now, instances);
      if (waitMs > (longest?.waitMs ?? 0)) longest = { window, waitMs };
    }
    if (longest !== undefined) {
      const { limit } = longest.window;
      return refusal(limit.value === 0 ? 'forbidden' : 'spent', longest.waitMs, limit);
    }
    for (const window of concerned) window.take(now);
    return undefined;
  }
}

function windowsOf(
  limits: readonly ClientLimitSettings[],
  before: ReadonlyMap<string, OwnWindow> | undefined,
): ReadonlyMap<string, OwnWindow> {
  return new Map(
    limits.map((settings) => {
      const limit = { ...settings, verb: settings.verb.toUpperCase() };
      const key = limitKey(limit);
      const window = before?.get(key) ?? new OwnWindow(limit);
      window.limit = limit;
      return [key, window];
    }),
  );
}

/**
 * The refusal as the guide's overLimit, which says that the limit is the client's own.
 *
 * @param nowWall ms since the epoch, for `retryAt`
 */
export function clientLimitFault(
  client: string,
  { reason, limit, retryAfterSeconds }: Refusal,
  options: { readonly overLimitStatus: 413 | 429; readonly nowWall: number },
): Fault {
  const retryAt = new Date(options.nowWall + retryAfterSeconds * 1_000).toISOString().replace(/\.\d+Z$/, 'Z');
  const own = `The limit of client ${client}'s own, ${limit === undefined ? '' : describeLimit(limit)},`;
  const message =
    reason === 'forbidden'
      ? `${own} does not allow this request at all.`
      : `${own} is used up. Send the request again after Retry-After.`;
  return new Fault('overLimit', message, {
    code: options.overLimitStatus,
    retryAt,
    headers: { 'retry-after': `${retryAfterSeconds}` },
  });
}
