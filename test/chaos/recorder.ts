import type { Exchange as SimulatorExchange } from '../../src/simulator/exchange.ts';
import type { Attempt, Disturbance, Exchange } from './log.ts';

/** Callers whose requests are the checker's own. */
export const CHECKER_AGENT = 'chaos-checker';

/** Keeps both ends' logs. Equal bodies are kept once: most answers repeat. */
export class Recorder {
  readonly attempts: Attempt[] = [];
  readonly exchanges: Exchange[] = [];
  readonly disturbances: Disturbance[] = [];
  readonly #bodies = new Map<string, string>();

  attempt(attempt: Attempt): void {
    const { outcome } = attempt;
    this.attempts.push(
      outcome.kind === 'answer'
        ? { ...attempt, outcome: { ...outcome, body: this.#once(outcome.body) } }
        : attempt,
    );
  }

  exchange({ incoming, region, done, fate, status, receivedMs, departedMs }: SimulatorExchange): void {
    const { method, path, rawQuery, headers, body } = incoming;
    if (headers['user-agent'] === CHECKER_AGENT) return;
    const token = headers['x-auth-token'];
    this.exchanges.push({
      region,
      method,
      path: rawQuery === '' ? path : `${path}?${rawQuery}`,
      token: typeof token === 'string' ? token : undefined,
      body: this.#once(body.kind === 'bytes' ? body.bytes.toString() : ''),
      receivedMs,
      done: done && {
        status: done.answer.status,
        body: this.#once(done.answer.body.toString()),
        atMs: done.atMs,
      },
      fate,
      status,
      departedMs,
    });
  }

  /** What never changes, as the region has it. */
  constant(region: string, path: string, body: string): void {
    const always = { receivedMs: 0, departedMs: 0, done: { status: 200, body, atMs: 0 } };
    this.exchanges.push({
      ...{ region, method: 'GET', path, token: undefined, body: '', fate: 'answered', status: 200 },
      ...always,
    });
  }

  disturbance(disturbance: Disturbance): void {
    this.disturbances.push(disturbance);
  }

  #once(body: string): string {
    const known = this.#bodies.get(body);
    if (known !== undefined) return known;
    this.#bodies.set(body, body);
    return body;
  }
}
