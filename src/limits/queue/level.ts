import { isControl } from '../client.ts';
import type { SlotRequest } from '../slot-request.ts';

/** 0: what keeps the shaper itself informed (GET /limits). 1: callers. 2: background work. */
export type Level = 0 | 1 | 2;
export const LEVELS: readonly Level[] = [0, 1, 2];

/** The level a request waits on. */
export function levelOf(request: SlotRequest): Level {
  if (isControl(request.client)) return 0;
  return request.priority === 'background' ? 2 : 1;
}
