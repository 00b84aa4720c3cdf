import { isJsonObject, type JsonObject } from '../json.ts';
import { operationNamed } from '../operations/match.ts';
import { parseJson } from '../translation/json.ts';
import { parseJsonInTurns } from '../translation/json-in-turns.ts';
import type { RegionAnswer } from '../upstream/region.ts';
import { askOnBehalf } from './on-behalf.ts';
import type { OperationRequest } from './operation-request.ts';
import type { Services } from './services.ts';
import type { Changes } from './state-poll.ts';

/** A list that is asked for, and its member. */
export interface ListName {
  readonly list: string;
  readonly items: string;
  /** See `Awaited`. */
  readonly isGone?: true;
}

/** By how much the clocks of a region and of this machine may differ where the region does not tell its own, ms. */
export const SKEW_MS = 300_000;

/** Pages of a list that are looked through; the API's own page is 1,000. */
const MOST_PAGES = 20;

/**
 * What has changed at a region since a time, what was deleted included (guide, section 1.7), asked on behalf of one request.
 *
 * @param sinceMs wall ms, by the region's clock
 * @throws {Fault} what the way to the region throws, or an Error: there is no list
 */
export async function changedSince(
  request: OperationRequest,
  { list, items: member, isGone }: ListName,
  sinceMs: number,
  services: Services,
): Promise<Changes> {
  const operation = operationNamed(list);
  const from = `changes-since=${encodeURIComponent(new Date(sinceMs).toISOString().replace(/\.\d+/, ''))}`;
  const all: JsonObject[] = [];
  let regionMs: number | undefined;
  let query = from;
  for (let page = 0; page < MOST_PAGES; page++) {
    const asked = { operation, path: operation.path, query, isGone };
    const answer = await askOnBehalf(request, asked, services);
    const { status, headers, charges, long } = answer;
    if (status !== 200) throw new Error(`the region answered ${status} when it was asked what has changed`);
    const document = await (long === undefined
      ? parseJson(answer.text, Number.POSITIVE_INFINITY)
      : parseJsonInTurns(long.bytes));
    const found = isJsonObject(document) ? document[member] : undefined;
    if (!Array.isArray(found)) throw new Error('the region did not say what has changed');
    if (page === 0) regionMs = regionTimeOf(headers);
    const items = found.filter(isJsonObject);
    all.push(...items);
    const last = items.at(-1)?.['id'];
    const next = typeof last === 'string' ? `${from}&marker=${encodeURIComponent(last)}` : query;
    // Whoever pages by links says when there is no more; whoever does not is asked until a page is empty.
    if (next === query || (isJsonObject(document) && !hasNext(document, member, items.length)))
      return { items: all, regionMs, charges };
    query = next;
  }
  throw new Error(`more than ${MOST_PAGES} pages have changed since`);
}

/** A short page without a link to the next is the last one. */
function hasNext(document: JsonObject, member: string, length: number): boolean {
  const links = document[`${member}_links`];
  if (Array.isArray(links)) return links.some((link) => isJsonObject(link) && link['rel'] === 'next');
  return length >= 1000;
}

/** The region's own time in an answer of its, wall ms; undefined: it does not tell it. */
export function regionTimeOf({ date }: RegionAnswer['headers']): number | undefined {
  const ms = Date.parse(date ?? '');
  return Number.isNaN(ms) ? undefined : ms;
}
