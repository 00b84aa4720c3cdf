import type { Attributes, Span } from '../telemetry/tracing.ts';
import { ExchangeError } from './exchange.ts';
import type { RegionRequest } from './request.ts';

/** Where a request goes, as spans say it. */
export function placeAttributes({ place }: RegionRequest): Attributes {
  return { 'sluice.account': place.account.name, 'sluice.region': place.endpoint.region };
}

/** Begins the span of one attempt. @param label name of the operation */
export function beginAttempt(trace: Span, request: RegionRequest, label: string, resends: number): Span {
  const { hostname, port } = request.place.endpoint.url;
  return trace.child(`${request.method} ${label}`, 'client', {
    ...placeAttributes(request),
    'http.request.method': request.method,
    'server.address': hostname,
    'server.port': Number(port) || undefined,
    'http.request.resend_count': resends || undefined,
  });
}

/** Says how an attempt ended. For a client's span 4xx is a failure, too (OpenTelemetry's conventions for HTTP spans). */
export function endAttempt(span: Span, outcome: { readonly status: number } | ExchangeError): void {
  if (outcome instanceof ExchangeError) span.end({}, outcome.kind);
  else
    span.end(
      { 'http.response.status_code': outcome.status },
      outcome.status >= 400 ? String(outcome.status) : undefined,
    );
}

/** Headers of an attempt, with its span as the one that the region's are a part of, in place of the caller's. */
export function withTrace(headers: Record<string, string>, span: Span): Record<string, string> {
  const { traceparent: _, tracestate: __, ...others } = headers;
  return { ...others, ...span.headers() };
}
