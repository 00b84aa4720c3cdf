import { isJsonObject, type JsonObject, type JsonValue, RawNumber } from '../../json.ts';
import { LONGEST_EXPRESSION } from '../expressions/syntax.ts';
import { type LimitUnit, limitKey, type PublishedLimit, UNIT_MS } from './limit.ts';

/** What is longer is neither shown nor matched, and more rows than these no region needs. */
const LONGEST_URI = 512;
const MOST_LIMITS = 256;
/** Of a longer list no more is read. */
const MOST_ROWS = 1024;
/** More lines than these nobody reads. */
const MOST_PROBLEMS = 20;
/** More than any region allows; beyond it sums and dates would lose their last digits. */
const GREATEST_VALUE = 1e9;

/** A `GET /limits` answer, read. */
export interface ParsedLimits {
  readonly limits: PublishedLimit[];
  /** The absolute limits as they were sent. */
  readonly absolute: JsonObject;
  /** What could not be used, a line each, for the log. */
  readonly problems: string[];
}

/**
 * Reads a `GET /limits` answer (guide 1.8.3). Rows may stand in any order and a uri may be repeated; rows that make no
 * sense are left out and named in `problems`. Throws TypeError when the document has no `limits` with a `rate` list at all:
 * an empty list means that nothing is limited, which must not be concluded from rubbish.
 */
export function parsePublishedLimits(document: unknown): ParsedLimits {
  const limits = isJsonObject(document) ? document['limits'] : undefined;
  const rate = isJsonObject(limits) ? limits['rate'] : undefined;
  if (!isJsonObject(limits) || !Array.isArray(rate))
    throw new TypeError('the answer to GET /limits holds no "limits" with a "rate" list');
  const problems: string[] = [];
  const rows: PublishedLimit[] = [];
  for (const [index, entry] of rate.entries()) {
    if (index >= MOST_ROWS || rows.length >= MOST_ROWS) {
      problems.unshift(`it holds more than ${MOST_ROWS} rows; the others are not read`);
      break;
    }
    rows.push(...readRate(entry, `rate[${index}]`, problems));
  }
  const absolute = isJsonObject(limits['absolute']) ? limits['absolute'] : {};
  const distinct = strictest(rows);
  if (distinct.length > MOST_LIMITS)
    problems.push(`it holds ${distinct.length} limits; only the first ${MOST_LIMITS} are kept`);
  return { limits: distinct.slice(0, MOST_LIMITS), absolute, problems: firstOf(problems) };
}

function firstOf(problems: string[]): string[] {
  const more = problems.length - MOST_PROBLEMS;
  return more > 0 ? [...problems.slice(0, MOST_PROBLEMS), `and ${more} more of this kind`] : problems;
}

function readRate(entry: JsonValue, at: string, problems: string[]): PublishedLimit[] {
  if (!isJsonObject(entry) || !Array.isArray(entry['limit'])) {
    problems.push(`${at}: no list named "limit"`);
    return [];
  }
  const uri = typeof entry['uri'] === 'string' ? entry['uri'] : '*';
  if (uri.length > LONGEST_URI) {
    problems.push(`${at}: a uri of ${uri.length} characters`);
    return [];
  }
  const regex = readRegex(entry['regex'], at, problems);
  if (entry['limit'].length > MOST_ROWS)
    problems.unshift(`${at}: it holds more than ${MOST_ROWS} rows; the others are not read`);
  return entry['limit'].slice(0, MOST_ROWS).flatMap((row, index) => {
    const limit = readLimit(row, uri, regex);
    if (typeof limit !== 'string') return [limit];
    problems.push(`${at}.limit[${index}]: ${limit}`);
    return [];
  });
}

function readRegex(value: JsonValue | undefined, at: string, problems: string[]): string | undefined {
  if (typeof value !== 'string' || value === '') return undefined;
  if (value.length <= LONGEST_EXPRESSION) return value;
  problems.push(`${at}: a regex of ${value.length} characters is not used; its uri is used`);
  return undefined;
}

/** One row as a limit, or what is wrong with it. */
function readLimit(row: JsonValue, uri: string, regex: string | undefined): PublishedLimit | string {
  if (!isJsonObject(row)) return 'not an object';
  const value = readNumber(row['value']);
  if (value === undefined || value < 0) return '"value" is not a number of requests';
  const unit = readUnit(row['unit']);
  if (unit === undefined) return `"unit" is not one of ${Object.keys(UNIT_MS).join(', ')}`;
  const verb = row['verb'];
  if (typeof verb !== 'string' || verb === '') return '"verb" is missing';
  const remaining = readNumber(row['remaining']);
  return {
    verb: verb.toUpperCase(),
    uri,
    regex,
    value: Math.min(GREATEST_VALUE, Math.floor(value)),
    unit,
    remaining: remaining === undefined ? undefined : Math.max(0, Math.floor(remaining)),
    nextAvailableMs: readDate(row['next-available']),
  };
}

function readNumber(value: JsonValue | undefined): number | undefined {
  if (typeof value !== 'number' && typeof value !== 'string' && !(value instanceof RawNumber))
    return undefined;
  const number = value === '' ? Number.NaN : Number(value);
  return Number.isFinite(number) ? number : undefined;
}

function readUnit(value: JsonValue | undefined): LimitUnit | undefined {
  const unit = typeof value === 'string' ? value.toUpperCase().replace(/S$/, '') : '';
  return unit in UNIT_MS ? (unit as LimitUnit) : undefined;
}

function readDate(value: JsonValue | undefined): number | undefined {
  const date = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(date) ? undefined : date;
}

/** Of rows that say the same twice the tighter one holds. */
function strictest(rows: PublishedLimit[]): PublishedLimit[] {
  const byKey = new Map<string, PublishedLimit>();
  for (const row of rows) {
    const other = byKey.get(limitKey(row));
    if (!other || row.value < other.value) byKey.set(limitKey(row), row);
  }
  return [...byKey.values()];
}
