import type { Clock } from '../clock.ts';
import { Fault } from '../faults/faults.ts';
import { CLASSES, familyOf } from './classes.ts';
import { Entry, type EntryFields, type EntryIdentity, type Stored } from './entry.ts';
import { subjectOf } from './key.ts';
import type { Lookup } from './lookup.ts';
import type { MemoryStore } from './memory-store.ts';
import { decideFreshness, type Freshness, isOutage } from './policy.ts';
import type { CacheSettings } from './settings.ts';
import type { Acceptable, SharedStore, Ticket } from './shared-store.ts';
import { isTransient } from './transient.ts';

/** Asks the upstream once; the signal aborts when nobody waits any more. Throws a Fault when there is no answer. */
export type Load = (signal: AbortSignal) => Promise<Stored>;

/** What a fetch brings to all who wait for it. */
export type FetchOutcome =
  | {
      readonly kind: 'answer';
      readonly entry: Entry;
      /** `shared`: another instance had fetched it. */
      readonly source: 'upstream' | 'shared';
      readonly stored: boolean;
      readonly requestId?: string | undefined;
      /** An older answer that may stand in when `entry` says that the upstream cannot answer now. */
      readonly fallback: Entry | undefined;
    }
  | { readonly kind: 'failure'; readonly error: unknown; readonly fallback: Entry };

/** What a fetch works with. */
export interface FetchDependencies {
  readonly settings: CacheSettings;
  readonly clock: Clock;
  readonly memory: MemoryStore;
  readonly shared: SharedStore | undefined;
  /** Moves whenever something in the scope changed. */
  epochOf(scope: string): number;
}

const AWAY: Ticket = { state: 'away' };

/**
 * Fetches an answer: from the second level, else from the upstream, and keeps it. An answer that was asked for before
 * its scope changed is handed to those who wait for it but never kept, because it may be from before the change:
 *
 *     this fetch                              a write
 *     sees epoch 3, asks the region
 *     the region reads the image
 *                                             the region deletes the image
 *                                             entries are dropped, the epoch is 4
 *     the answer comes: there is the image
 *     4 is not 3: it is not kept
 */
export async function fetchAnswer(
  dependencies: FetchDependencies,
  lookup: Lookup,
  accept: Acceptable,
  load: Load,
  signal: AbortSignal,
): Promise<FetchOutcome> {
  const { shared, memory, clock } = dependencies;
  const { key, scope } = lookup;
  const isUnchanged = watch(dependencies, scope);
  const ticket = (await shared?.begin(identityOf(lookup), { accept, signal })) ?? AWAY;
  if (ticket.state === 'found') return adopt(memory, ticket.entry, isUnchanged());
  const previous = isUnchanged() ? ticket.previous : undefined;
  const fallback = newer(memory.get(key), previous, clock.now());
  // What changed before this moment the upstream knows; only later changes make its answer doubtful.
  const isCurrent = watch(dependencies, scope);
  const askedAt = clock.now();
  let stored: Stored;
  try {
    signal.throwIfAborted();
    stored = await load(signal);
  } catch (error) {
    void shared?.abandon(ticket, false);
    if (fallback && isCurrent() && isOutageError(error)) return { kind: 'failure', error, fallback };
    throw error;
  }
  const freshness = freshnessOf(dependencies.settings, lookup, stored, askedAt);
  const answer = { stored, freshness: freshness instanceof Promise ? await freshness : freshness, askedAt };
  const kept = keep(dependencies, lookup, ticket, { ...answer, isCurrent: isCurrent() });
  return {
    kind: 'answer',
    source: 'upstream',
    ...kept,
    requestId: stored.requestId,
    fallback: isCurrent() ? fallback : undefined,
  };
}

/** A question to ask later: has nothing in the scope changed since now? */
function watch(dependencies: FetchDependencies, scope: string): () => boolean {
  const epoch = dependencies.epochOf(scope);
  return () => dependencies.epochOf(scope) === epoch;
}

function adopt(memory: MemoryStore, fields: EntryFields, isCurrent: boolean): FetchOutcome {
  const entry = new Entry(fields);
  if (isCurrent) memory.set(entry);
  return { kind: 'answer', entry, source: 'shared', stored: isCurrent, fallback: undefined };
}

/** The younger of the two older answers, if it is still good for an outage. */
function newer(own: Entry | undefined, shared: EntryFields | undefined, now: number): Entry | undefined {
  const usable = own && own.errorUntil > now ? own : undefined;
  if (!shared || shared.errorUntil <= now) return usable;
  return usable && usable.storedAt >= shared.storedAt ? usable : new Entry(shared);
}

/** A refusal that is about this caller (401, 404) is an answer; everything else means there is none to be had. */
function isOutageError(error: unknown): boolean {
  return !(error instanceof Fault) || isOutage(error.code);
}

/** What the upstream said, when it was asked, and whether nothing has changed since. */
interface Answer {
  readonly stored: Stored;
  /** null: it may not be kept. */
  readonly freshness: Freshness | null;
  readonly askedAt: number;
  readonly isCurrent: boolean;
}

/** Makes an entry of an answer, and keeps it if it may be kept. */
function keep(
  dependencies: FetchDependencies,
  lookup: Lookup,
  ticket: Ticket,
  { stored, freshness, askedAt, isCurrent }: Answer,
): { entry: Entry; stored: boolean } {
  const { memory, shared } = dependencies;
  const fields = fieldsOf(lookup, stored, freshness ?? neverFresh(askedAt));
  const entry = new Entry(fields);
  if (freshness !== null && isCurrent) {
    memory.set(entry);
    markComputedStale(dependencies, lookup, entry);
    void shared?.commit(ticket, fields);
    return { entry, stored: true };
  }
  // What was stored before is known to be wrong once the upstream has answered otherwise.
  const isOlderWrong = isCurrent && (stored.status === 200 || stored.status === 404);
  if (isOlderWrong) memory.drop(lookup.scope, (old) => old.key === lookup.key);
  void shared?.abandon(ticket, isOlderWrong);
  return { entry, stored: false };
}

function freshnessOf(
  settings: CacheSettings,
  { request, query }: Lookup,
  { status, body }: Stored,
  askedAt: number,
): Freshness | null | Promise<Freshness | null> {
  const cacheClass = request.operation.cache!;
  const isItem = subjectOf(request.params) !== undefined;
  const decide = (isTransient: boolean) =>
    decideFreshness(settings, cacheClass, { status, isItem, isTransient }, askedAt);
  const transience = isTransient(CLASSES[cacheClass], body, query, askedAt);
  return transience instanceof Promise ? transience.then(decide) : decide(transience);
}

/** What an answer to the lookup's request is about. */
export function identityOf({ key, scope, query, request }: Lookup): EntryIdentity {
  return { key, scope, tenant: request.tenant, subject: subjectOf(request.params), query };
}

/** An entry's fields; the upstream's id of the one request is not among them. */
export function fieldsOf(
  lookup: Lookup,
  { status, body, hrefs, headers }: Stored,
  times: Freshness,
): EntryFields {
  return { ...identityOf(lookup), status, body, hrefs, headers, ...times };
}

/** The times of an answer that is nobody's but the present callers'. */
export function neverFresh(askedAt: number): Freshness {
  return { storedAt: askedAt, freshUntil: askedAt, staleUntil: askedAt, errorUntil: askedAt };
}

/**
 * A new detail list says more about its members than older answers do: those are not fresh any more, and the next
 * request for them is computed from the list. They stay as a last resort for an outage.
 */
function markComputedStale(
  { settings, memory, clock }: FetchDependencies,
  { request, query }: Lookup,
  list: Entry,
): void {
  const family = familyOf(request.operation);
  if (!family || request.operation !== family.detail || query !== '') return;
  if (!settings.derive[family.derive]) return;
  const now = clock.now();
  for (const entry of memory.entries(list.scope))
    if (entry !== list && entry.tenant === list.tenant && entry.storedAt < list.storedAt)
      entry.markStale(now);
}
