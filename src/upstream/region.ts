import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import type { Endpoint } from '../identity/catalog.ts';
import type { Token } from '../identity/token.ts';
import type { Charge } from '../limits/slot-request.ts';
import type { Hrefs } from '../links/json-hrefs.ts';
import type { LongDocument } from '../links/long-document.ts';
import type { Operation } from '../operations/operation.ts';
import { AnswerReader } from './answer-reader.ts';
import { withTrace } from './attempt-span.ts';
import { cutDocument } from './cut-document.ts';
import type { ExchangeError, ExchangeRequest, UpstreamAnswer } from './exchange.ts';
import { passthroughRequestHeaders, requestHeaders } from './headers.ts';
import { hedgedExchange, type Send } from './hedge/hedged-exchange.ts';
import type { Means } from './means.ts';
import { RegionCall } from './region-call.ts';
import { Renewals } from './renewals.ts';
import type { ProxiedRequest, UpstreamRequest } from './request.ts';
import { RetryBudgets } from './retry-budget.ts';
import type { PermitWatch } from './slot.ts';
import { discard, type StreamedAnswer, streamExchange } from './stream-exchange.ts';
import { exchange, MAX_ANSWER_BYTES } from './whole-exchange.ts';

export type { UpstreamRequest } from './request.ts';

/** What an answer cost. */
interface Costs {
  /** How often the request was sent. */
  attempts: number;
  /** The limits that the last attempt was charged to. */
  charges: readonly Charge[];
  /** Time spent waiting for slots, ms. */
  waitedMs: number;
  /** Time from sending to the answer, all attempts, ms. */
  upstreamMs: number;
}

/** A region's answer: JSON text (a fault's too), or nothing. */
export interface RegionAnswer extends Costs {
  status: number;
  text: string;
  /** Where the links of the text are, as far as that is known. */
  hrefs: Hrefs | undefined;
  /** The same where it is long: who can deal with it bit by bit makes no text of it. */
  long?: LongDocument | undefined;
  headers: IncomingHttpHeaders;
}

/** A region's answer as it comes, or whole where it is held. */
export interface ProxiedAnswer extends Costs {
  status: number;
  headers: IncomingHttpHeaders;
  /** The bytes, coded as `content-encoding` says; a stream fails with an `ExchangeError` when the answer breaks. */
  body: Readable | Buffer;
}

/** The one way to a region: through the limits, with a token, counted. */
export interface Regions {
  /**
   * The whole answer, decoded and checked.
   *
   * @throws {Fault} over limit, no token, no answer
   */
  ask(request: UpstreamRequest): Promise<RegionAnswer>;
  /**
   * The answer from its head on, or whole where it is held, when no other attempt is to follow.
   *
   * @throws {Fault} over limit, no token, no answer; what has streamed its body and would have to be sent again
   */
  stream(request: ProxiedRequest): Promise<ProxiedAnswer>;
  /** How many requests to an origin may be repeated now, see `RetryBudget`. */
  retriesLeft(origin: string): number;
}

/** Joins up what regions are asked with. */
export function createRegions(means: Omit<Means, 'renewals' | 'retryBudgets'>): Regions {
  const all: Means = { ...means, renewals: new Renewals(), retryBudgets: new RetryBudgets() };
  return {
    ask: (request) => new WholeCall(request, all).answer(),
    stream: (request) => new StreamedCall(request, all).answer(),
    retriesLeft: (origin) => all.retryBudgets.of(origin).left(all.clock.monotonic()),
  };
}

/** A question whose whole answer is wanted. */
class WholeCall extends RegionCall<UpstreamRequest, UpstreamAnswer> {
  readonly #reader: AnswerReader;

  constructor(request: UpstreamRequest, means: Means) {
    const { operation, place, permit } = request;
    const base = basePathOf(place.endpoint, operation.scope);
    super(
      request,
      {
        base,
        label: operation.name,
        isFree: operation.limitClass === 'free',
        permit,
      },
      means,
    );
    this.#reader = new AnswerReader(operation.scope === 'service');
  }

  async answer(): Promise<RegionAnswer> {
    const answer = await this.run();
    const { status, headers } = answer;
    const { attempts, charges, waitedMs, upstreamMs } = this;
    const costs: Costs = { attempts, charges, waitedMs, upstreamMs };
    const long = this.#reader.longOf(answer);
    if (long !== undefined) return new LongAnswer(status, headers, long, costs);
    const text = this.#reader.textOf(answer);
    const hrefs = this.#reader.hrefsOf(answer);
    return { status, text, hrefs, headers, ...costs };
  }

  protected headers(token: Token): Record<string, string> {
    const { headers, body, shared, operation, knownClient } = this.request;
    const kind = { hasBody: body !== undefined, shared, isCompute: operation.service === 'compute' };
    return requestHeaders(headers, token.id, kind, knownClient);
  }

  protected exchange(
    request: ExchangeRequest,
    dispatcher: Dispatcher,
    watch: PermitWatch,
  ): Promise<UpstreamAnswer | ExchangeError> {
    const { request: asked, means, circuit, budget } = this;
    const mostBytes = mostBytesOf(asked.operation);
    const hedges = means.hedging.of(asked, circuit);
    if (hedges === undefined) return exchange(dispatcher, request, asked.cancellation, watch, mostBytes);
    const send: Send = (cancellation, watch, span) => {
      const headers = withTrace(request.headers, span);
      return exchange(dispatcher, { ...request, headers }, cancellation, watch, mostBytes);
    };
    const slot = () => this.slot(0, false);
    const countAttempt = () => this.attempts++;
    const terms = { request: asked, means, hedges, circuit, budget, slot, countAttempt };
    return hedgedExchange(terms, send, watch);
  }

  protected check(answer: UpstreamAnswer): ReturnType<AnswerReader['check']> {
    return this.#reader.check(answer, this.request.method);
  }

  protected whole(answer: UpstreamAnswer): UpstreamAnswer {
    return answer;
  }

  protected discard(): void {}
}

/** An answer whose text is made when somebody asks for it. */
class LongAnswer implements RegionAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly long: LongDocument;
  readonly hrefs = undefined;
  readonly attempts: number;
  readonly charges: readonly Charge[];
  readonly waitedMs: number;
  readonly upstreamMs: number;

  constructor(status: number, headers: IncomingHttpHeaders, long: LongDocument, costs: Costs) {
    this.status = status;
    this.headers = headers;
    this.long = long;
    this.attempts = costs.attempts;
    this.charges = costs.charges;
    this.waitedMs = costs.waitedMs;
    this.upstreamMs = costs.upstreamMs;
  }

  get text(): string {
    return this.long.bytes.toString();
  }
}

/** A region publishes a few dozen limits. */
const MAX_LIMITS_BYTES = 1024 * 1024;
/** A thousand items are the longest list by the guide (section 1.6), of some 2 KiB each. */
const MAX_KEPT_BYTES = 8 * 1024 * 1024;
/** Neutron's lists have no pages unless its operator sets them: ten thousand security groups with their rules. */
const MAX_UNPAGED_BYTES = 32 * 1024 * 1024;

/** The largest answer of an operation that is taken: what is kept, or read for its meaning, is no endless list. */
function mostBytesOf({ limitClass, cache, method, service }: Operation): number {
  if (limitClass === 'model') return MAX_LIMITS_BYTES;
  if (service === 'network' && method === 'GET') return MAX_UNPAGED_BYTES;
  return cache !== null || method !== 'GET' ? MAX_KEPT_BYTES : MAX_ANSWER_BYTES;
}

/** Where the paths of a scope begin: below the tenant, at the root of the region, or at that of the origin. */
function basePathOf({ basePath, versionPath }: Endpoint, scope: Operation['scope']): string {
  if (scope === 'service') return '';
  return scope === 'tenant' ? basePath : versionPath.slice(0, versionPath.lastIndexOf('/'));
}

/** A request that goes through, its answer passed on as it comes. */
class StreamedCall extends RegionCall<ProxiedRequest, StreamedAnswer> {
  constructor(request: ProxiedRequest, means: Means) {
    super(request, { base: request.base, label: request.label, isFree: false }, means);
  }

  async answer(): Promise<ProxiedAnswer> {
    const { status, headers, body } = await this.run();
    const { attempts, charges, waitedMs, upstreamMs } = this;
    return { status, headers, body, attempts, charges, waitedMs, upstreamMs };
  }

  protected headers(token: Token): Record<string, string> {
    const { headers, body, isCompute, knownClient } = this.request;
    return passthroughRequestHeaders(headers, token.id, body?.length, isCompute, knownClient);
  }

  protected exchange(
    request: ExchangeRequest,
    dispatcher: Dispatcher,
    watch: PermitWatch,
  ): Promise<StreamedAnswer | ExchangeError> {
    const { cancellation, holding } = this.request;
    return streamExchange(dispatcher, request, cancellation, watch, holding);
  }

  protected check(answer: StreamedAnswer): ReturnType<typeof cutDocument> {
    return cutDocument(answer, this.request.method);
  }

  protected whole({ whole }: StreamedAnswer): UpstreamAnswer | undefined {
    return whole;
  }

  protected discard(answer: StreamedAnswer): void {
    discard(answer);
  }
}
