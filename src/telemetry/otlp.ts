/** Traces by OpenTelemetry's own SDK, sent by OTLP over HTTP. Loaded only where `tracing.otlp` is set. */
import type { IncomingHttpHeaders } from 'node:http';
import { hostname } from 'node:os';
import {
  type Context,
  defaultTextMapGetter,
  defaultTextMapSetter,
  type Attributes as OtelAttributes,
  SpanKind as OtelKind,
  type Span as OtelSpan,
  ROOT_CONTEXT,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { ExportResultCode, W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  ParentBasedSampler,
  type SpanExporter,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace-base';
import { VERSION } from '../version.ts';
import { type Attributes, contextOf, type Span, type SpanKind, type Tracing } from './tracing.ts';

/** `tracing` of the configuration. */
export interface TracingSettings {
  /** Base URL of the collector. */
  readonly otlp: string;
  /** Share of the traces that begin here which are sent, 0 to 1. */
  readonly ratio: number;
}

/** Where trouble with the collector is spoken of; a pino logger fits. */
interface TracingLog {
  warn(fields: object, message: string): void;
  info(fields: object, message: string): void;
}

/** A collector that is away holds up no end of the process, ms. */
const LONGEST_CLOSE_MS = 2_000;
const EXPORT_TIMEOUT_MS = 5_000;

const KINDS: Readonly<Record<SpanKind, OtelKind>> = {
  server: OtelKind.SERVER,
  client: OtelKind.CLIENT,
  internal: OtelKind.INTERNAL,
};

const propagator = new W3CTraceContextPropagator();

/** Begins to trace. */
export function openTracing({ otlp, ratio }: TracingSettings, instance: string, log: TracingLog): Tracing {
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({
      'service.name': 'sluice',
      'service.version': VERSION,
      'service.instance.id': instance,
      'host.name': hostname(),
    }),
    // Whoever asks has decided already whether its trace is sent; what begins here is decided by the ratio.
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) }),
    spanProcessors: [new BatchSpanProcessor(telling(exporterTo(otlp), log))],
  });
  const tracer = provider.getTracer('sluice', VERSION);
  return {
    request: (headers) => begin(tracer, contextFrom(headers), 'request', 'server'),
    root: (name, kind, attributes) => begin(tracer, ROOT_CONTEXT, name, kind, attributes),
    async close() {
      let timer: NodeJS.Timeout | undefined;
      const patience = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, LONGEST_CLOSE_MS);
      });
      await Promise.race([provider.shutdown().catch(() => {}), patience]);
      clearTimeout(timer);
    },
  };
}

/** The path of traces below the collector's base (OpenTelemetry Protocol, "OTLP/HTTP Request"). */
export function tracesUrl(otlp: string): string {
  const url = new URL(otlp);
  if (!url.pathname.endsWith('/v1/traces')) url.pathname = `${url.pathname.replace(/\/$/, '')}/v1/traces`;
  return url.href;
}

const exporterTo = (otlp: string): OTLPTraceExporter =>
  new OTLPTraceExporter({ url: tracesUrl(otlp), timeoutMillis: EXPORT_TIMEOUT_MS });

/** An outage of the collector costs one warning, its end one line. */
function telling(exporter: SpanExporter, log: TracingLog): SpanExporter {
  let away = false;
  return {
    export(spans, done) {
      exporter.export(spans, (result) => {
        const failed = result.code === ExportResultCode.FAILED;
        if (failed && !away)
          log.warn(
            { err: result.error },
            'the collector of tracing.otlp takes no traces; they are dropped until it does',
          );
        if (!failed && away) log.info({}, 'the collector of tracing.otlp takes traces again');
        away = failed;
        done(result);
      });
    },
    shutdown: () => exporter.shutdown(),
    forceFlush: async () => exporter.forceFlush?.(),
  };
}

/** The caller's trace, if its headers name one. */
const contextFrom = (headers: IncomingHttpHeaders): Context =>
  headers.traceparent === undefined
    ? ROOT_CONTEXT
    : propagator.extract(ROOT_CONTEXT, contextOf(headers), defaultTextMapGetter);

function begin(
  tracer: Tracer,
  parent: Context,
  name: string,
  kind: SpanKind,
  attributes: Attributes = {},
): Span {
  const options = { kind: KINDS[kind], attributes: attributes as OtelAttributes };
  return new TracedSpan(tracer, tracer.startSpan(name, options, parent), parent);
}

class TracedSpan implements Span {
  readonly #tracer: Tracer;
  readonly #span: OtelSpan;
  readonly #context: Context;

  constructor(tracer: Tracer, span: OtelSpan, parent: Context) {
    this.#tracer = tracer;
    this.#span = span;
    this.#context = trace.setSpan(parent, span);
  }

  child(name: string, kind: SpanKind, attributes?: Attributes): Span {
    return begin(this.#tracer, this.#context, name, kind, attributes);
  }

  past(name: string, kind: SpanKind, durationMs: number, attributes: Attributes = {}): void {
    const endTime = Date.now();
    const options = {
      kind: KINDS[kind],
      attributes: attributes as OtelAttributes,
      startTime: endTime - durationMs,
    };
    this.#tracer.startSpan(name, options, this.#context).end(endTime);
  }

  headers(): Readonly<Record<string, string>> {
    const carrier: Record<string, string> = {};
    propagator.inject(this.#context, carrier, defaultTextMapSetter);
    return carrier;
  }

  end({ 'span.name': name, ...attributes }: Attributes = {}, failure?: string): void {
    if (typeof name === 'string') this.#span.updateName(name);
    this.#span.setAttributes(attributes as OtelAttributes);
    if (failure !== undefined) {
      this.#span.setAttribute('error.type', failure);
      this.#span.setStatus({ code: SpanStatusCode.ERROR });
    }
    this.#span.end();
  }
}
