import { Fault } from '../faults/faults.ts';
import { readJsonBody, render } from './body.ts';
import type { Counters } from './counters.ts';
import { type Answer, headerOf, type Incoming } from './exchange.ts';
import type { IdentityContext } from './identity/identity.ts';
import { chargedTo, readLoginV3 } from './identity/login-v3.ts';
import { errorV3 } from './identity/v3.ts';
import type { RatedRequest } from './rates/limit.ts';
import { rateHeaders, retryHeaders, type ServiceCaller, type ServiceLimits } from './rates/service-limits.ts';
import type { LimitedService } from './rates/service-schema.ts';
import type { Route } from './router.ts';

/** What stands before the services of a cloud of today, and counts who asks them. */
export interface LimitGate {
  /** Answers a request, or refuses it for its rate; tells what is left where callers are told. */
  pass(incoming: Incoming, route: Route, answer: () => Answer): Answer;
}

export function createLimitGate(
  limits: ServiceLimits,
  { tokens, clock }: Pick<IdentityContext, 'tokens' | 'clock'>,
  counters: Counters,
): LimitGate {
  const callerOf = (
    incoming: Incoming,
    service: LimitedService,
    region: string | null,
  ): ServiceCaller | undefined => {
    const id = headerOf(incoming, 'x-auth-token');
    const token =
      id === undefined
        ? undefined
        : (tokens.find(id) ?? (region === null ? undefined : tokens.find(id, region)));
    return token && { service, region, user: token.user.name, project: token.project?.id ?? null };
  };
  return {
    pass(incoming, route, answer) {
      const target = limits.settings.limits.length === 0 ? undefined : targetOf(route);
      if (!target) return answer();
      const { service, region, path } = target;
      const login = isLogin(incoming, target) ? loginName(incoming) : undefined;
      const caller =
        login === undefined
          ? callerOf(incoming, service, region)
          : { service, region, user: login, project: null };
      const request: RatedRequest = {
        method: incoming.method,
        path,
        fullPath: incoming.path,
        query: incoming.rawQuery,
      };
      const verdict = caller && limits.charge(caller, request);
      if (!verdict) return answer();
      const now = clock.now();
      const told = verdict.tightest ? rateHeaders(limits.settings.told, verdict.tightest, now) : {};
      if (verdict.retryAtMs === undefined) {
        const answered = answer();
        Object.assign(answered.headers, told);
        return answered;
      }
      counters.rejected(region);
      const { status, retryAfter } = limits.settings;
      const headers = { ...told, ...retryHeaders(retryAfter, verdict.retryAtMs, now) };
      return refusal(service, status, headers, incoming);
    },
  };
}

interface Target {
  readonly service: LimitedService;
  readonly region: string | null;
  /** Below the service's root and version, as limits are written. */
  readonly path: string;
}

function targetOf(route: Route): Target | undefined {
  switch (route.kind) {
    case 'identityV3':
      return { service: 'identity', region: route.home ?? null, path: route.path };
    case 'compute':
    case 'image':
    case 'network':
    case 'volume':
      return {
        service: route.kind,
        region: route.region,
        path: route.path.replace(/^\/v[\d.]+(?=\/|$)/, ''),
      };
    default:
      return undefined;
  }
}

const isLogin = ({ method }: Incoming, { service, path }: Target): boolean =>
  service === 'identity' && path === '/auth/tokens' && method === 'POST';

/** Whose login it is; undefined: it names nobody. */
function loginName(incoming: Incoming): string | undefined {
  try {
    const { proof } = readLoginV3(readJsonBody(incoming));
    return proof.kind === 'token' ? undefined : chargedTo(proof);
  } catch {
    return undefined;
  }
}

/** A refusal in the shape of the service's own errors. */
function refusal(
  service: LimitedService,
  status: number,
  headers: Record<string, string>,
  { origin }: Incoming,
): Answer {
  const message = 'This request was rate-limited.';
  if (service === 'identity') {
    const fault = new Fault('overLimit', message, { code: status, headers });
    return render(errorV3(fault, origin), 'json');
  }
  const retryAfter = headers['retry-after'] ?? headers['x-retry-after'];
  const document =
    service === 'compute'
      ? { overLimit: { code: status, message, ...(retryAfter === undefined ? {} : { retryAfter }) } }
      : { error: { code: status, title: 'Too Many Requests', message } };
  return render({ status, headers, document }, 'json');
}
