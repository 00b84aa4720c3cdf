import type { RegionStanding } from '../limits/limits.ts';
import type { LiveAccount } from '../routing/account.ts';
import type { Services } from '../serving/services.ts';
import type { MinuteOfCache } from '../telemetry/last-hour.ts';
import type { NotableRequest } from '../telemetry/notable-requests.ts';
import { type DegradedPart, degradedParts } from './degraded.ts';

/** Something that is up or not, and since when. */
export interface PartState {
  readonly name: string;
  readonly isUp: boolean;
  /** Wall time in ms; undefined: not known. */
  readonly sinceMs: number | undefined;
  readonly note: string;
}

/** All that the status page shows. Nothing in it is secret. */
export interface Overview {
  readonly nowMs: number;
  readonly isDraining: boolean;
  readonly accounts: readonly PartState[];
  /** Their identity services. */
  readonly identities: readonly PartState[];
  readonly regions: readonly PartState[];
  /** Services that callers have asked for, and whether they are asked further. */
  readonly circuits: readonly PartState[];
  readonly redis: readonly PartState[];
  readonly degraded: readonly DegradedPart[];
  readonly limits: readonly RegionStanding[];
  readonly cache: { readonly entries: number; readonly bytes: number; readonly maxBytes: number };
  readonly minutes: readonly MinuteOfCache[];
  readonly slowest: readonly NotableRequest[];
  readonly refused: readonly NotableRequest[];
}

/** How everything stands now. */
export function overviewOf(
  services: Services,
  more: { readonly isDraining: boolean; readonly minutes: readonly MinuteOfCache[] },
): Overview {
  const { clock, directory, limits, cache, notable } = services;
  const accounts = directory.accounts as readonly LiveAccount[];
  const nowMs = clock.now();
  return {
    nowMs,
    ...more,
    accounts: accounts.map((account) => accountState(account, services)),
    identities: accounts.flatMap((account) => identityStates(account, services)),
    regions: accounts.flatMap((account) => regionStates(account, services)),
    circuits: circuitStates(services),
    redis: redisStates(services),
    degraded: degradedParts(services),
    limits: limits.standings(),
    cache: cache.stats(),
    slowest: notable.slowest(nowMs),
    refused: notable.refused(nowMs),
  };
}

function accountState({ name, logins }: LiveAccount, { standings }: Services): PartState {
  const states = logins.map(({ region, tokens }) => ({
    tokens,
    standing: standings.get(region === undefined ? `login ${name}` : `login ${name} ${region}`),
  }));
  const isUp = states.some(({ tokens }) => tokens.peek() !== undefined);
  const expires = states.flatMap(({ tokens }) => tokens.peek()?.expiresAtMs ?? []);
  const note = expires.length === 0 ? '' : `token until ${new Date(Math.min(...expires)).toISOString()}`;
  const [first] = states;
  return { name, isUp, sinceMs: first?.standing?.sinceMs, note: isUp ? note : (first?.tokens.state ?? '') };
}

function identityStates({ name, logins }: LiveAccount, { identityHealth }: Services): PartState[] {
  return logins.map(({ region = '' }) => {
    const standing = identityHealth.standing(name, region);
    return {
      name: region === '' ? name : `${name} ${region}`,
      isUp: standing?.isUp === true,
      sinceMs: standing?.sinceMs,
      note: standing === undefined ? 'has not answered yet' : standing.why,
    };
  });
}

function regionStates(account: LiveAccount, { health }: Services): PartState[] {
  return [...account.endpoints().values()].map(({ region }) => {
    const standing = health.standing(account.name, region);
    return {
      name: `${account.name} ${region}`,
      isUp: standing?.isUp ?? true,
      sinceMs: standing?.sinceMs,
      note: standing === undefined ? 'not asked yet' : standing.why,
    };
  });
}

function circuitStates({ circuits }: Services): PartState[] {
  return circuits.standings().map(({ account, region, service, state, sinceMs }) => ({
    name: `${account} ${region} ${service}`,
    isUp: state === 'closed',
    sinceMs,
    note: state === 'closed' ? '' : `circuit ${state}`,
  }));
}

function redisStates({ standings }: Services): PartState[] {
  return [...standings.all()].flatMap(([part, { isUp, sinceMs, why }]) => {
    const purpose = /^redis (.*)$/.exec(part)?.[1];
    return purpose === undefined ? [] : [{ name: purpose, isUp, sinceMs, note: why }];
  });
}
