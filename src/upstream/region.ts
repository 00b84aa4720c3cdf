import type { IncomingHttpHeaders } from 'node:http';
import type { Fault } from '../faults/faults.ts';
import type { Endpoint } from '../identity/catalog.ts';
import type { Token } from '../identity/token.ts';
import type { JsonValue } from '../json.ts';
import type { RegionLimits } from '../limits/limits.ts';
import type { Charge, Permit, Priority, Refusal, SlotRequest } from '../limits/slot-request.ts';
import { type Hrefs, hrefsOf } from '../links/json-hrefs.ts';
import type { Operation } from '../operations/operation.ts';
import type { LiveAccount } from '../routing/account.ts';
import type { Place } from '../routing/directory.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { statusLabel } from '../telemetry/status-label.ts';
import type { Cancellation } from './cancellation.ts';
import { decodedBody, decodedText } from './decode.ts';
import { ExchangeError, type UpstreamAnswer } from './exchange.ts';
import { requestHeaders } from './headers.ts';
import { normaliseFault } from './normalise.ts';
import type { Sender, Sending, SendObserver, Sent, Tokens } from './send.ts';

/** What is asked of a region on behalf of a caller, or of Sluice itself. */
export interface UpstreamRequest {
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
  cancellation: Cancellation | undefined;
}

/** A region's answer: JSON text (a fault's too), or nothing. */
export interface RegionAnswer {
  status: number;
  text: string;
  /** Where the links of the text are, as far as that is known. */
  hrefs: Hrefs | undefined;
  headers: IncomingHttpHeaders;
  charges: readonly Charge[];
  waitedMs: number;
  upstreamMs: number;
}

/** Asks regions: through the limits, with a token, counted. */
export interface Regions {
  /** @throws {Fault} over limit, or no answer */
  ask(ask: UpstreamRequest): Promise<RegionAnswer>;
}

/** What regions are asked with. */
interface Means {
  readonly sender: Sender;
  readonly limits: RegionLimits<Place>;
  readonly metrics: Metrics;
}

export function createRegions(means: Means): Regions {
  return {
    async ask(ask) {
      const asking = new Asking(ask, means);
      return asking.judge(await means.sender.send(asking));
    },
  };
}

/** One question to a region: what the sender has to know of it, and what the answer means. */
class Asking implements Sending, SendObserver {
  readonly method: string;
  readonly endpoint: Endpoint;
  readonly path: string;
  readonly tokens: Tokens;
  readonly body: Buffer | string | undefined;
  readonly cancellation: Cancellation | undefined;
  readonly observe: SendObserver;
  readonly #ask: UpstreamRequest;
  readonly #base: string;
  readonly #means: Means;
  readonly #reading = new Reading();

  constructor(ask: UpstreamRequest, means: Means) {
    const { account, endpoint } = ask.place;
    this.method = ask.method;
    this.endpoint = endpoint;
    this.#base = basePathOf(endpoint, ask.operation.scope);
    this.path = this.#base + (ask.query === '' ? ask.path : `${ask.path}?${ask.query}`);
    this.tokens = (account as LiveAccount).tokens;
    this.body = ask.body;
    this.cancellation = ask.cancellation;
    this.observe = this;
    this.#ask = ask;
    this.#means = means;
  }

  headers(token: Token): Record<string, string> {
    const { headers, body, shared } = this.#ask;
    return requestHeaders(headers, token.id, body !== undefined, shared);
  }

  check(answer: UpstreamAnswer): ExchangeError | undefined {
    return this.#reading.check(answer, this.method);
  }

  admit(waitedMs: number, again: boolean): Permit | Refusal | Promise<Permit | Refusal> {
    const { limits } = this.#means;
    const { operation, place, maxWaitMs } = this.#ask;
    if (operation.limitClass === 'free') return limits.free;
    return limits.acquire(place, new Slot(this.#ask, this.#base, maxWaitMs - waitedMs, again));
  }

  overLimit(answer: UpstreamAnswer): boolean {
    if (answer.status !== 413 && answer.status !== 429) return false;
    const { status, headers } = answer;
    const refused = { status, headers, body: parsed(textOf(answer)) };
    return this.#means.limits.overLimit(this.#ask.place, new Slot(this.#ask, this.#base, 0, true), refused);
  }

  refusal(refusal: Refusal): Fault {
    return this.#means.limits.refusal(refusal);
  }

  attempt(status: number | 'error', durationMs: number): void {
    const { metrics } = this.#means;
    const { operation, place } = this.#ask;
    const { region } = place.endpoint;
    const label = status === 'error' ? status : statusLabel(status);
    metrics.upstreamRequests.inc(place.account.name, region, operation.name, label);
    metrics.upstreamDuration.observe(durationMs / 1000, region, operation.name);
  }

  retry(reason: string): void {
    this.#means.metrics.upstreamRetries.inc(this.endpoint.region, reason);
  }

  judge({ answer, charges, waitedMs, upstreamMs }: Sent): RegionAnswer {
    return this.#reading.judge(answer, { charges, waitedMs, upstreamMs });
  }
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
class Slot implements SlotRequest {
  readonly method: string;
  readonly path: string;
  readonly fullPath: string;
  readonly query: string;
  readonly client: string;
  readonly priority: Priority;
  readonly maxWaitMs: number;
  readonly again: boolean;
  readonly #cancellation: Cancellation | undefined;

  constructor(ask: UpstreamRequest, base: string, maxWaitMs: number, again: boolean) {
    this.method = ask.method;
    this.path = ask.path;
    this.fullPath = base + ask.path;
    this.query = ask.query;
    this.client = ask.client;
    this.priority = ask.priority;
    this.maxWaitMs = Math.max(0, maxWaitMs);
    this.again = again;
    this.#cancellation = ask.cancellation;
  }

  get signal(): AbortSignal | undefined {
    return this.#cancellation?.signal;
  }
}

/** Reads the answers of one request; what was checked is not read again. */
class Reading {
  #checked: UpstreamAnswer | undefined;
  #text = '';
  #hrefs: Hrefs = [];

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
    let body: Buffer;
    try {
      body = decodedBody(answer);
    } catch (error) {
      return new ExchangeError('broken', true, NO_DOCUMENT, error);
    }
    const text = body.toString();
    const hrefs = hrefsOf(body, text);
    if (hrefs === undefined) return new ExchangeError('broken', true, NO_DOCUMENT);
    this.#text = text;
    this.#hrefs = hrefs;
    this.#checked = answer;
    return undefined;
  }

  /** An answer as callers may see it: refusals are faults whatever shape they came in, a success is JSON or empty. */
  judge(answer: UpstreamAnswer, { charges, waitedMs, upstreamMs }: Costs): RegionAnswer {
    const { status, headers } = answer;
    const isChecked = answer === this.#checked;
    const text = isChecked ? this.#text : readableText(answer);
    const hrefs = isChecked ? this.#hrefs : undefined;
    return { status, text, hrefs, headers, charges, waitedMs, upstreamMs };
  }
}

const NO_DOCUMENT = 'the body is no whole JSON document';

/** The text of what is no success with a document. */
function readableText(answer: UpstreamAnswer): string {
  const { status } = answer;
  if (status >= 400) return normaliseFault(status, textOf(answer));
  if (status >= 300) return documentOf(answer);
  return isProse(answer) ? '' : decodedText(answer);
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
