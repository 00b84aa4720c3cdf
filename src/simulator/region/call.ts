import type { JsonValue } from '../../json.ts';
import type { Params } from '../../operations/match.ts';
import type { RegionSettings } from './settings.ts';
import type { RegionState } from './state.ts';

/** A request below the tenant, already known to be allowed: token, tenant and rate are judged outside. */
export interface RegionRequest {
  method: string;
  /** path below the tenant, no query, no suffix */
  path: string;
  query: URLSearchParams;
  /** parsed JSON body; undefined: none */
  body: JsonValue | undefined;
  tenantId: string;
  userId: string;
  /** `http://host:port/dfw/v2/010101` (self links) */
  selfBase: string;
  /** `http://host:port/dfw/010101` (bookmark links) */
  bookmarkBase: string;
  /** root of the region, `http://host:port/dfw` */
  rootBase: string;
}

/** Status, lower-case headers and body of an answer. */
export interface RegionAnswer {
  status: number;
  headers?: Record<string, string>;
  body?: JsonValue;
  /** operation name of the operations table */
  operation?: string;
}

/** One request on its way through the region: what every handler gets. */
export interface Call {
  readonly request: RegionRequest;
  /** Path parameters by name. */
  readonly params: Params;
  readonly state: RegionState;
  readonly settings: RegionSettings;
  /** ms since the epoch: the one instant the whole request is answered at */
  readonly now: number;
}

/** Answers one operation; throws a Fault when it cannot. */
export type Handler = (call: Call) => RegionAnswer;

/** The path parameter of that name; the operations table promises that it is there. */
export function param(call: Call, name: string): string {
  const value = call.params[name];
  if (value === undefined) throw new Error(`the operation has no path parameter ${name}`);
  return value;
}
