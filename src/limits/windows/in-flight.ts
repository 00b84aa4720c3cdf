import type { Client } from '../client.ts';
import type { Charge, Permit, SlotRequest } from '../slot-request.ts';
import type { Window } from './window.ts';

/** What a flight tells its shaper. */
export interface FlightOwner {
  landed(
    flight: Flight,
    status: number | undefined,
    headers: Readonly<Record<string, string | string[] | undefined>> | undefined,
    nowWall: number | undefined,
  ): void;
  queued(flight: Flight): void;
  sent(flight: Flight): void;
  lost(flight: Flight): void;
  cancelled(flight: Flight): void;
  chargesOf(flight: Flight): Charge[];
}

/** A request on its way: the permit that was given for it, and the slots it has taken. */
export class Flight implements Permit {
  readonly ask: SlotRequest;
  readonly client: Client;
  sentAt: number;
  readonly waitedMs: number;
  /** Windows in which it holds a slot. */
  windows: readonly Window[];
  /** `overdue` and `lost`: answered, as far as windows go, TRANSIT_MS after it left; `queued`: it has not left yet. */
  state: 'queued' | 'flying' | 'overdue' | 'lost' | 'done' = 'flying';
  before: Flight | undefined;
  after: Flight | undefined;
  readonly #owner: FlightOwner;

  constructor(
    owner: FlightOwner,
    ask: SlotRequest,
    client: Client,
    windows: readonly Window[],
    sentAt: number,
    waitedMs: number,
  ) {
    this.#owner = owner;
    this.ask = ask;
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
    this.#owner.landed(this, status, headers, nowWall);
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

/** Flights in the order they left. */
export class FlightList {
  first: Flight | undefined;
  #last: Flight | undefined;

  push(flight: Flight): void {
    flight.before = this.#last;
    if (this.#last) this.#last.after = flight;
    else this.first = flight;
    this.#last = flight;
  }

  remove(flight: Flight): void {
    if (flight.before) flight.before.after = flight.after;
    else this.first = flight.after;
    if (flight.after) flight.after.before = flight.before;
    else this.#last = flight.before;
    flight.before = undefined;
    flight.after = undefined;
  }
}
