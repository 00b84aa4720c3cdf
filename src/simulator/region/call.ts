import type { Params } from '../../operations/match.ts';
import type { RegionAnswer, RegionRequest } from './region.ts';
import type { RegionSettings } from './settings.ts';
import type { RegionState } from './state.ts';

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
