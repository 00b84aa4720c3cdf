import type { Client } from '../client.ts';
import type { Charge, Permit, SlotRequest } from '../slot-request.ts';
import type { Window } from './window.ts';

/** What a request under way tells its shaper. */
export interface InFlightOwner {
  answered(
    inFlight: InFlightRequest,
    status: number | undefined,
    headers: Readonly<Record<string, string | string[] | undefined>> | undefined,
    nowWall: number | undefined,
  ): void;
  queued(inFlight: InFlightRequest): void;
  sent(inFlight: InFlightRequest): void;
  lost(inFlight: InFlightRequest): void;
  cancelled(inFlight: InFlightRequest): void;
  chargesOf(inFlight: InFlightRequest): Charge[];
}

/** A request on its way: the permit that was given for it, and the slots it has taken. */
export class InFlightRequest implements Permit {
  readonly request: SlotRequest;
  readonly client: Client;
  sentAt: number;
  readonly waitedMs: number;
  /** Windows in which it holds a slot. */
  windows: readonly Window[];
  /** `overdue` and `lost`: answered, as far as windows go, TRANSIT_MS after it left; `queued`: it has not left yet. */
  state: 'queued' | 'sent' | 'overdue' | 'lost' | 'done' = 'sent';
  before: InFlightRequest | undefined;
  after: InFlightRequest | undefined;
  readonly #owner: InFlightOwner;

  constructor(
    owner: InFlightOwner,
    request: SlotRequest,
    client: Client,
    windows: readonly Window[],
    sentAt: number,
    waitedMs: number,
  ) {
    this.#owner = owner;
    this.request = request;
    this.client = client;
    this.windows = windows;
    this.sentAt = sentAt;
    this.waitedMs = waitedMs;
  }

  get charges(): readonly Charge[] {
    return this.#owner.chargesOf(this);
  }

  answered(
    status?: number,
    headers?: Readonly<Record<string, string | string[] | undefined>>,
    nowWall?: number,
  ): void {
    this.#owner.answered(this, status, headers, nowWall);
  }

  queued(): void {
    this.#owner.queued(this);
  }

  sent(): void {
    this.#owner.sent(this);
  }

  lost(): void {
    this.#owner.lost(this);
  }

  cancel(): void {
    this.#owner.cancelled(this);
  }
}

/** Requests under way, in the order they left. */
export class InFlightList {
  first: InFlightRequest | undefined;
  #last: InFlightRequest | undefined;

  push(inFlight: InFlightRequest): void {
    inFlight.before = this.#last;
    if (this.#last) this.#last.after = inFlight;
    else this.first = inFlight;
    this.#last = inFlight;
  }

  remove(inFlight: InFlightRequest): void {
    if (inFlight.before) inFlight.before.after = inFlight.after;
    else this.first = inFlight.after;
    if (inFlight.after) inFlight.after.before = inFlight.before;
    else this.#last = inFlight.before;
    inFlight.before = undefined;
    inFlight.after = undefined;
  }
}
