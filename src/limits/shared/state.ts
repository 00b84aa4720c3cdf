import { isJsonObject, type JsonValue } from '../../json.ts';
import type { Seal } from '../../redis/seal.ts';
import { isLearnedUnit } from '../learned/evidence.ts';
import type { SharedEstimate } from '../learned/findings.ts';
import { type PublishedLimit, UNIT_MS } from '../published/limit.ts';

/** What one instance has of one limit. Counts are slots, times ms of the store's clock. */
export interface PartState {
  /** The larger of what it says it holds and what it was last granted. */
  readonly held: number;
  /** What it was promised for an outage. */
  readonly promised: number;
  readonly used: number;
  /** Slots wanted beyond its grant. */
  readonly short: number;
  /** Slots it would take. */
  readonly demand: number;
  readonly holdMs: number;
  /** When taken slots come free. */
  readonly history: readonly (readonly [untilMs: number, count: number])[];
  readonly limit: PublishedLimit | undefined;
}

export interface InstanceState {
  readonly seen: number;
  readonly limits: Map<string, PartState>;
}

/** A budget as the instances leave it for each other. */
export interface BudgetState {
  /** Grows with every exchange, over losses too: one that is lower than one that was seen is from the past. */
  seq: number;
  /** When it was begun, ms. */
  born: number;
  /** How many instances there were before it was lost, and who has reported since. */
  known: number;
  readonly met: Set<string>;
  readonly live: Map<string, InstanceState>;
  /** By instance that is gone and limit: how many of its slots come free when. */
  readonly dead: Map<string, Map<string, Map<number, number>>>;
  /** By limit: how many slots the region counted that no instance has used, and until when. */
  readonly strangers: Map<string, { readonly count: number; readonly untilMs: number }>;
  /** Limits that were found out, by their key. */
  readonly learned: Map<string, SharedEstimate>;
  /** By instance and such a limit: how many of its requests were let through in the last unit. */
  readonly letThrough: Map<string, Map<string, number>>;
}

/** A state of another form is as good as none. */
const FORM = 3;
const PURPOSE = 'shared budget';
/** No time in a state is further ahead than a slot of the longest limit is held, twice over for margins (ms). */
const LONGEST_AHEAD_MS = 2 * UNIT_MS.DAY;
/** How far another instance's last word may be ahead of the store's clock, ms. */
const LONGEST_SKEW_MS = 60_000;

export const emptyState = (now: number): BudgetState => ({
  seq: 0,
  born: now,
  known: 0,
  met: new Set(),
  live: new Map(),
  dead: new Map(),
  strangers: new Map(),
  learned: new Map(),
  letThrough: new Map(),
});

/** The text of a state: its seal, made over the budget it is of, and JSON. Maps are lists: no name of theirs means anything. */
export function encodeState(state: BudgetState, budget: string, seal: Seal): string {
  const { seq, born, known, met, live, dead, strangers, learned, letThrough } = state;
  const document = {
    form: FORM,
    seq,
    born,
    known,
    met: [...met],
    live: [...live].map(([id, { seen, limits }]) => [id, seen, [...limits]]),
    dead: [...dead].map(([id, slotsOf]) => [id, [...slotsOf].map(([key, slots]) => [key, [...slots]])]),
    strangers: [...strangers].map(([key, { count, untilMs }]) => [key, count, untilMs]),
    learned: [...learned],
    letThrough: [...letThrough].map(([id, counts]) => [id, [...counts]]),
  };
  const text = JSON.stringify(document);
  return `${seal.of(PURPOSE, budget, text)} ${text}`;
}

/**
 * A state that an instance with one of the keys has written of this budget, every part of it checked; undefined for anything
 * else.
 *
 * @param now ms of the store's clock
 */
export function decodeState(text: string, budget: string, seal: Seal, now: number): BudgetState | undefined {
  const space = text.indexOf(' ');
  const json = text.slice(space + 1);
  if (space < 0 || !seal.matches(text.slice(0, space), PURPOSE, budget, json)) return undefined;
  try {
    return new Reader(now).state(JSON.parse(json) as JsonValue);
  } catch (error) {
    if (error instanceof Unreadable || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

class Unreadable extends Error {}

/** Takes a document apart; whatever is not as instances write it throws. */
class Reader {
  readonly #now: number;

  constructor(now: number) {
    this.#now = now;
  }

  state(value: JsonValue): BudgetState {
    if (!isJsonObject(value) || value['form'] !== FORM) throw new Unreadable();
    // Of what nobody publishes instances of before leave nothing.
    const { seq, born, known, met, live, dead, strangers, learned = [], letThrough = [] } = value;
    return {
      seq: count(seq),
      born: this.#time(born, LONGEST_SKEW_MS),
      known: count(known),
      met: new Set(list(met).map(text)),
      live: new Map(list(live).map((entry) => this.#live(entry))),
      dead: new Map(list(dead).map((entry) => this.#dead(entry))),
      strangers: new Map(list(strangers).map((entry) => this.#stranger(entry))),
      learned: new Map(list(learned).map(estimate)),
      letThrough: new Map(list(letThrough).map(countsOf)),
    };
  }

  #live(entry: JsonValue): [string, InstanceState] {
    const [id, seen, limits] = list(entry, 3);
    const parts = list(limits).map((part): [string, PartState] => {
      const [key, value] = list(part, 2);
      return [text(key), this.#part(value)];
    });
    return [text(id), { seen: this.#time(seen, LONGEST_SKEW_MS), limits: new Map(parts) }];
  }

  #part(value: JsonValue | undefined): PartState {
    if (!isJsonObject(value)) throw new Unreadable();
    const { held, promised, used, short, demand, holdMs, history, limit } = value;
    return {
      held: count(held),
      promised: count(promised),
      used: count(used),
      short: count(short),
      demand: count(demand),
      holdMs: duration(holdMs),
      history: list(history).map((entry) => this.#slots(entry)),
      limit: limit === undefined ? undefined : publishedLimit(limit),
    };
  }

  #dead(entry: JsonValue): [string, Map<string, Map<number, number>>] {
    const [id, slotsOf] = list(entry, 2);
    const byKey = list(slotsOf).map((slots): [string, Map<number, number>] => {
      const [key, times] = list(slots, 2);
      return [text(key), new Map(list(times).map((slot) => this.#slots(slot)))];
    });
    return [text(id), new Map(byKey)];
  }

  #stranger(entry: JsonValue): [string, { count: number; untilMs: number }] {
    const [key, slots, untilMs] = list(entry, 3);
    return [text(key), { count: count(slots), untilMs: this.#time(untilMs, LONGEST_AHEAD_MS) }];
  }

  #slots(entry: JsonValue): [untilMs: number, count: number] {
    const [untilMs, slots] = list(entry, 2);
    return [this.#time(untilMs, LONGEST_AHEAD_MS), count(slots)];
  }

  #time(value: JsonValue | undefined, aheadMs: number): number {
    if (typeof value !== 'number' || !(value <= this.#now + aheadMs)) throw new Unreadable();
    return value;
  }
}

function list(value: JsonValue | undefined, length?: number): JsonValue[] {
  if (!Array.isArray(value) || (length !== undefined && value.length !== length)) throw new Unreadable();
  return value;
}

function text(value: JsonValue | undefined): string {
  if (typeof value !== 'string') throw new Unreadable();
  return value;
}

function count(value: JsonValue | undefined): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw new Unreadable();
  return value as number;
}

function duration(value: JsonValue | undefined): number {
  if (typeof value !== 'number' || !(value >= 0 && value <= LONGEST_AHEAD_MS)) throw new Unreadable();
  return value;
}

function countsOf(entry: JsonValue): [id: string, Map<string, number>] {
  const [id, counts] = list(entry, 2);
  const named = list(counts).map((one): [string, number] => {
    const [key, value] = list(one, 2);
    return [text(key), count(value)];
  });
  return [text(id), new Map(named)];
}

function estimate(entry: JsonValue): [key: string, SharedEstimate] {
  const [key, state] = list(entry, 2);
  if (!isJsonObject(state)) throw new Unreadable();
  const { verb, unit, version, value, good, step, failures, ceiling } = state;
  if (!isLearnedUnit(unit) || !/^[A-Z]{1,32}$/.test(text(verb))) throw new Unreadable();
  const counts = {
    version: count(version),
    value: count(value),
    good: count(good),
    step: count(step),
    failures: count(failures),
  };
  if (counts.good > counts.value) throw new Unreadable();
  return [
    text(key),
    {
      verb: text(verb),
      unit,
      ...counts,
      ...(ceiling === undefined ? {} : { ceiling: count(ceiling) }),
    },
  ];
}

function publishedLimit(value: JsonValue): PublishedLimit {
  if (!isJsonObject(value)) throw new Unreadable();
  const { verb, uri, regex, value: slots, unit } = value;
  if (typeof unit !== 'string' || !Object.hasOwn(UNIT_MS, unit)) throw new Unreadable();
  const limit = {
    verb: text(verb),
    uri: text(uri),
    value: count(slots),
    unit: unit as PublishedLimit['unit'],
  };
  return regex === undefined ? limit : { ...limit, regex: text(regex) };
}
