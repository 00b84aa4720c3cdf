/** The ways in: where a request goes, and what its caller shows there. */
import type { Attempt } from './attempt.ts';
import {
  ACCOUNTS,
  type AccountName,
  accountsOf,
  type Caller,
  expected,
  ownAccount,
  type Place,
  type ServiceName,
} from './grants.ts';
import type { Asked } from './operations.ts';
import type { Shown, Tokens } from './tokens.ts';
import type { ListenerName, World } from './world.ts';

/** One way in to a place: what stands before the path below the tenant, or below a service. */
export interface Way {
  readonly name: string;
  readonly listener: ListenerName | 'port';
  readonly shown: Shown;
  /** One after another on a kept-alive connection, as the fast path needs it. */
  readonly isInTurn?: true;
  /** Undefined: this way does not lead to that place for that caller. */
  base(place: Place, caller: Caller): string | undefined;
  readonly headers?: (place: Place) => Record<string, string>;
}

const lower = ({ region }: Place) => region.toLowerCase();
const tenantOf = ({ account }: Place) => ACCOUNTS[account].tenant;
const below = (place: Place) => `/${lower(place)}/v2/${tenantOf(place)}`;
const isMeantWithoutName = ({ account, region }: Place, caller: Caller) =>
  ownAccount(caller, region) === account;

/** Every way to what stands below a tenant. */
export const COMPUTE_WAYS: readonly Way[] = [
  { name: 'kept-alive', listener: 'keys', shown: 'key', isInTurn: true, base: below },
  { name: 'Node', listener: 'node', shown: 'bearer', base: below },
  { name: 'TLS', listener: 'tls', shown: 'v3 token', isInTurn: true, base: below },
  {
    name: 'port of the region',
    listener: 'port',
    shown: 'v2.0 token',
    base: (place) => `/v2/${tenantOf(place)}`,
  },
  {
    name: 'second listener',
    listener: 'second',
    shown: 'v3 token',
    base: (place) => `/${place.region}/v2/${tenantOf(place)}`,
  },
  { name: 'beside pass-through', listener: 'passing', shown: 'bearer', base: below },
  {
    name: 'v2.1',
    listener: 'keys',
    shown: 'v2.0 token',
    base: (place) => `/${lower(place)}/v2.1/${tenantOf(place)}`,
  },
  {
    name: 'bookmark',
    listener: 'keys',
    shown: 'key',
    base: (place) => `/${lower(place)}/${tenantOf(place)}`,
  },
  {
    name: 'X-Region',
    listener: 'node',
    shown: 'key',
    base: (place) => `/v2/${tenantOf(place)}`,
    headers: ({ region }) => ({ 'X-Region': region }),
  },
  {
    name: '- by key',
    listener: 'keys',
    shown: 'key',
    base: (place, caller) => (isMeantWithoutName(place, caller) ? `/${lower(place)}/v2/-` : undefined),
  },
  { name: '- by token', listener: 'second', shown: 'v3 token', base: (place) => `/${lower(place)}/v2/-` },
];

const ofService = (place: Place) => `/${place.region}/services`;
const ofOwnService = (place: Place, caller: Caller) =>
  isMeantWithoutName(place, caller) ? ofService(place) : undefined;

/** Every way to another service: its paths name no tenant, a token does. */
export const SERVICE_WAYS: readonly Way[] = [
  { name: 'kept-alive', listener: 'keys', shown: 'key', isInTurn: true, base: ofOwnService },
  { name: 'Node', listener: 'node', shown: 'bearer', base: ofOwnService },
  { name: 'TLS', listener: 'tls', shown: 'v3 token', isInTurn: true, base: ofService },
  {
    name: 'port of the region',
    listener: 'port',
    shown: 'key',
    base: (place, caller) => (isMeantWithoutName(place, caller) ? '/services' : undefined),
  },
  { name: 'second listener', listener: 'second', shown: 'v2.0 token', base: ofService },
  { name: 'beside pass-through', listener: 'passing', shown: 'key', base: ofOwnService },
];

/** Makes a caller's attempts at a place out of what is asked there. */
export function attemptsBy(
  { name, listener, shown, base, headers }: Way,
  { caller, place, service, type }: { caller: Caller; place: Place; service: ServiceName; type?: string },
  asked: readonly Asked[],
  { world, tokens }: { world: World; tokens: Tokens },
): Attempt[] {
  const start = base(place, caller);
  if (start === undefined) return [];
  const url = listener === 'port' ? world.gateway.regionUrls[place.region]! : world.url(listener);
  const show = { ...tokens.show(caller, shown, place.account), ...headers?.(place) };
  return asked.map((one) => ({
    way: name,
    url,
    path: `${start}${type === undefined ? '' : `/${type}`}${one.path}`,
    headers: show,
    asked: one,
    want: wantBy(shown, expected(caller, one, place, service), caller, place.account),
  }));
}

/** A login for an account beyond the grant gets no token, so that it is nobody who calls then. */
const wantBy = (shown: Shown, want: number, caller: Caller, account: AccountName): number =>
  shown.endsWith('token') && !accountsOf(caller).includes(account) ? 401 : want;
