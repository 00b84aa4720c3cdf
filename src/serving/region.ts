import type { IncomingHttpHeaders } from 'node:http';
import type { Endpoint } from '../identity/catalog.ts';
import type { JsonValue } from '../json.ts';
import type { Ask, Charge, Priority } from '../limits/ask.ts';
import type { RegionLimits } from '../limits/limits.ts';
import type { Operation } from '../operations/operation.ts';
import type { LiveAccount } from '../routing/account.ts';
import type { Place } from '../routing/directory.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { decodedText } from '../upstream/decode.ts';
import { ExchangeError, type UpstreamAnswer } from '../upstream/exchange.ts';
import { requestHeaders } from '../upstream/headers.ts';
import type { Leave } from '../upstream/leave.ts';
import { normaliseFault } from '../upstream/normalise.ts';
import type { Sender } from '../upstream/send.ts';

/** What is asked of a region on behalf of a caller, or of Sluice itself. */
export interface RegionAsk {
  operation: Operation;
  method: string;
  place: Place;
  /** Path below the endpoint, `/servers/1`. */
  path: string;
  /** Raw query without `?`, with nothing of Sluice's own in it. */
  query: string;
  /** The caller's headers. */
  headers: IncomingHttpHeaders;
  body: Buffer | string | undefined;
  /** The answer may be served to other callers. */
  shared: boolean;
  client: string;
  priority: Priority;
  /** ms */
  maxWaitMs: number;
  leave: Leave | undefined;
}

/** A region's answer: JSON text (a fault's too), or nothing. */
export interface RegionAnswer {
  status: number;
  text: string;
  headers: IncomingHttpHeaders;
  charges: readonly Charge[];
  waitedMs: number;
  upstreamMs: number;
}

/** Asks regions: through the limits, with a token, counted. */
export interface Regions {
  /** @throws {Fault} over limit, or no answer */
  ask(ask: RegionAsk): Promise<RegionAnswer>;
}

export function createRegions(options: {
  sender: Sender;
  limits: RegionLimits<Place>;
  metrics: Metrics;
}): Regions {
  const { sender, limits, metrics } = options;
  return {
    async ask(ask) {
      const { account, endpoint } = ask.place;
      const { name } = ask.operation;
      const base = basePathOf(endpoint, ask.operation.scope);
      const target = ask.query === '' ? ask.path : `${ask.path}?${ask.query}`;
      const reading = new Reading();
      const sent = await sender.send({
        method: ask.method,
        endpoint,
        path: base + target,
        tokens: (account as LiveAccount).tokens,
        headers: (token) => requestHeaders(ask.headers, token.id, ask.body !== undefined, ask.shared),
        body: ask.body,
        leave: ask.leave,
        check: (answer) => reading.check(answer, ask.method),
        admit: (waitedMs, again) =>
          ask.operation.limitClass === 'free'
            ? limits.free
            : limits.acquire(ask.place, new Slot(ask, base, ask.maxWaitMs - waitedMs, again)),
        overLimit: (answer) =>
          isOverLimit(answer.status) &&
          limits.overLimit(ask.place, new Slot(ask, base, 0, true), {
            ...answer,
            body: parsed(textOf(answer)),
          }),
        refusal: (refusal) => limits.refusal(refusal),
        observe: {
          attempt(status, durationMs) {
            metrics.upstreamRequests.inc(account.name, endpoint.region, name, String(status));
            metrics.upstreamDuration.observe(durationMs / 1000, endpoint.region, name);
          },
          retry: (reason) => metrics.upstreamRetries.inc(endpoint.region, reason),
        },
      });
      return reading.judge(sent.answer, {
        charges: sent.charges,
        waitedMs: sent.waitedMs,
        upstreamMs: sent.upstreamMs,
      });
    },
  };
}

/** Where the paths of a scope begin at the region: below the tenant, at the version, or at its root. */
function basePathOf({ basePath, versionPath }: Endpoint, scope: Operation['scope']): string {
  if (scope === 'tenant') return basePath;
  return scope === 'version' ? versionPath : versionPath.slice(0, versionPath.lastIndexOf('/'));
}

type Costs = Pick<RegionAnswer, 'charges' | 'waitedMs' | 'upstreamMs'>;

/**
 * What the limits are asked for; the signal is made only if the request has to queue. A class, for its getter: an object
 * literal with one gives every request a hidden class of its own, which the collector then drags along.
 */
class Slot implements Ask {
  readonly method: string;
  readonly path: string;
  readonly fullPath: string;
  readonly query: string;
  readonly client: string;
  readonly priority: Priority;
  readonly maxWaitMs: number;
  readonly again: boolean;
  readonly #leave: Leave | undefined;

  constructor(ask: RegionAsk, base: string, maxWaitMs: number, again: boolean) {
    this.method = ask.method;
    this.path = ask.path;
    this.fullPath = base + ask.path;
    this.query = ask.query;
    this.client = ask.client;
    this.priority = ask.priority;
    this.maxWaitMs = Math.max(0, maxWaitMs);
    this.again = again;
    this.#leave = ask.leave;
  }

  get signal(): AbortSignal | undefined {
    return this.#leave?.signal;
  }
}

/** Reads the answers of one request; a text that was checked is not decoded again. */
class Reading {
  #checked: UpstreamAnswer | undefined;
  #text = '';

  /**
   * A success whose body is cut or garbled counts as no answer; see `decideRetry`. So does a read's that is empty: where
   * bodies end with the connection, it was cut before its first byte.
   */
  check(answer: UpstreamAnswer, method: string): ExchangeError | undefined {
    if (answer.status >= 300 || isProse(answer)) return undefined;
    if (answer.body.length === 0) {
      const isCut = method === 'GET' && answer.status !== 204;
      return isCut ? new ExchangeError('broken', true, 'the body is empty') : undefined;
    }
    try {
      this.#text = decodedText(answer);
      JSON.parse(this.#text);
      this.#checked = answer;
      return undefined;
    } catch (error) {
      return new ExchangeError('broken', true, 'the body is no whole JSON document', error);
    }
  }

  /** An answer as callers may see it: refusals are faults whatever shape they came in, a success is JSON or empty. */
  judge(answer: UpstreamAnswer, costs: Costs): RegionAnswer {
    const { status, headers } = answer;
    if (answer === this.#checked) return { status, text: this.#text, headers, ...costs };
    if (status >= 400) return { status, text: normaliseFault(status, textOf(answer)), headers, ...costs };
    if (status >= 300) return { status, text: documentOf(answer), headers, ...costs };
    return { status, text: isProse(answer) ? '' : decodedText(answer), headers, ...costs };
  }
}

/** Real servers accept an action with a bit of HTML or text: nothing a caller could use. */
function isProse(answer: UpstreamAnswer): boolean {
  return answer.status === 202 && /^text\/(?:html|plain)/.test(answer.headers['content-type'] ?? '');
}

/** A redirect's body when it is a document; the HTML that usually stands there repeats the Location. */
function documentOf(answer: UpstreamAnswer): string {
  const text = textOf(answer);
  return parsed(text) === undefined ? '' : text;
}

const isOverLimit = (status: number): boolean => status === 413 || status === 429;

function parsed(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return undefined;
  }
}

/** A refusal's words, as far as they can be read. */
function textOf(answer: UpstreamAnswer): string {
  try {
    return decodedText(answer);
  } catch {
    return '';
  }
}
