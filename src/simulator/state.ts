import type { Clock } from '../clock.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../json.ts';
import type { LoginLimit } from './identity/identity.ts';
import type { StoredToken, Tokens } from './identity/tokens.ts';
import type { Users } from './identity/users.ts';
import type { RateLimiter } from './rates/limiter.ts';
import type { Region } from './region/region.ts';
import { isRegionState } from './region/snapshot.ts';
import type { TurnableClock } from './turnable-clock.ts';

/** Grows when the form of the state changes. */
const FORM = 1;

/** What survives a restart: tokens, regions, what counts against rate limits, and how far the clocks were ahead of real time. */
export interface StateParts {
  base: Clock;
  clocks: { tokens: TurnableClock; regions: TurnableClock };
  tokens: Tokens;
  users: Users;
  logins: Pick<LoginLimit, 'snapshot' | 'restore'>;
  regions: ReadonlyMap<string, { region: Region; limiter: RateLimiter }>;
}

/** The whole state as a JSON object. */
export function takeState({ base, clocks, tokens, logins, regions }: StateParts): JsonObject {
  const now = base.now();
  return {
    form: FORM,
    savedAt: new Date(now).toISOString(),
    aheadMs: { tokens: clocks.tokens.now() - now, regions: clocks.regions.now() - now },
    tokens: tokens.snapshot() as unknown as JsonValue,
    regions: Object.fromEntries([...regions].map(([name, { region }]) => [name, region.snapshot()])),
    rates: {
      logins: logins.snapshot(),
      regions: Object.fromEntries([...regions].map(([name, { limiter }]) => [name, limiter.snapshot()])),
    },
  };
}

/** Whether `applyState` can take it up: it is a state, and of a form this version reads. */
export function isReadable({ form, aheadMs, tokens, regions }: JsonObject): boolean {
  const isState = isJsonObject(aheadMs) && Array.isArray(tokens) && isJsonObject(regions);
  return form === FORM && isState && Object.values(regions).every(isRegionState);
}

/** Takes up a state that is readable. Regions that are configured no longer are left out, new ones begin empty. */
export function applyState(parts: StateParts, state: JsonObject): void {
  const aheadMs = state['aheadMs'] as JsonObject;
  const regions = state['regions'] as JsonObject;
  catchUp(parts.clocks.tokens, parts.base, Number(aheadMs['tokens']));
  catchUp(parts.clocks.regions, parts.base, Number(aheadMs['regions']));
  parts.tokens.restore(state['tokens'] as unknown as StoredToken[], parts.users);
  for (const [name, { region }] of parts.regions) {
    const saved = regions[name];
    if (saved !== undefined) region.restore(saved);
  }
  applyRates(parts, state['rates']);
}

/** Absent in files of before: nothing is counted yet. */
function applyRates({ logins, regions }: StateParts, rates: JsonValue | undefined): void {
  if (!isJsonObject(rates)) return;
  if (isJsonObject(rates['logins'])) logins.restore(rates['logins']);
  const byRegion = rates['regions'];
  for (const [name, { limiter }] of regions) {
    const saved = isJsonObject(byRegion) ? byRegion[name] : undefined;
    if (isJsonObject(saved)) limiter.restore(saved);
  }
}

/** Time that was sped up or turned on must not run backwards over a restart. */
function catchUp(clock: TurnableClock, base: Clock, aheadMs: number): void {
  const missing = aheadMs - (clock.now() - base.now());
  if (missing > 0) clock.advance(missing);
}
