import type { Services } from '../serving/services.ts';
import { type DegradedPart, degradedParts } from './degraded.ts';
import { type AccountReadiness, instanceReadiness } from './readiness.ts';

/** What `/readyz` may be asked: a flag is set unless it says `false` or `0`. */
export interface ReadyQuery {
  /** Which parts are degraded, and what to do. */
  readonly verbose?: string | string[];
  /** Ready only while nothing is degraded. */
  readonly strict?: string | string[];
  /** Ready while this account can be served. */
  readonly account?: string | string[];
}

/** What `/readyz` answers. */
export interface ReadyAnswer {
  /** HTTP status. */
  readonly code: 200 | 404 | 503;
  readonly status: 'ready' | 'not ready' | 'degraded' | 'stopping' | 'unknown account';
  readonly accounts: readonly AccountReadiness[];
  readonly degraded?: readonly DegradedPart[];
}

/** Whether an instance, or one of its accounts, is to be sent requests. One that drains is not, whoever asks for what. */
export function answerReady(query: ReadyQuery, services: Services, isDraining: boolean): ReadyAnswer {
  const { isReady, accounts } = instanceReadiness(services);
  const names = query.account === undefined ? undefined : [query.account].flat();
  const asked = names === undefined ? accounts : accounts.filter(({ name }) => names.includes(name));
  const degraded = isSet(query.strict) || isSet(query.verbose) ? degradedParts(services) : [];
  const shown = isSet(query.verbose) ? { accounts: asked, degraded } : { accounts: asked };
  if (isDraining) return { code: 503, status: 'stopping', ...shown };
  if (names !== undefined && asked.length < new Set(names).size)
    return { code: 404, status: 'unknown account', ...shown };
  if (names === undefined ? !isReady : asked.some(({ ready }) => !ready))
    return { code: 503, status: 'not ready', ...shown };
  if (isSet(query.strict) && degraded.length > 0) return { code: 503, status: 'degraded', ...shown };
  return { code: 200, status: 'ready', ...shown };
}

/** `?strict`, `?strict=true`, `?strict=1`. */
function isSet(flag: string | string[] | undefined): boolean {
  if (flag === undefined) return false;
  return [flag].flat().some((value) => value !== 'false' && value !== '0');
}
