/**
 * What is traced, apart from who traces it: nothing here costs anything while `tracing.otlp` is not set, and nothing of
 * OpenTelemetry is loaded then (otlp.ts).
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { IncomingHttpHeaders } from 'node:http';

/** `server`: a caller's request; `client`: one of Sluice's own to somebody; `internal`: what Sluice does by itself. */
export type SpanKind = 'server' | 'client' | 'internal';

/** What is said of a span; names are OpenTelemetry's semantic conventions where there are such. */
export type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

/** Something that has begun, as part of something else. */
export interface Span {
  /** Begins a part of this. */
  child(name: string, kind: SpanKind, attributes?: Attributes): Span;
  /** A part that is over already. @param durationMs how long it took, until now */
  past(name: string, kind: SpanKind, durationMs: number, attributes?: Attributes): void;
  /** The headers by which whoever is asked next knows that it is a part of this (W3C Trace Context). */
  headers(): Readonly<Record<string, string>>;
  /** @param failure a word for what went wrong; left out: nothing did */
  end(attributes?: Attributes, failure?: string): void;
}

/** Who traces. */
export interface Tracing {
  /** Begins what a caller asks: a part of what its `traceparent` names, or a trace of its own. */
  request(headers: IncomingHttpHeaders): Span;
  /** Begins what nobody asked for. */
  root(name: string, kind: SpanKind, attributes?: Attributes): Span;
  /** Sends what there is. */
  close(): Promise<void>;
}

/** What is under way where it cannot be handed on: for observers, who are told of what is over. */
const underWay = new AsyncLocalStorage<Span>();

/** Runs something as a part of a span, which `currentSpan` tells whoever observes it. */
export function within<T>(span: Span | undefined, run: () => T): T {
  return span === undefined ? run() : underWay.run(span, run);
}

export const currentSpan = (): Span | undefined => underWay.getStore();

/** Awaits something as a part of a span. */
export async function traced<T>(span: Span | undefined, result: Promise<T>): Promise<T> {
  try {
    const value = await result;
    span?.end();
    return value;
  } catch (error) {
    span?.end({}, error instanceof Error ? error.name : 'error');
    throw error;
  }
}

/** Of a `traceparent` no more is believed than its form (W3C Trace Context, section 3.2.2). */
const TRACEPARENT =
  /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-[\x21-\x7e]{0,400})?$/;
const LONGEST_STATE = 512;

/** The caller's trace context, to be handed on as it is where nobody traces here; nothing of what is none. */
export function contextOf(headers: IncomingHttpHeaders): Record<string, string> {
  const { traceparent, tracestate } = headers;
  if (typeof traceparent !== 'string' || !TRACEPARENT.test(traceparent)) return {};
  const state = Array.isArray(tracestate) ? tracestate.join(',') : tracestate;
  if (state === undefined || state.length > LONGEST_STATE) return { traceparent };
  return { traceparent, tracestate: state };
}
