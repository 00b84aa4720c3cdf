import type { JsonObject } from '../../json.ts';
import type { LimitStanding } from '../snapshot.ts';

/**
 * The answer to a caller's GET /limits (guide 1.8.3): rates as Sluice sees them now, absolute limits as the region last said.
 * @param nowWall ms since the epoch, for `next-available`
 */
export function limitsDocument(
  standings: readonly LimitStanding[],
  absolute: JsonObject,
  nowWall: number,
): JsonObject {
  const rates = new Map<string, { uri: string; regex: string; limit: JsonObject[] }>();
  for (const standing of standings) {
    const { uri, regex = '' } = standing.limit;
    const key = `${uri}\n${regex}`;
    const rate = rates.get(key) ?? { uri, regex, limit: [] };
    rates.set(key, rate);
    rate.limit.push(rowOf(standing, nowWall));
  }
  const rate = [...rates.values()].map((entry): JsonObject => ({ ...entry }));
  return { limits: { rate, absolute } };
}

function rowOf({ limit, remaining, nextFreeMs }: LimitStanding, nowWall: number): JsonObject {
  return {
    verb: limit.verb,
    value: limit.value,
    remaining,
    unit: limit.unit,
    'next-available': new Date(nowWall + nextFreeMs).toISOString(),
  };
}
