import { createHash } from 'node:crypto';
import type { RedisConnection } from '../../redis/connection.ts';
import { createScript } from '../../redis/script.ts';
import { createSeal, type Seal } from '../../redis/seal.ts';
import { MOST_AT_ONCE, nextTurn } from '../../turns.ts';
import { allocate, longestHoldMs } from './allocate.ts';
import { Losses } from './losses.ts';
import { type BudgetState, decodeState, emptyState, encodeState } from './state.ts';
import type { BudgetStore, ExchangeAnswer, ExchangeReport } from './store.ts';

export interface RedisBudgetOptions {
  readonly redis: RedisConnection;
  /** Unique among instances and over restarts. */
  readonly instance: string;
  /** Seals what is left for the others, as the configuration has it now; left out, checksums. */
  readonly seal?: () => Seal;
  /** Before every key. */
  readonly prefix?: string;
  /** ms since the epoch; left out, Redis' own clock, which all instances share. */
  readonly now?: () => number;
  /** Redis held something that no instance has left there. */
  readonly onRubbish?: () => void;
}

/** Longer states are none, bytes: fifty instances with ten limits a day leave half of that, and to read all of it takes 30 ms. */
const LONGEST_STATE = 1024 * 1024;
/** Redis' clock may be so far from where it is taken to be, ms; less than an instance's fence (`Shares`). */
const CLOCK_TOLERANCE_MS = 50;
/** Others may come between reading and writing so many times. */
const MOST_ATTEMPTS = 12;
const SHORTEST_LIFE_MS = 60_000;
/** What was found out of limits that nobody publishes is remembered for a week after the last instance has gone. */
const LEARNED_LIFE_MS = 7 * 86_400_000;
const CHECKSUMS = createSeal([]);

/**
 * Writes a state if the one there is still the one it was made from; else says what is there, and what time it is. What is no
 * text, or too long, is a question mark.
 *
 * KEYS[1] state. ARGV: SHA-1 of the state it was made from, the time it was made for (ms; empty: any), state, its life (ms).
 */
const SWAP = createScript(`
local raw = redis.pcall('GET', KEYS[1])
if raw == false then raw = '' elseif type(raw) ~= 'string' or #raw > ${LONGEST_STATE} then raw = '?' end
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local meant = tonumber(ARGV[2])
if redis.sha1hex(raw) == ARGV[1] and (not meant or math.abs(now - meant) <= ${CLOCK_TOLERANCE_MS}) then
  redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[4])
  return {'written'}
end
return {'other', string.format('%.0f', now), raw}
`);

/** What is in Redis as far as is known, and how its clock stands. */
interface Seen {
  readonly text: string;
  /** Redis' clock less this process's, ms. */
  readonly offsetMs: number;
}

/** A state with what an instance has reported. */
interface Made {
  readonly text: string;
  readonly lifeMs: number;
  readonly seq: number;
  readonly answer: ExchangeAnswer;
  /** It is begun anew, although there was one. */
  readonly isLost: boolean;
}

/**
 * Budgets in Redis: one key per user and region, so that a cluster keeps each on one node.
 *
 * Redis is not trusted: a state bears a seal that no script in Redis could make, so an exchange is computed here and swapped
 * in if nobody was faster:
 *
 *     this instance                            Redis                    another instance
 *     makes 8 of 7, as it left it     ---->    is at 7: now 8
 *                                              now 9            <----   makes 9 of 8
 *     makes 9 of 8, as it left it     ---->    is at 9
 *                                     <----    "9 it is"
 *     makes 10 of 9                   ---->    is at 9: now 10
 *
 * So one round trip is enough while nobody else was there, and two where somebody was.
 */
export function createRedisBudgetStore(options: RedisBudgetOptions): BudgetStore {
  const { prefix = 'sluice:' } = options;
  const budgets = new Map<string, Budget>();
  return {
    exchange(report) {
      const key = `${prefix}limits:{${report.budget.replace(/[{}\s]/g, '_')}}`;
      const budget = budgets.get(key) ?? new Budget(key, options);
      budgets.set(key, budget);
      return budget.exchange(report);
    },
  };
}

class Budget {
  readonly #key: string;
  readonly #options: RedisBudgetOptions;
  readonly #losses = new Losses();
  #seen: Seen | undefined;
  /** Of the latest state that was read or written; undefined before the first. */
  #seq: number | undefined;

  constructor(key: string, options: RedisBudgetOptions) {
    this.#key = key;
    this.#options = options;
  }

  /** @throws {Error} Redis does not answer, or what instances leave there does not stay */
  async exchange(report: ExchangeReport): Promise<ExchangeAnswer> {
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
      const seen = this.#seen ?? (await this.#look());
      const now = this.#nowOf(seen);
      const made = await this.#make(seen.text, report, now);
      if (!(await this.#swap(seen.text, made, now))) continue;
      this.#seq = made.seq;
      this.#seen = { ...seen, text: made.text };
      if (made.isLost) this.#lost(seen.text, now);
      if (this.#losses.isTooMany(now))
        throw new Error('what instances leave in Redis for each other does not stay');
      return made.answer;
    }
    throw new Error('other instances were always faster');
  }

  #nowOf({ offsetMs }: Seen): number {
    return this.#options.now?.() ?? Math.floor(performance.now() + offsetMs);
  }

  /** What is long is read in a turn of the event loop of its own. */
  async #make(text: string, report: ExchangeReport, now: number): Promise<Made> {
    const read = this.#read(text, now);
    if (text.length > MOST_AT_ONCE) await nextTurn();
    const state: BudgetState = read ?? emptyState(now);
    const isLost = read === undefined && (text !== '' || this.#seq !== undefined);
    const isAlone = this.#losses.isTooMany(now);
    const answer = allocate(state, this.#options.instance, isAlone ? asAlone(report) : report, now);
    state.seq = Math.max(state.seq + 1, (this.#seq ?? 0) + 1, Math.floor(now));
    const lifeMs = lifeMsOf(state, report);
    return { text: encodeState(state, this.#key, this.#seal), lifeMs, answer, seq: state.seq, isLost };
  }

  /** One that is older than one that was seen is no state: somebody, or a failover, has brought it back. */
  #read(text: string, now: number): BudgetState | undefined {
    const state = text === '' ? undefined : decodeState(text, this.#key, this.#seal, now);
    return state === undefined || state.seq < (this.#seq ?? 0) ? undefined : state;
  }

  get #seal(): Seal {
    return this.#options.seal?.() ?? CHECKSUMS;
  }

  #lost(text: string, now: number): void {
    if (this.#seq !== undefined) this.#losses.add(now);
    if (text !== '') this.#options.onRubbish?.();
  }

  #look(): Promise<Seen> {
    return this.#ask(['', '', '', '']) as Promise<Seen>;
  }

  async #swap(from: string, to: Made, now: number): Promise<boolean> {
    const meant = this.#options.now === undefined ? `${now}` : '';
    this.#seen = undefined;
    const sha1 = createHash('sha1').update(from).digest('hex');
    this.#seen = await this.#ask([sha1, meant, to.text, `${to.lifeMs}`]);
    return this.#seen === undefined;
  }

  /** What is there instead; undefined when the new state was written. */
  async #ask(args: readonly string[]): Promise<Seen | undefined> {
    const reply = await SWAP.run(this.#options.redis, [this.#key], args);
    const [outcome, now, text] = Array.isArray(reply) ? reply.map(String) : [];
    if (outcome === 'written') return undefined;
    if (outcome !== 'other' || text === undefined || !Number.isSafeInteger(Number(now)))
      throw new Error('Redis answers a script with something else');
    return { text, offsetMs: Number(now) - performance.now() };
  }
}

function lifeMsOf({ learned }: BudgetState, report: ExchangeReport): number {
  const leastMs = learned.size > 0 ? LEARNED_LIFE_MS : SHORTEST_LIFE_MS;
  return Math.ceil(Math.max(leastMs, longestHoldMs(report) * 2));
}

/** What an instance says that goes on alone with its part, so that the others leave it that. */
function asAlone(report: ExchangeReport): ExchangeReport {
  const partOf = (value: number) => Math.ceil(value / Math.max(1, report.instances));
  const limits = report.limits.map((limit) => ({
    ...limit,
    held: Math.max(limit.held, partOf(limit.value)),
    wanted: 0,
    ahead: 0,
  }));
  return { ...report, limits };
}
