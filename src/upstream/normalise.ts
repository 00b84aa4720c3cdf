import { FAULTS, type FaultName } from '../faults/faults.ts';
import { isJsonObject, type JsonValue } from '../json.ts';
import { plainText } from './plain-text.ts';

/**
 * No refusal says so much, characters: of a longer one the first words count, if it is no JSON, and nothing is parsed. Whoever
 * wants to know what kind of refusal it is would read it again, several times over.
 */
const LONGEST_REFUSAL = 64 * 1024;

/** The value of a refusal's text; undefined when it is no JSON, or longer than any. */
export function parseRefusal(text: string): JsonValue | undefined {
  if (text.length > LONGEST_REFUSAL) return undefined;
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return undefined;
  }
}

/**
 * Real servers say no in many shapes: a fault, keystone's `{"error": …}`, webob's `{"message", "code": "404 Not
 * Found"}`, HTML, plain text, nothing. Callers get one shape, the guide's fault, with the upstream's own words.
 *
 * @param body the answer's text
 * @returns JSON text of a fault; the same text when it is one already
 */
export function normaliseFault(status: number, body: string): string {
  const isJson = looksLikeJson(body);
  if (isJson && body.length > LONGEST_REFUSAL) return fault(status, undefined);
  const parsed = isJson ? parseRefusal(body) : undefined;
  if (isJsonObject(parsed)) {
    const [name, inner] = Object.entries(parsed)[0] ?? [];
    if (name !== undefined && name !== 'error' && isJsonObject(inner) && 'message' in inner) return body;
    if (name === 'error' && isJsonObject(inner)) return fault(status, inner['message']);
    return fault(status, parsed['message']);
  }
  return fault(
    status,
    typeof parsed === 'string' ? parsed : parsed === undefined ? plainText(body) : undefined,
  );
}

function fault(status: number, message: unknown): string {
  const text = typeof message === 'string' ? plainText(message) : '';
  return JSON.stringify({
    [faultName(status)]: { code: status, message: text || `The region answered ${status}.` },
  });
}

/** The name the guide's Table 1.6 gives a status; computeFault where it names none. */
export function faultName(status: number): FaultName {
  if (status === 409) return 'conflictingRequest';
  if (status === 429) return 'overLimit';
  const found = (Object.keys(FAULTS) as FaultName[]).find(
    (name) => FAULTS[name] === status && name !== 'resizeNotAllowed',
  );
  return found ?? 'computeFault';
}

function looksLikeJson(body: string): boolean {
  const first = /\S/.exec(body)?.[0];
  return first === '{' || first === '"' || first === '[';
}
