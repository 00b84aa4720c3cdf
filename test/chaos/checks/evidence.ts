import type { Attempt, Disturbance, Exchange, Logs } from '../log.ts';
import { grouped } from './grouped.ts';

/** How long after trouble a region may still be left alone (circuits, pauses of limits, logins that failed), ms. */
const AFTERMATH_MS = 30_000;
/** How far what is said of processes may be off: signals take their time, and so do the machine's turns, ms. */
const SLACK_MS = 3_000;

/** The part of a caller's path below region and tenant: `/servers/1?x=y`; undefined: it leads to no region. */
export function pathBelow(path: string): { region: string; tenant: string; rest: string } | undefined {
  const [, region, tenant, rest = ''] = /^\/([^/]+)\/v2\/([^/?]+)(.*)$/.exec(path) ?? [];
  return region === undefined || tenant === undefined
    ? undefined
    : { region: region.toUpperCase(), tenant, rest };
}

/** JSON in one spelling, without where its links lead to: bodies that say the same are the same text. */
export function canonical(body: string): string {
  const text = body.replace(/https?:\/\/(?:127\.0\.0\.1|localhost):\d+/g, '');
  try {
    return JSON.stringify(sorted(JSON.parse(text)));
  } catch {
    return text;
  }
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, member]) => [key, sorted(member)]),
  );
}

/** Both ends' logs, laid out so that what belongs to an attempt is found. */
export class Evidence {
  readonly logs: Logs;
  readonly #byRequest: ReadonlyMap<string, readonly Exchange[]>;
  readonly #byCall: ReadonlyMap<number, readonly Attempt[]>;
  readonly #canonical = new Map<string, string>();
  readonly #troubles: ReadonlyMap<string, readonly number[]>;

  constructor(logs: Logs) {
    this.logs = logs;
    this.#byRequest = grouped(logs.exchanges, ({ method, path }) => `${method} ${path}`);
    this.#byCall = grouped(logs.attempts, ({ call }) => call);
    this.#troubles = troublesOf(logs.exchanges);
  }

  /** What the region got of exactly that method and path, in the order in which it was answered. */
  exchanges(method: string, path: string): readonly Exchange[] {
    return this.#byRequest.get(`${method} ${path}`) ?? [];
  }

  /** All attempts of the call. */
  attempts(call: number): readonly Attempt[] {
    return this.#byCall.get(call) ?? [];
  }

  /** Kept, for the same bodies are compared again and again. */
  canonical(body: string): string {
    let text = this.#canonical.get(body);
    if (text === undefined) {
      text = canonical(body);
      this.#canonical.set(body, text);
    }
    return text;
  }

  /** Whether something was wrong with the instance while it had the attempt. */
  wasOut({ instance, sentMs, endedMs }: Attempt): Disturbance | undefined {
    return this.logs.disturbances.find(
      (disturbance) =>
        disturbance.instance === instance &&
        disturbance.kind !== 'reloaded' &&
        overlaps(disturbance, sentMs - SLACK_MS, endedMs + SLACK_MS),
    );
  }

  /** Whether something of that lane was wrong between the two moments, or shortly before. */
  wasDisturbed(lanes: readonly Disturbance['lane'][], fromMs: number, untilMs: number): boolean {
    return this.logs.disturbances.some(
      (disturbance) => lanes.includes(disturbance.lane) && overlaps(disturbance, fromMs, untilMs),
    );
  }

  /** Whether the region (or identity, null) failed somebody so shortly before that it may be why this attempt failed. */
  hadTrouble(region: string | null, { sentMs, endedMs }: Attempt): boolean {
    const times = this.#troubles.get(String(region)) ?? [];
    return times.some((ms) => ms >= sentMs - AFTERMATH_MS && ms <= endedMs);
  }
}

const overlaps = ({ fromMs, untilMs }: Disturbance, from: number, until: number): boolean =>
  fromMs <= until && untilMs >= from;

/** When a region gave no answer, one that says it failed, or refused a token; by region. */
function troublesOf(exchanges: readonly Exchange[]): Map<string, number[]> {
  const troubles = new Map<string, number[]>();
  for (const { region, fate, status = 0, departedMs, receivedMs } of exchanges) {
    const isSlow = departedMs - receivedMs > 1_000;
    if (fate === 'answered' && status < 500 && status !== 401 && !isSlow) continue;
    const known = troubles.get(String(region)) ?? [];
    troubles.set(String(region), known);
    known.push(departedMs);
  }
  return troubles;
}

/** An attempt in a line for people. */
export function describe({ method, path, instance, mark, outcome, sentMs, endedMs }: Attempt): string {
  const how = outcome.kind === 'answer' ? outcome.status : outcome.kind;
  const text = outcome.kind === 'answer' && outcome.status >= 400 ? ` ${outcome.body.slice(0, 300)}` : '';
  const what = mark === undefined ? '' : ` (${mark})`;
  return `${method} ${path}${what} at ${instance}: ${how} after ${endedMs - sentMs} ms${text}`;
}
