import type { Clock, Timer } from '../../clock.ts';
import type { JsonObject, JsonValue } from '../../json.ts';
import { CONTROL_CLIENT } from '../client.ts';
import type { Shaper } from '../queue/shaper-contract.ts';
import type { Permit, SlotRequest } from '../slot-request.ts';
import { isLongUnit, limitKey, type PublishedLimit } from './limit.ts';
import { parsePublishedLimits } from './parse.ts';

/** How long requests are held back at the start, for the limits to be known before the first of them leaves. */
const FIRST_ANSWER_MS = 3_000;
const REFRESH_MS = 3_600_000;
/** After a failure, doubled each time up to REFRESH_MS. */
const RETRY_MS = 15_000;
/** After an unforeseen refusal GET /limits is asked at most this often. */
const CORRECTION_GAP_MS = 10_000;
/** How long after `next-available` GET /limits is asked: dates are cut to the second, and clocks differ. */
const AFTER_NEXT_AVAILABLE_MS = 3_000;
/** Attempts without an answer may reach the region for this long; then it can say whether it counted them. */
const SETTLE_MS = 1_500;
/** How long attempts without an answer may be in doubt while the region does not answer GET /limits either. */
const DOUBT_RETRY_MS = 60_000;
/** How old absolute limits may be for a caller. */
const ABSOLUTE_MS = 5_000;

const QUESTION: Omit<SlotRequest, 'fullPath'> = {
  method: 'GET',
  path: '/limits',
  query: '',
  client: CONTROL_CLIENT,
  priority: 'interactive',
  maxWaitMs: Number.POSITIVE_INFINITY,
};

export interface RefresherOptions {
  readonly clock: Clock;
  readonly shaper: Shaper;
  /** What holds until the region has answered. */
  readonly initial: readonly PublishedLimit[];
  /** A published list with what holds beside it. */
  readonly complete: (published: readonly PublishedLimit[]) => PublishedLimit[];
  /** Path of GET /limits at the upstream, version and tenant included. */
  readonly fullPath: () => string;
  /** Sends GET /limits with a permit that was given for it; rejects when there is no 2xx answer with JSON. */
  readonly fetch: (permit: Permit) => Promise<JsonValue>;
  readonly warn: (line: string) => void;
  /** Only the absolute limits are wanted, when somebody asks: the rates are static. */
  readonly isReader: boolean;
}

/**
 * Keeps one region's limits known: asks GET /limits at the start, after an unforeseen refusal, and hourly, each time through
 * the shaper, because it is charged like any other request.
 */
export class LimitsRefresher {
  readonly #options: RefresherOptions;
  #absolute: JsonObject = {};
  #absoluteAt = Number.NEGATIVE_INFINITY;
  #keys: string | undefined;
  /** As it was last published. */
  #published: readonly PublishedLimit[] | undefined;
  #askedAt = Number.NEGATIVE_INFINITY;
  #failures = 0;
  /** Why it could not be asked last; undefined when it could. */
  #failure: string | undefined;
  #failedAt = Number.NEGATIVE_INFINITY;
  #running: Promise<void> | undefined;
  #timer: Timer | undefined;
  #dueAt = Number.POSITIVE_INFINITY;
  #isClosed = false;

  constructor(options: RefresherOptions) {
    this.#options = options;
  }

  get isReader(): boolean {
    return this.#options.isReader;
  }

  /** Begins with the initial limits and asks for the region's; until its answer, for 3 s at most, nothing else leaves. */
  start(): void {
    const { shaper, clock, initial, isReader } = this.#options;
    if (isReader) return;
    shaper.setLimits(initial);
    shaper.hold();
    clock.setTimer(() => shaper.release(), FIRST_ANSWER_MS);
    void this.#refresh(true);
  }

  /** What holds beside the published limits is other than before. */
  restate(): void {
    const { shaper, complete } = this.#options;
    if (this.#published) shaper.setLimits(complete(this.#published));
  }

  /** An upstream refused what we thought it would allow: somebody else uses the account, or the limits changed. */
  correct(): void {
    this.#askWithin(0);
  }

  /** Attempts have ended without an answer: only the region knows whether it counted them. */
  settle(): void {
    this.#askWithin(SETTLE_MS);
  }

  /** Asks at once, whenever it was asked last; answers why it could not, if so. */
  async resync(): Promise<string | undefined> {
    if (this.#options.isReader) return 'the limits are static';
    // One that is under way may have been asked before what the operator knows came to be.
    await this.#running;
    await this.#refresh(true, true);
    return this.#failure;
  }

  /** Asks in so many ms, unless it will be asked before, and not too often. */
  #askWithin(ms: number): void {
    const now = this.#options.clock.monotonic();
    const at = Math.max(now + ms, this.#askedAt + CORRECTION_GAP_MS);
    if (at < this.#dueAt) this.#schedule(at - now);
  }

  /** The absolute limits, at most seconds old if the region answers and a slot is to be had without harm. */
  async absolute(): Promise<JsonObject> {
    const now = this.#options.clock.monotonic();
    const age = now - this.#absoluteAt;
    if (age > ABSOLUTE_MS && now - this.#failedAt > ABSOLUTE_MS) {
      const refreshed = this.#refresh(this.#options.shaper.hasDoubts);
      // Better an older answer now than a wait for a slot.
      if (!Number.isFinite(age) || this.#options.shaper.queueDepth === 0) await refreshed;
    }
    return this.#absolute;
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#dueAt = Number.POSITIVE_INFINITY;
  }

  /** Goes on after `close`: what others used meanwhile the region knows. */
  reopen(): void {
    if (!this.#isClosed) return;
    this.#isClosed = false;
    if (!this.#options.isReader) void this.#refresh(true);
  }

  /**
   * Asks once, however many want it; never rejects.
   * @param seed whether what is left is followed, too: while requests are under way, that counts some of them twice
   * @param force whatever the limits say
   */
  #refresh(seed: boolean, force = false): Promise<void> {
    this.#running ??= this.#ask(seed, force).finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #ask(seed: boolean, force: boolean): Promise<void> {
    try {
      const nextMs = await this.#askOnce(seed, force);
      this.#failures = 0;
      this.#failure = undefined;
      this.#schedule(nextMs);
      // Some were too young to be settled.
      if (this.#options.shaper.hasDoubts) this.settle();
    } catch (error) {
      const before = this.#failure;
      this.#failure = (error as Error).message;
      if (this.#isClosed) return;
      this.#failedAt = this.#options.clock.monotonic();
      this.#options.shaper.askFailed();
      this.#options.shaper.release();
      if (this.#failure !== before)
        this.#options.warn(`GET /limits failed, what is known holds: ${this.#failure}`);
      const longestMs = this.#options.shaper.hasDoubts ? DOUBT_RETRY_MS : REFRESH_MS;
      this.#schedule(Math.min(longestMs, RETRY_MS * 2 ** Math.min(this.#failures++, 10)));
    }
  }

  /** Answers when to ask again, in ms. */
  async #askOnce(seed: boolean, force: boolean): Promise<number> {
    const { clock, shaper, fetch } = this.#options;
    const question: SlotRequest = { ...QUESTION, fullPath: this.#options.fullPath() };
    const permit = force ? shaper.force(question) : await this.#admit(question);
    shaper.askBegins();
    const askedAt = clock.monotonic();
    this.#askedAt = askedAt;
    let document: JsonValue;
    try {
      document = await fetch(permit);
    } finally {
      permit.answered();
    }
    if (this.#isClosed) return REFRESH_MS;
    const { limits, absolute, problems } = parsePublishedLimits(document);
    for (const line of problems) this.#options.warn(`GET /limits: ${line}`);
    const answeredAt = clock.monotonic();
    this.#absolute = absolute;
    this.#absoluteAt = answeredAt;
    if (this.#options.isReader) {
      shaper.askFailed();
      return REFRESH_MS;
    }
    const keys = limits.map(limitKey).sort().join('\n');
    const isKnown = keys === this.#keys;
    this.#keys = keys;
    const answeredAtWall = clock.now();
    const span = { askedAt, answeredAt, answeredAtWall, question };
    this.#published = limits;
    shaper.setLimits(this.#options.complete(limits), seed || !isKnown ? span : undefined);
    return refreshInMs(limits, answeredAtWall);
  }

  async #admit(question: SlotRequest): Promise<Permit> {
    const given = await this.#options.shaper.acquire(question);
    if (given.refused) throw new Error(`it may not be sent now (${given.reason})`);
    return given;
  }

  #schedule(inMs: number): void {
    this.#timer?.cancel();
    const { isReader, clock } = this.#options;
    if (this.#isClosed || isReader) return;
    this.#dueAt = clock.monotonic() + inMs;
    this.#timer = clock.setTimer(() => {
      this.#dueAt = Number.POSITIVE_INFINITY;
      void this.#refresh(true);
    }, inMs);
  }
}

/** Hourly, or when the region says that a long limit, of which others have left nothing, has room again. */
function refreshInMs(limits: readonly PublishedLimit[], nowWall: number): number {
  let inMs = REFRESH_MS;
  for (const { value, remaining, nextAvailableMs, unit } of limits) {
    // A limit of 0 never has room.
    if (value === 0 || remaining !== 0 || nextAvailableMs === undefined || !isLongUnit(unit)) continue;
    inMs = Math.min(inMs, Math.max(CORRECTION_GAP_MS, nextAvailableMs - nowWall + AFTER_NEXT_AVAILABLE_MS));
  }
  return inMs;
}
