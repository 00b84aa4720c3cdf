import { type Attributes, type Span, traced } from '../telemetry/tracing.ts';
import { ExchangeError } from './exchange.ts';
import type { RegionRequest } from './request.ts';

/** Where a request goes, as spans say it. */
function placeAttributes({ place }: RegionRequest): Attributes {
  return { 'sluice.account': place.account.name, 'sluice.region': place.endpoint.region };
}

/** Awaits something for a request, as a part of it where that is traced. */
export function inSpan<T>(name: string, request: RegionRequest, result: Promise<T>): Promise<T> {
  const { trace } = request;
  return trace ? traced(trace.child(name, 'internal', placeAttributes(request)), result) : result;
}

/** Begins the span of one attempt, where that is traced. @param label name of the operation */
export function beginAttempt(request: RegionRequest, label: string, resends: number): Span | undefined {
  if (request.trace === undefined) return undefined;
  const { hostname, port } = request.place.endpoint.url;
  return request.trace.child(`${request.method} ${label}`, 'client', {
    ...placeAttributes(request),
    'http.request.method': request.method,
    'server.address': hostname,
    'server.port': Number(port) || undefined,
    'http.request.resend_count': resends || undefined,
  });
}

/** Says how an attempt ended. For a client's span 4xx is a failure, too (OpenTelemetry's conventions for HTTP spans). */
export function endAttempt(
  span: Span | undefined,
  outcome: { readonly status: number } | ExchangeError,
): void {
  if (span === undefined) return;
  if (outcome instanceof ExchangeError) span.end({}, outcome.kind);
  else
    span.end(
      { 'http.response.status_code': outcome.status },
      outcome.status >= 400 ? String(outcome.status) : undefined,
    );
}

/** Headers of an attempt, with its span as the one that the region's are a part of, in place of the caller's. */
export function withTrace(headers: Record<string, string>, span: Span | undefined): Record<string, string> {
  if (span === undefined) return headers;
  const { traceparent: _, tracestate: __, ...others } = headers;
  return { ...others, ...span.headers() };
}
