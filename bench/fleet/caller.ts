import { setTimeout as pause } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { Agent, request } from 'undici';
import type { Client } from './clients.ts';
import { type Exchange, JobFailure, type Step } from './exchange.ts';

/** What a job's requests are told beside what its client says by itself. */
export interface CallerOptions {
  /** Told of each request once it has ended, well or not. */
  readonly observe?: ((exchange: Exchange) => void) | undefined;
  /** Headers beside the client's own; what it gives goes first. Asked for each sending, repeated ones too. */
  readonly headers?: ((job: number, step: Step, method: string) => Record<string, string>) | undefined;
  /** Ends the job where it is. */
  readonly signal?: AbortSignal | undefined;
  /** What the clients' own pauses are multiplied by: 1 as they are, 0.1 ten times as fast. Waiting for `Retry-After` is not. */
  readonly pace?: number | undefined;
}

/** A call before the client has put its headers to it. */
export interface Call {
  readonly step: Step;
  readonly method: string;
  readonly url: string;
  readonly headers?: Record<string, string> | undefined;
  readonly body?: unknown;
}

/** Sends the requests of one job as its client does: its headers, its timeout, its retries; and counts what waiting cost. */
export class Caller {
  readonly #job: number;
  readonly #client: Client;
  readonly #options: CallerOptions;
  #agent = new Agent();
  #sent = 0;
  #refused = 0;
  #waitedMs = 0;

  constructor(job: number, client: Client, options: CallerOptions) {
    this.#job = job;
    this.#client = client;
    this.#options = options;
  }

  /** Requests sent, repeated ones too. */
  get sent(): number {
    return this.#sent;
  }

  /** Answers 413, 429 and 503 with a `Retry-After`, or 413 and 429 without. */
  get refused(): number {
    return this.#refused;
  }

  /** Time spent waiting for answers, and for leave to send again, in ms. */
  get waitedMs(): number {
    return this.#waitedMs;
  }

  /** A new process: its connections are its own. */
  async restart(): Promise<void> {
    await this.close();
    this.#agent = new Agent();
  }

  async close(): Promise<void> {
    await this.#agent.close();
  }

  /** One of the client's own pauses, in its time. */
  async sleep(ms: number): Promise<void> {
    await this.#pause(ms * (this.#options.pace ?? 1));
  }

  /**
   * Sends the call, and again as often as the client's policy says so.
   *
   * @throws JobFailure where no whole answer came
   */
  async call(call: Call): Promise<Exchange> {
    const beganMs = performance.now();
    try {
      for (let repeated = 0; ; repeated++) {
        const exchange = await this.#send(call);
        const { status = 0, headers } = exchange;
        const delayMs = this.#client.retries.next(
          { status, retryAfter: headers['retry-after'] },
          { repeated, elapsedMs: performance.now() - beganMs, nowMs: Date.now() },
        );
        if (delayMs === undefined) return exchange;
        await this.#pause(delayMs);
      }
    } finally {
      this.#waitedMs += performance.now() - beganMs;
    }
  }

  async #pause(ms: number): Promise<void> {
    const { signal } = this.#options;
    if (ms > 0) await pause(ms, undefined, signal ? { signal } : {});
    else signal?.throwIfAborted();
  }

  async #send({ step, method, url, headers: given, body }: Call): Promise<Exchange> {
    const client = this.#client;
    const requestBody = body === undefined ? undefined : JSON.stringify(body);
    const requestHeaders: Record<string, string> = {
      'user-agent': client.userAgent,
      accept: 'application/json',
      ...(client.gzip ? { 'accept-encoding': 'gzip' } : {}),
      ...(requestBody !== undefined || client.alwaysTyped ? { 'content-type': 'application/json' } : {}),
      ...given,
      ...this.#options.headers?.(this.#job, step, method),
    };
    const number = this.#sent++;
    const sentMs = Date.now();
    const common = { job: this.#job, client: client.name, number, step, method, url, requestHeaders };
    const about = { ...common, requestBody, sentMs };
    const tell = (exchange: Exchange): Exchange => {
      this.#options.observe?.(exchange);
      return exchange;
    };
    try {
      const answer = await this.#exchange(method, url, requestHeaders, requestBody);
      const { status, headers } = answer;
      if (status === 413 || status === 429 || (status === 503 && headers['retry-after'] !== undefined))
        this.#refused++;
      return tell({ ...about, ...answer, endedMs: Date.now(), error: undefined });
    } catch (error) {
      const message = nameOf(error);
      tell({ ...about, endedMs: Date.now(), status: undefined, headers: {}, body: '', error: message });
      throw new JobFailure(step, `no answer (${message})`);
    }
  }

  async #exchange(method: string, url: string, headers: Record<string, string>, body: string | undefined) {
    const { requestTimeoutMs } = this.#client;
    const answer = await request(url, {
      method: method as 'GET',
      headers,
      dispatcher: this.#agent,
      headersTimeout: requestTimeoutMs,
      bodyTimeout: requestTimeoutMs,
      ...(body === undefined ? {} : { body }),
      ...(this.#options.signal ? { signal: this.#options.signal } : {}),
    });
    const bytes = Buffer.from(await answer.body.arrayBuffer());
    const isZipped = answer.headers['content-encoding'] === 'gzip';
    return {
      status: answer.statusCode,
      headers: joined(answer.headers),
      body: (isZipped ? gunzipSync(bytes) : bytes).toString(),
    };
  }
}

const joined = (headers: Record<string, string | string[] | undefined>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));

const nameOf = (error: unknown): string =>
  error instanceof Error ? ((error as NodeJS.ErrnoException).code ?? error.message) : String(error);
