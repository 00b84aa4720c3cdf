import { isJsonObject, type JsonObject, type JsonValue } from '../../json.ts';
import type { Seal } from '../../redis/seal.ts';
import { type Change, EVERYTHING } from '../invalidation.ts';
import { isScope } from '../key.ts';

/** What one instance tells the others: a scope changed. */
export interface InvalidationMessage {
  /** The instance that tells. */
  readonly from: string;
  readonly scope: string;
  readonly change: Change;
}

/** What was published. */
export interface ReceivedMessage extends InvalidationMessage {
  /** The generation that the change gave the scope. */
  readonly generation: number;
  /** An instance with one of the signing keys wrote it; else it is a rumour. */
  readonly isGenuine: boolean;
}

const PURPOSE = 'cache invalidation';

/** A subject is part of a path, which is not longer than a request line; anything beyond is no message (characters). */
const LONGEST_MESSAGE = 32_768;

/** The text that ANNOUNCE publishes behind the scope's new generation. */
export function encodeMessage(message: InvalidationMessage, seal: Seal): string {
  return JSON.stringify({ ...message, seal: sealOf(message, seal) });
}

/** A message as it was published; null for anything else. */
export function decodeMessage(text: string, seal: Seal): ReceivedMessage | null {
  if (text.length > LONGEST_MESSAGE) return null;
  const space = text.indexOf(' ');
  const generation = parseGeneration(text.slice(0, Math.max(0, space)));
  const document = parse(text.slice(space + 1));
  const message = document && readMessage(document);
  if (!message || generation === undefined) return null;
  const given = document['seal'];
  const isGenuine = typeof given === 'string' && seal.matches(given, PURPOSE, contentOf(message));
  return { ...message, generation, isGenuine };
}

/** A generation as scripts make them, a time in microseconds; undefined for anything else. */
export function parseGeneration(text: string): number | undefined {
  return /^\d{1,16}$/.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : undefined;
}

const sealOf = (message: InvalidationMessage, seal: Seal): string => seal.of(PURPOSE, contentOf(message));

/** The same text for what was read as for what was written. */
const contentOf = ({ from, scope, change }: InvalidationMessage): string =>
  JSON.stringify(change.kind === 'all' ? [from, scope] : [from, scope, change.lists, change.subject]);

function parse(text: string): JsonObject | null {
  try {
    const document: JsonValue = JSON.parse(text);
    return isJsonObject(document) ? document : null;
  } catch {
    return null;
  }
}

/** A change of a kind that this version does not know means everything. */
function readMessage({ from, scope, change }: JsonObject): InvalidationMessage | null {
  if (typeof from !== 'string' || typeof scope !== 'string' || !isScope(scope)) return null;
  if (!isJsonObject(change)) return null;
  const { kind, lists, subject } = change;
  if (kind === 'write' && typeof lists === 'boolean' && (subject === null || typeof subject === 'string'))
    return { from, scope, change: { kind, lists, subject } };
  return { from, scope, change: EVERYTHING };
}
