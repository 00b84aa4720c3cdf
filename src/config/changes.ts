import { isRecord } from '../settings/tree.ts';

/** Most settings that are named; what changed beyond is counted. */
const MOST_NAMED = 20;

/**
 * The settings that differ between two configurations, by their keys alone: a value may be a secret. Members of lists that
 * have a name are called by it.
 */
export function changedSettings(before: unknown, after: unknown): string[] {
  const changed: string[] = [];
  compare(before, after, '', changed);
  const more = changed.length - MOST_NAMED;
  return more > 0 ? [...changed.slice(0, MOST_NAMED), `and ${more} more`] : changed;
}

function compare(before: unknown, after: unknown, path: string, changed: string[]): void {
  const [left, right] = [membersOf(before), membersOf(after)];
  if (left === undefined || right === undefined) {
    if (JSON.stringify(before) !== JSON.stringify(after)) changed.push(path);
    return;
  }
  for (const key of new Set([...left.keys(), ...right.keys()])) {
    const below = path === '' ? key : `${path}.${key}`;
    if (left.has(key) && right.has(key)) compare(left.get(key), right.get(key), below, changed);
    else changed.push(`${below} (${left.has(key) ? 'removed' : 'added'})`);
  }
}

/** By key, or by name or place in a list; undefined: it is a value. */
function membersOf(value: unknown): Map<string, unknown> | undefined {
  if (Array.isArray(value))
    return new Map(
      value.map((member, index) => {
        const name = isRecord(member) ? member['name'] : undefined;
        return [typeof name === 'string' ? name : String(index), member];
      }),
    );
  return isRecord(value) ? new Map(Object.entries(value)) : undefined;
}
