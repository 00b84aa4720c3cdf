import { createHash } from 'node:crypto';
import { seesRegion } from '../access/grants.ts';
import { isNotModified } from '../cache/http.ts';
import { Fault } from '../faults/faults.ts';
import type { Call } from '../http/call.ts';
import { matchPath } from '../operations/match.ts';
import type { Operation } from '../operations/operation.ts';
import { askedQuery } from '../routing/asked-query.ts';
import { canonicalQuery } from '../routing/canonical.ts';
import type { Account, Place } from '../routing/directory.ts';
import { cacheFields } from '../serving/cache-fields.ts';
import type { CacheResult } from '../serving/cache-result.ts';
import type { LocatedList } from '../serving/located.ts';
import { checkRights } from '../serving/rights.ts';
import type { Services } from '../serving/services.ts';
import { requireRead, sendOwnVersion } from '../serving/versions.ts';
import { stringifyJsonInTurns } from '../translation/json-in-turns.ts';
import { ITEMS_PER_TURN, renderFaultXml, renderXmlInTurns } from '../translation/write-xml.ts';
import { joinInTurns, nextTurn } from '../turns.ts';
import { askRegionForPart, awaitRegions, hasMember, type RegionPart } from './ask-region.ts';
import { type Failure, judgeFailures, mergedDocument, mergeParts } from './merge.ts';
import { nextQuery, type PageAsk, readPage, regionQuery } from './page.ts';

/**
 * `/all/v2/{tenant}/servers` and the other lists of every region at once. Each region is asked as if the caller had asked it
 * alone, through the same cache and limits, all of them side by side. A region that fails is named in the answer while the
 * others are answered.
 */
export async function serveEverywhere(
  { call, account, version = 'v2', path }: LocatedList,
  services: Services,
): Promise<void> {
  if (path === '/') {
    requireRead(call);
    return sendOwnVersion(call, 'version', version, services);
  }
  const operation = mergedOperation(call, path);
  call.operation = operation.acrossRegions!;
  checkRights(call, operation.name);

  const startedAt = services.clock.monotonic();
  const unknown = account.unknownRegions().filter((region) => seesRegion(call.caller!.grant, region));
  const absent = await awaitRegions(call, account, unknown, services);
  const places = placesOf(call, account);
  const ask = readPage(
    call.query,
    places.map(({ endpoint }) => endpoint.region.toUpperCase()),
  );
  const from = await startOf(call, operation, ask, places, services);
  const asked = from === undefined ? places : places.slice(from.index);
  const given = await Promise.all(
    asked.map((place, index) => {
      const page = canonicalQuery(regionQuery(ask, index === 0 ? from?.id : undefined))!;
      const query = askedQuery(operation.cache, page);
      return askRegionForPart({ call, operation, place, path, params: {}, query }, services);
    }),
  );
  const answers = [...given, ...absent];
  // They waited side by side: the caller waited no longer than the slowest did.
  const elapsedMs = services.clock.monotonic() - startedAt;
  call.waitedMs = Math.min(call.waitedMs, elapsedMs);
  call.upstreamMs = Math.min(call.upstreamMs, elapsedMs);
  const refusing = refusingFailures(answers, from !== undefined);
  if (refusing) sendRefusal(call, refusing, services);
  else await sendPage(call, operation, ask, answers, services);
}

/** What there is no page for: no region answered, or the one that has the marker's place refuses it. */
function refusingFailures(answers: readonly RegionPart[], hasMarker: boolean): Failure[] | undefined {
  const first = answers[0]?.failure;
  if (hasMarker && first && (first.code === 400 || first.code === 404)) return [first];
  const failures = failuresOf(answers);
  return failures.length === answers.length ? failures : undefined;
}

const failuresOf = (answers: readonly RegionPart[]): Failure[] =>
  answers.flatMap(({ failure }) => failure ?? []);

/** @throws {Fault} 405 for a list that is no read, 404 for what is no list of every region */
function mergedOperation(call: Call, path: string): Operation {
  const match = matchPath('GET', path);
  if (match.kind !== 'operation' || match.operation.acrossRegions === undefined)
    throw new Fault(
      'itemNotFound',
      'Every region at once has the lists of servers, images and flavors, each with /detail; for all else name the region in place of "all".',
    );
  requireRead(call);
  return match.operation;
}

/** The regions that the caller may use: what is beyond its grant is no part of the whole. */
function placesOf(call: Call, account: Account): Place[] {
  const all = [...account.endpoints().values()];
  if (all.length === 0) throw new Fault('itemNotFound', 'The service catalog has no region.');
  const endpoints = all.filter(({ region }) => seesRegion(call.caller!.grant, region));
  if (endpoints.length === 0) {
    call.refusedFor = 'region';
    throw new Fault('forbidden', 'This client has a grant for none of the regions of this account.');
  }
  return endpoints.map((endpoint) => ({ account, endpoint }));
}

/** Where a page begins: the index of a region, and the member of it. */
async function startOf(
  call: Call,
  operation: Operation,
  { marker }: PageAsk,
  places: readonly Place[],
  services: Services,
): Promise<{ index: number; id: string } | undefined> {
  if (marker === undefined) return undefined;
  const { id, region } = marker;
  if (region !== undefined)
    return { index: places.findIndex(({ endpoint }) => endpoint.region.toUpperCase() === region), id };
  const found = await Promise.all(places.map((place) => hasMember(call, operation, place, id, services)));
  const owners = places.filter((_place, index) => found[index] === true);
  if (owners.length === 1) return { index: places.indexOf(owners[0]!), id };
  if (owners.length === 0 && found.includes(undefined))
    throw new Fault(
      'serviceUnavailable',
      'A region that may hold the marker does not answer; try again later.',
    );
  const names = owners.map(({ endpoint }) => endpoint.region).join(', ');
  throw new Fault(
    'badRequest',
    owners.length === 0
      ? 'The marker is no member of any region.'
      : `The marker is a member of several regions (${names}): write it as REGION:id, or follow the next link.`,
  );
}

async function sendPage(
  call: Call,
  operation: Operation,
  ask: PageAsk,
  answers: readonly RegionPart[],
  services: Services,
): Promise<void> {
  const key = operation.resource;
  const parts = answers.flatMap(({ part }) => part ?? []);
  const failures = failuresOf(answers);
  const { members, next } = await mergeParts(parts, ask.limit);
  const nextUrl = next && `${call.publicBase}${call.path}?${nextQuery(ask, next)}`;
  const document = mergedDocument(key, members, nextUrl, failures);
  if (members.length > ITEMS_PER_TURN) await nextTurn();
  const pieces =
    call.format === 'json'
      ? await stringifyJsonInTurns(document)
      : await renderXmlInTurns(operation.response!, document);
  const sum = createHash('sha1');
  for (const piece of pieces) sum.update(piece);
  const etag = `"${sum.digest('base64url')}"`;
  const body = await joinInTurns(pieces);
  const founds = answers.flatMap(({ found }) => found ?? []);
  const headers = cacheHeaders(call, founds, services);
  const isWhole = failures.length === 0 && operation.cache !== null;
  if (isWhole) headers.push('ETag', etag);
  else if (failures.length > 0) headers.push('Cache-Control', 'no-store');
  const status = isWhole && isNotModified(call.header('if-none-match'), etag) ? 304 : 200;
  services.reply(call, { status, body, format: call.format, headers });
}

/** From the best verdict to the worst: the whole is as good as its worst part. */
const VERDICTS = ['hit', 'stale', 'coalesced', 'miss', 'pass'] as const;

function cacheHeaders(call: Call, founds: readonly CacheResult[], services: Services): string[] {
  const rank = ({ verdict }: CacheResult) => VERDICTS.indexOf(verdict.verdict);
  const worst = founds.toSorted((a, b) => rank(b) - rank(a))[0];
  if (!worst) return [];
  const now = services.clock.now();
  const storedAt = Math.min(...founds.map(({ entry }) => entry.storedAt));
  const freshUntil = Math.min(...founds.map(({ entry }) => entry.freshUntil));
  call.cache = worst.verdict.verdict;
  return cacheFields(worst.verdict, { storedAt, freshUntil }, now);
}

function sendRefusal(call: Call, failures: readonly Failure[], services: Services): void {
  const refusal = judgeFailures(failures);
  if (refusal.kind === 'all') throw new Fault('computeFault', refusal.message, { code: 502 });
  const { fault, code, message, retryAfter } = refusal.failure;
  const document = { [fault]: { code, message } };
  services.reply(call, {
    status: code,
    body: call.format === 'json' ? JSON.stringify(document) : renderFaultXml(document),
    format: call.format,
    headers: retryAfter === undefined ? [] : ['Retry-After', String(retryAfter)],
  });
}
