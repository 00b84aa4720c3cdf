import { isJsonObject, type JsonValue } from '../../json.ts';
import { type Change, EVERYTHING } from '../invalidation.ts';

/** What one instance tells the others: a scope changed. */
export interface InvalidationMessage {
  /** The instance that tells. */
  readonly from: string;
  readonly scope: string;
  readonly change: Change;
}

/** The text that ANNOUNCE publishes behind the scope's new generation. */
export function encodeMessage(message: InvalidationMessage): string {
  return JSON.stringify(message);
}

/** A message as it was published, with the generation it gave the scope; null for anything else. */
export function decodeMessage(text: string): (InvalidationMessage & { generation: number }) | null {
  const space = text.indexOf(' ');
  const generation = Number(text.slice(0, space));
  const message = readMessage(text.slice(space + 1));
  return message && Number.isFinite(generation) ? { ...message, generation } : null;
}

/** A change of a kind that this version does not know means everything. */
function readMessage(text: string): InvalidationMessage | null {
  let message: JsonValue;
  try {
    message = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isJsonObject(message)) return null;
  const { from, scope, change } = message;
  if (typeof from !== 'string' || typeof scope !== 'string' || !isJsonObject(change)) return null;
  const { kind, lists, subject } = change;
  if (kind === 'write' && typeof lists === 'boolean' && (subject === null || typeof subject === 'string'))
    return { from, scope, change: { kind, lists, subject } };
  return { from, scope, change: EVERYTHING };
}
