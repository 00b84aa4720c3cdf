import { isJsonObject, type JsonObject, type JsonValue } from '../json.ts';
import { MOST_AT_ONCE, nextTurn } from '../turns.ts';
import { parseJson, stringifyJson } from './json.ts';
import { JsonError } from './json-parser.ts';
import { cutInTurns, type LongValue, type Segment } from './json-pieces.ts';
import { setOwn } from './text.ts';

/**
 * JSON that may be long (lists of thousands of servers), read and written a piece in each turn of the event loop. What it says
 * is what `parseJson` and `stringifyJson` say.
 */

/**
 * A JSON text in UTF-8 as a value.
 *
 * @throws JsonError what it says of lines and columns is about a piece
 */
export async function parseJsonInTurns(json: Buffer): Promise<JsonValue> {
  const long = json.length <= MOST_AT_ONCE ? undefined : await cutInTurns(json);
  if (long === undefined) return parseJson(json.toString(), Number.POSITIVE_INFINITY);
  const around = json.toString('latin1', 0, long.start) + json.toString('latin1', endOf(long, json));
  if (around.trim() !== '') throw new JsonError('There is something beside the JSON document', 1, 1);
  return readValue(long, json);
}

/** Index behind the bracket that ends a document. */
const endOf = ({ isArray }: LongValue, json: Buffer): number => json.lastIndexOf(isArray ? ']' : '}') + 1;

async function readValue({ isArray, segments }: LongValue, json: Buffer): Promise<JsonValue> {
  const items: JsonValue[] = [];
  const members: JsonObject = {};
  for (const segment of segments) {
    if (segment.long === undefined) {
      await nextTurn();
      if (isArray) for (const item of piece(`[${textOf(segment, json)}]`) as JsonValue[]) items.push(item);
      else addTo(members, piece(`{${textOf(segment, json)}}`));
    } else if (isArray) {
      if (textOf({ ...segment, to: segment.long.start }, json) !== '') malformed();
      items.push(await readValue(segment.long, json));
    } else setOwn(members, keyOf(segment, segment.long, json), await readValue(segment.long, json));
  }
  return isArray ? items : members;
}

const piece = (text: string): JsonValue => parseJson(text, Number.POSITIVE_INFINITY);

/** The text of a segment, of which there is some unless it is cut from a long member. */
function textOf({ from, to, long }: Segment, json: Buffer): string {
  const text = json.toString('utf8', from, to).trim();
  if (text === '' && long === undefined) malformed();
  return text;
}

function addTo(members: JsonObject, some: JsonValue): void {
  if (isJsonObject(some)) for (const key of Object.keys(some)) setOwn(members, key, some[key]!);
}

/** The key of a long member. */
function keyOf(segment: Segment, long: LongValue, json: Buffer): string {
  const text = textOf({ ...segment, to: long.start }, json);
  const key = text.endsWith(':') ? piece(text.slice(0, -1)) : undefined;
  return typeof key === 'string' ? key : malformed();
}

const malformed = (): never => {
  throw new JsonError('The JSON document is malformed', 1, 1);
};

/** Members of a list that are written in one turn: a few ms. */
const ITEMS_PER_TURN = 100;

/** A document as JSON text in UTF-8; what is long in it must be a list that is its member. */
export async function stringifyJsonInTurns(document: JsonObject): Promise<Buffer[]> {
  const pieces: Buffer[] = [];
  let text = '{';
  for (const key in document) {
    const value = document[key];
    if (value === undefined) continue;
    text += `${text === '{' && pieces.length === 0 ? '' : ','}${JSON.stringify(key)}:`;
    if (!Array.isArray(value) || value.length <= ITEMS_PER_TURN) {
      text += stringifyJson(value);
      continue;
    }
    for (let at = 0; at < value.length; at += ITEMS_PER_TURN) {
      const some = stringifyJson(value.slice(at, at + ITEMS_PER_TURN));
      pieces.push(Buffer.from(text + (at === 0 ? '[' : ',') + some.slice(1, -1)));
      text = '';
      await nextTurn();
    }
    text = ']';
  }
  pieces.push(Buffer.from(`${text}}`));
  return pieces;
}
