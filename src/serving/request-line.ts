import type { RequestFacts } from '../http/request-facts.ts';
import type { Route } from '../routing/route.ts';
import type { Target } from '../routing/target.ts';
import type { NotableRequest } from '../telemetry/notable-requests.ts';
import { redactText } from '../telemetry/redact.ts';
import type { RequestLine } from '../telemetry/request-log.ts';
import { traceIdOf } from '../telemetry/trace-id.ts';

/** Longest text of a caller's in a line, characters. */
const LONGEST_TEXT = 256;

/** What has been found out about a finished request, as its line says it. Names are OpenTelemetry's where it has one. */
export function requestLineOf(call: RequestFacts, status: number, bytes: number, ms: number): RequestLine {
  const { account, region, operation, method, client, cache, identity, headers } = call;
  const peer = call.socket.remoteAddress ?? '';
  const agent = headers['user-agent'];
  return {
    id: call.requestId,
    method,
    operation,
    region,
    account,
    client,
    status,
    cache,
    waitMs: Math.round(call.waitedMs),
    upstreamMs: Math.round(call.upstreamMs * 10) / 10,
    ms: Math.round(ms * 1000) / 1000,
    'http.request.method': method,
    'http.response.status_code': status,
    'http.response.body.size': bytes,
    ...pathsOf(call.route),
    'network.peer.address': peer,
    'client.address': call.address,
    'user_agent.original': agent?.slice(0, LONGEST_TEXT),
    key: identity?.kind === 'client' && identity.keyName !== '' ? identity.keyName : undefined,
    attempts: call.attempts === 0 ? undefined : call.attempts,
    cacheReason: call.cacheReason || undefined,
    upstreamId: call.errorType === '' || call.upstreamId === call.requestId ? undefined : call.upstreamId,
    ownId: call.ownId,
    trace_id: traceIdOf(headers['traceparent']),
    'error.type': call.errorType || undefined,
    reason: call.errorMessage === '' ? undefined : redactText(call.errorMessage).slice(0, LONGEST_TEXT),
  };
}

/** A request for the status page. */
export function notableOf(call: RequestFacts, status: number, ms: number, atMs: number): NotableRequest {
  const { client, region, operation, requestId: id, errorType: why } = call;
  const waitMs = Math.round(call.waitedMs);
  return { atMs, id, client, region, operation, status, ms: Math.round(ms), waitMs, why };
}

type Paths = Pick<RequestLine, 'http.route' | 'url.path'>;

/** Routes of hits are kept: so is what their lines say. */
const known = new WeakMap<Route, Paths>();

function pathsOf(route: Route): Paths {
  const found = known.get(route);
  if (found !== undefined) return found;
  const paths = { 'http.route': templateOf(route), 'url.path': pathOf(route) };
  known.set(route, paths);
  return paths;
}

/** Tokens stand in the paths of logins, and may stand wherever nobody expects them. */
function pathOf({ target, match, path, refusal }: Route): string {
  if (target.kind === 'identity' && refusal === undefined)
    return path.replace(/(\/tokens\/)[^/]+/, '$1…').slice(0, LONGEST_TEXT);
  if (match?.kind === 'operation') return path.slice(0, LONGEST_TEXT);
  return redactText(path.slice(0, LONGEST_TEXT));
}

function templateOf({ target, match, refusal }: Route): string {
  if (refusal !== undefined) return '';
  const below =
    match?.kind === 'operation'
      ? match.operation.path
      : match?.kind === 'action'
        ? '/servers/{id}/action'
        : '';
  switch (target.kind) {
    case 'compute':
      return `${regionOf(target)}/${target.version ?? 'v2'}/{tenant}${below || (target.path === '/' ? '' : '/*')}`;
    case 'service':
      return `${regionOf(target)}/services/{type}/*`;
    case 'everywhere':
      return '/all/{version}/{tenant}/*';
    case 'versions':
      return `${regionOf(target)}/`;
    case 'version':
      return `${regionOf(target)}/${target.version}`;
    default:
      return '/identity/*';
  }
}

const regionOf = (target: Target): string =>
  'region' in target && target.region !== undefined ? '/{region}' : '';
