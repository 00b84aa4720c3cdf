import { familyOf } from './classes.ts';
import { derive } from './derive/derive.ts';
import { indexList } from './derive/list-index.ts';
import { type Directives, parseDirectives } from './directives.ts';
import { Entry } from './entry.ts';
import { type CacheRequest, keyOf, scopeOf, subjectOf } from './key.ts';
import type { MemoryStore } from './memory-store.ts';
import { decide, decidePass, type HitReason, type MissReason, type PassReason } from './policy.ts';
import { hasChangesSince } from './query.ts';
import type { CacheSettings } from './settings.ts';

/** What every lookup knows. */
export interface Asked {
  readonly request: CacheRequest;
  readonly key: string;
  /** Account, region and class, see `scopeOf`; '' for a pass of something that has no class. */
  readonly scope: string;
  /** Without `?`: what to send upstream, too. */
  readonly query: string;
  readonly directives: Directives;
}

/** What the cache says to a request, at once. */
export type Lookup = Asked &
  (
    | { readonly verdict: 'hit'; readonly reason: HitReason; readonly entry: Entry }
    /** Serve the entry and call `revalidate`. */
    | { readonly verdict: 'stale'; readonly reason: 'stale-while-revalidate'; readonly entry: Entry }
    /** Call `fetch`. */
    | { readonly verdict: 'miss'; readonly reason: MissReason }
    /** Nothing is stored; ask the upstream, `fetch` or not. */
    | { readonly verdict: 'pass'; readonly reason: PassReason }
  );

/** The hot path: memory only, no promise; a hit without query or Cache-Control touches one map. */
export function lookUp(
  settings: CacheSettings,
  memory: MemoryStore,
  now: number,
  request: CacheRequest,
): Lookup {
  const cacheClass = request.operation.cache;
  const directives = parseDirectives(request.cacheControl);
  const { query } = request;
  const pass = decidePass(settings.enabled, request.operation, directives, hasChangesSince(query));
  if (pass !== null || cacheClass === null)
    return { verdict: 'pass', reason: pass ?? 'uncacheable', request, key: '', scope: '', query, directives };
  const key = keyOf(request, request.path, query);
  const scope = scopeOf(request.account, request.region, cacheClass);
  const entry = memory.get(key);
  const verdict = decide(entry, directives, now);
  if (verdict.verdict === 'hit')
    return { verdict: 'hit', reason: 'fresh', entry: entry!, request, key, scope, query, directives };
  const asked = { request, key, scope, query, directives };
  const derived = deriveEntry(settings, memory, now, asked);
  if (derived) return { verdict: 'hit', reason: 'derived', entry: derived, ...asked };
  if (verdict.verdict === 'stale') return { ...verdict, entry: entry!, ...asked };
  return { ...verdict, ...asked };
}

/** An entry computed from the fresh detail list that memory holds; kept, so that it is an ordinary hit next time. */
function deriveEntry(
  settings: CacheSettings,
  memory: MemoryStore,
  now: number,
  { request, key, scope, query, directives }: Asked,
): Entry | null {
  const family = familyOf(request.operation);
  if (!family || !settings.derive[family.derive]) return null;
  const list = memory.get(keyOf(request, family.detail.path, ''));
  if (list?.status !== 200 || list.key === key) return null;
  if (decide(list, directives, now).verdict !== 'hit') return null;
  const index = list.attach((body) => ({
    value: indexList(body, family.collection),
    bytes: body.length * 2,
  }));
  const subject = subjectOf(request.params);
  const question = { operation: request.operation, subject, query, variant: request.variant };
  const answer = index && derive(index, question);
  if (!answer) return null;
  const { storedAt, freshUntil, staleUntil, errorUntil, headers } = list;
  const times = { storedAt, freshUntil, staleUntil, errorUntil };
  const { tenant } = request;
  const entry = new Entry({ key, scope, tenant, subject, query, status: 200, ...answer, headers, ...times });
  memory.set(entry);
  return entry;
}
