import type { UpstreamRequest } from '../request.ts';
import { RetryBudget } from '../retry-budget.ts';
import { Latencies } from './latencies.ts';

/** `upstream.hedge` of the configuration. */
export interface HedgeSettings {
  /** Most hedges, in percent of what may be hedged; 0: none. */
  readonly maxPercent: number;
  /** A request is slow beyond this percentile of its operation's answers. */
  readonly percentile: number;
  /** The least that is waited before a hedge, ms. */
  readonly minDelayMs: number;
}

/** Over which time the share of hedges is held, ms: whoever asks seldom gets one now and then, too. */
const SPAN_MS = 60_000;

/** What is known of one operation at one service of a region. */
export class OperationHedges {
  readonly #latencies: Latencies;
  readonly #budget: RetryBudget;
  readonly #minDelayMs: number;

  constructor({ percentile, minDelayMs }: HedgeSettings, budget: RetryBudget) {
    this.#latencies = new Latencies(percentile);
    this.#budget = budget;
    this.#minDelayMs = minDelayMs;
  }

  /** How long an answer may take before a second request is worth it, ms; undefined: that is not known yet. */
  get delayMs(): number | undefined {
    const percentileMs = this.#latencies.percentileMs;
    return percentileMs === undefined ? undefined : Math.max(percentileMs, this.#minDelayMs);
  }

  /** A request that may be hedged is sent. */
  requested(now: number): void {
    this.#budget.requested(now);
  }

  /** It was answered, or what was sent beside it. */
  answered(tookMs: number): void {
    this.#latencies.add(tookMs);
  }

  /** Whether one more hedge is within the share. */
  allows(now: number): boolean {
    return this.#budget.allows(now);
  }

  /** A hedge is sent. */
  hedged(now: number): void {
    this.#budget.repeated(now);
  }
}

/** What of one service of a region may be hedged. */
interface ServiceHedges {
  readonly budget: RetryBudget;
  readonly operations: Map<string, OperationHedges>;
}

/**
 * Which requests may be hedged, and after how long: of the operations whose row allows it, as many as the table has, each
 * service of a region by itself. What is asked in the background has nobody who waits.
 */
export class Hedging {
  readonly #settings: HedgeSettings;
  readonly #services = new WeakMap<object, ServiceHedges>();

  constructor(settings: HedgeSettings) {
    this.#settings = settings;
  }

  /**
   * @param service what stands for the account, region and service: its circuit
   * @returns undefined where there are to be no hedges
   */
  of({ operation, priority }: UpstreamRequest, service: object): OperationHedges | undefined {
    if (this.#settings.maxPercent === 0 || operation.hedge !== true || priority === 'background')
      return undefined;
    const { budget, operations } = this.#services.get(service) ?? this.#begin(service);
    let hedges = operations.get(operation.name);
    if (hedges === undefined) {
      hedges = new OperationHedges(this.#settings, budget);
      operations.set(operation.name, hedges);
    }
    return hedges;
  }

  #begin(service: object): ServiceHedges {
    const share = this.#settings.maxPercent / 100;
    const begun = { budget: new RetryBudget({ share, least: 0, spanMs: SPAN_MS }), operations: new Map() };
    this.#services.set(service, begun);
    return begun;
  }
}
