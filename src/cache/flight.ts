import type { Clock } from '../clock.ts';
import { Fault } from '../faults/faults.ts';
import { familyOf } from './classes.ts';
import { Entry, type EntryFields, type Stored } from './entry.ts';
import { subjectOf } from './key.ts';
import type { Lookup } from './lookup.ts';
import type { MemoryStore } from './memory-store.ts';
import { decideFreshness, isOutage } from './policy.ts';
import type { CacheSettings } from './settings.ts';
import type { Acceptable, SharedStore, Ticket } from './shared-store.ts';
import { isTransient } from './transient.ts';

/** Asks the upstream once; the signal aborts when nobody waits any more. Throws a Fault when there is no answer. */
export type Load = (signal: AbortSignal) => Promise<Stored>;

/** What a flight brings to all aboard. */
export type Landing =
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

/** What a flight works with. */
export interface FlightGear {
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
 * its scope changed is handed to those who wait for it but never kept: it may be from before the change.
 */
export async function fly(
  gear: FlightGear,
  lookup: Lookup,
  accept: Acceptable,
  load: Load,
  signal: AbortSignal,
): Promise<Landing> {
  const { shared, memory, clock } = gear;
  const { key, scope } = lookup;
  const isUnchanged = watch(gear, scope);
  const ticket = (await shared?.begin(key, scope, { accept, signal })) ?? AWAY;
  if (ticket.state === 'found') return adopt(gear, ticket.entry, isUnchanged());
  const previous = isUnchanged() ? ticket.previous : undefined;
  const fallback = newer(memory.get(key), previous, clock.now());
  // What changed before this moment the upstream knows; only later changes make its answer doubtful.
  const isCurrent = watch(gear, scope);
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
  return keep(gear, lookup, ticket, stored, askedAt, isCurrent(), isCurrent() ? fallback : undefined);
}

/** A question to ask later: has nothing in the scope changed since now? */
function watch(gear: FlightGear, scope: string): () => boolean {
  const epoch = gear.epochOf(scope);
  return () => gear.epochOf(scope) === epoch;
}

function adopt({ memory }: FlightGear, fields: EntryFields, isCurrent: boolean): Landing {
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

function keep(
  gear: FlightGear,
  lookup: Lookup,
  ticket: Ticket,
  stored: Stored,
  askedAt: number,
  isCurrent: boolean,
  fallback: Entry | undefined,
): Landing {
  const { settings, memory, shared } = gear;
  const { key, scope, query, ask } = lookup;
  const { requestId, ...kept } = stored;
  const cacheClass = ask.operation.cache!;
  const subject = subjectOf(ask.params);
  const freshness = decideFreshness(
    settings,
    cacheClass,
    {
      status: stored.status,
      isItem: subject !== undefined,
      isTransient: isTransient(cacheClass, stored.body, query),
    },
    askedAt,
  );
  const times = freshness ?? {
    storedAt: askedAt,
    freshUntil: askedAt,
    staleUntil: askedAt,
    errorUntil: askedAt,
  };
  const fields: EntryFields = { key, scope, tenant: ask.tenant, subject, query, ...kept, ...times };
  const entry = new Entry(fields);
  const isKept = freshness !== null && isCurrent;
  if (isKept) {
    memory.set(entry);
    outdateComputed(gear, lookup, entry);
    void shared?.commit(ticket, fields);
  } else {
    // What was stored before is known to be wrong once the upstream has answered otherwise.
    const outdates = isCurrent && (stored.status === 200 || stored.status === 404);
    if (outdates) memory.drop(scope, (old) => old.key === key);
    void shared?.abandon(ticket, outdates);
  }
  return { kind: 'answer', entry, source: 'upstream', stored: isKept, requestId, fallback };
}

/**
 * A new detail list says more about its members than older answers do: those are not fresh any more, and the next
 * request for them is computed from the list. They stay as a last resort for an outage.
 */
function outdateComputed({ settings, memory, clock }: FlightGear, { ask, query }: Lookup, list: Entry): void {
  const family = familyOf(ask.operation);
  if (!family || ask.operation !== family.detail || query !== '') return;
  if (!settings.derive[family.derive]) return;
  const now = clock.now();
  for (const entry of memory.entries(list.scope))
    if (entry !== list && entry.tenant === list.tenant && entry.storedAt < list.storedAt) entry.outdate(now);
}
