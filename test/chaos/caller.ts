import { request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import type { Balancer, Instance } from './instance.ts';
import type { Attempt, Outcome } from './log.ts';
import type { Recorder } from './recorder.ts';

/** What is asked. */
export interface Ask {
  readonly method: string;
  /** With its region and query. */
  readonly path: string;
  readonly body?: object | undefined;
  /** A text of the body that no other request has. */
  readonly mark?: string | undefined;
  /** Its `Idempotency-Key`: it may be sent again. */
  readonly key?: string | undefined;
  /** How long it may wait for a slot, ms. */
  readonly maxWaitMs?: number | undefined;
  /** Whether it is sent again after what passes; by default where HTTP allows that. */
  readonly repeats?: boolean | undefined;
}

export type Answer = Outcome & { kind: 'answer' };

const MAX_WAIT_MS = 8_000;
/** How often a request is sent again at most, and how long, ms. */
const MOST_ATTEMPTS = 12;
const MOST_MS = 60_000;
const PAUSE_MS = 300;
const LONGEST_PAUSE_MS = 3_000;
const PASSING = new Set([409, 413, 500, 502, 503, 504]);

let calls = 0;

/** A client of the gateway as they are behind a balancer: asks one instance after the other until it is answered. */
export class Caller {
  readonly #tenant: string;
  readonly #token: string;
  readonly #balancer: Balancer;
  readonly #recorder: Recorder;
  readonly #allowanceMs: number;

  /** @param allowanceMs how long beside the wait for a slot it waits for an answer */
  constructor(
    tenant: string,
    token: string,
    world: { balancer: Balancer },
    recorder: Recorder,
    allowanceMs: number,
  ) {
    this.#tenant = tenant;
    this.#token = token;
    this.#balancer = world.balancer;
    this.#recorder = recorder;
    this.#allowanceMs = allowanceMs;
  }

  /** @returns the last answer; undefined: there was none */
  async ask(ask: Ask): Promise<Answer | undefined> {
    calls += 1;
    const call = calls;
    const isSafe = ask.repeats ?? (ask.method !== 'POST' || ask.key !== undefined);
    const until = Date.now() + MOST_MS;
    let instance: Instance | undefined;
    let answer: Answer | undefined;
    for (let attempt = 0; attempt < MOST_ATTEMPTS && Date.now() < until; attempt++) {
      instance = this.#balancer.pick(instance);
      const outcome = await this.#send(call, ask, instance);
      answer = outcome.kind === 'answer' ? outcome : undefined;
      const mayRepeat = outcome.kind === 'unreached' || (answer ? repeatable(answer, isSafe) : isSafe);
      if (!mayRepeat) break;
      await pause(pauseAfter(outcome));
    }
    return answer;
  }

  async #send(call: number, ask: Ask, instance: Instance): Promise<Outcome> {
    const { method, path, mark, key, maxWaitMs = MAX_WAIT_MS } = ask;
    const sentMs = Date.now();
    const outcome = await this.#exchange(ask, instance, maxWaitMs);
    const attempt: Attempt = {
      ...{ call, tenant: this.#tenant, instance: instance.name, method, path, mark, key, maxWaitMs },
      ...{ sentMs, endedMs: Date.now(), outcome },
    };
    this.#recorder.attempt(attempt);
    return outcome;
  }

  #exchange({ method, path, body, key }: Ask, instance: Instance, maxWaitMs: number): Promise<Outcome> {
    return new Promise((resolve) => {
      const text = body === undefined ? undefined : JSON.stringify(body);
      const headers = {
        'x-auth-token': this.#token,
        'x-sluice-max-wait': String(maxWaitMs),
        ...(text === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
        ...(key === undefined ? {} : { 'idempotency-key': `"${key}"` }),
      };
      const outgoing = request({
        host: '127.0.0.1',
        port: instance.port,
        agent: instance.agent,
        method,
        path,
        headers,
      });
      const end = (outcome: Outcome) => {
        clearTimeout(timer);
        unwatch();
        resolve(outcome);
        if (outcome.kind !== 'answer') outgoing.destroy();
      };
      const timer = setTimeout(() => end({ kind: 'timeout' }), maxWaitMs + this.#allowanceMs);
      const unwatch = this.#balancer.onDeath(instance, () => end({ kind: 'left' }));
      outgoing.once('error', (error: NodeJS.ErrnoException) =>
        end({ kind: error.code === 'ECONNREFUSED' ? 'unreached' : 'cut' }),
      );
      outgoing.once('response', (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.once('aborted', () => end({ kind: 'cut' }));
        response.once('error', () => end({ kind: 'cut' }));
        response.once('end', () => {
          const answered = Object.entries(response.headers).map(([name, value]) => [name, String(value)]);
          const whole = Buffer.concat(chunks).toString();
          const status = response.statusCode ?? 0;
          end({ kind: 'answer', status, headers: Object.fromEntries(answered), body: whole });
        });
      });
      outgoing.end(text);
    });
  }
}

/** 503 and 413 say that nothing was done; after the others only what may be done twice is sent again. */
function repeatable({ status }: Answer, isSafe: boolean): boolean {
  if (status === 413 || status === 503) return true;
  return isSafe && PASSING.has(status);
}

function pauseAfter(outcome: Outcome): number {
  const seconds = outcome.kind === 'answer' ? Number(outcome.headers['retry-after'] ?? 0) : 0;
  return Math.min(LONGEST_PAUSE_MS, Math.max(PAUSE_MS, seconds * 1_000 || 0));
}
