import { AssertionError } from 'node:assert';
import { isJsonObject, type JsonObject, type JsonValue } from '../../src/json.ts';
import { type Answer, describeAnswer } from './answer.ts';

/** What the guide promises, as functions that throw an AssertionError when it is not so. */

/** Throws with the message when the condition does not hold. */
export function ensure(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AssertionError({ message });
}

/** Throws when two values differ by meaning. */
export function ensureEqual(actual: unknown, expected: unknown, what: string): void {
  const [shown, wanted] = [JSON.stringify(actual), JSON.stringify(expected)];
  ensure(shown === wanted, `${what} is ${shown}, not ${wanted}`);
}

export function ensureStatus(answer: Answer, ...statuses: number[]): Answer {
  ensure(statuses.includes(answer.status), `${describeAnswer(answer)}, not ${statuses.join(' or ')}`);
  return answer;
}

/** A success without a body. */
export function ensureEmpty(answer: Answer, status: number): void {
  ensureStatus(answer, status);
  ensure(answer.text === '', `${describeAnswer(answer)}: there should be no body`);
}

/** The object under a key of an answer, `{"server": {…}}`. */
export function objectIn(answer: Answer, key: string): JsonObject {
  const value = isJsonObject(answer.body) ? answer.body[key] : undefined;
  ensure(isJsonObject(value), `${describeAnswer(answer)}: there is no object "${key}"`);
  return value;
}

/** The list under a key of an answer, `{"servers": […]}`. */
export function listIn(answer: Answer, key: string): JsonObject[] {
  const value = isJsonObject(answer.body) ? answer.body[key] : undefined;
  ensure(Array.isArray(value), `${describeAnswer(answer)}: there is no list "${key}"`);
  return value.map((item) => {
    ensure(isJsonObject(item), `an item of "${key}" is no object: ${JSON.stringify(item)}`);
    return item;
  });
}

/** The values of one member of every item. */
export const pluck = (items: readonly JsonObject[], key: string): (JsonValue | undefined)[] =>
  items.map((item) => item[key]);

/** A member that must be a text with something in it. */
export function textOf(object: JsonObject, key: string): string {
  const value = object[key];
  ensure(typeof value === 'string' && value !== '', `"${key}" is ${JSON.stringify(value)}, not a text`);
  return value;
}

/** A member that must be a number. */
export function numberOf(object: JsonObject, key: string): number {
  const value = object[key];
  ensure(typeof value === 'number', `"${key}" is ${JSON.stringify(value)}, not a number`);
  return value;
}

const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

/** A member that must be a time, RFC 3339. @returns ms since the epoch */
export function timeOf(object: JsonObject, key: string): number {
  const text = textOf(object, key);
  ensure(RFC3339.test(text), `"${key}" is ${text}, not a time of RFC 3339`);
  return Date.parse(text);
}

/** The href of the link with that relation; undefined when there is none. */
export function linkOf(links: JsonValue | undefined, rel: string): string | undefined {
  const all = Array.isArray(links) ? links.filter(isJsonObject) : [];
  const found = all.find((link) => link['rel'] === rel)?.['href'];
  return typeof found === 'string' ? found : undefined;
}

/** The last segment of a path or URL. */
export const lastSegment = (url: string): string => url.split('?', 1)[0]!.split('/').at(-1)!;
