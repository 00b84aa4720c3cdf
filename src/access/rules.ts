/** What the settings about access must fulfil beyond their schema: what spans several of them, and what a schema cannot say. */
import { isComputeType, isServedType, type ServedServices } from '../identity/service-types.ts';
import type { IsSound, IsWhole } from '../settings/is-sound.ts';
import type { Problem } from '../settings/problem.ts';
import { repeated } from '../settings/repeated.ts';
import { isLoopback, networkProblem } from './addresses.ts';
import { checkClient, checkSharedKeys } from './client-rules.ts';
import type { AccessSettings, ListenerAccess, ListenerSettings } from './settings.ts';

/** The part of the configuration that is read here. */
export interface AccessConfig {
  readonly listen: ListenerSettings;
  /** Those behind it, where `listen` is written as a list. */
  readonly moreListeners: readonly ListenerSettings[];
  readonly publicUrl: string | null;
  readonly trustProxy: readonly string[];
  readonly allowedHosts: readonly string[] | null;
  readonly access: AccessSettings;
  readonly accounts: readonly { readonly name: string; readonly regions: readonly string[] | null }[];
  readonly facade: { readonly services: ServedServices };
}

/** What may be read. */
export interface Soundness {
  readonly isSound: IsSound;
  readonly isWhole: IsWhole;
}

/** A listener of the configuration, and where it stands there. */
interface PlacedListener {
  readonly settings: ListenerSettings;
  readonly path: readonly string[];
}

/** All listeners, in their order. */
export function listenersOf<L>({
  listen,
  moreListeners,
}: {
  listen: L;
  moreListeners: readonly L[];
}): readonly L[] {
  return [listen, ...moreListeners];
}

/** Who may call at a listener: what it says itself, else the general settings. */
export function accessAt(listener: ListenerSettings, access: AccessSettings): ListenerAccess {
  return listener.access ?? access;
}

/** Every problem with who may call, and how. */
export function checkAccess(config: AccessConfig, sound: Soundness): Problem[] {
  const listeners = soundListeners(config, sound);
  return [
    ...checkOpenAccess(config, listeners, sound),
    ...checkLinkHosts(config, listeners, sound),
    ...checkTrustProxy(config, sound),
    ...checkClients(config, listeners, sound),
  ];
}

function soundListeners(config: AccessConfig, sound: Soundness): PlacedListener[] {
  if (!sound.isSound('listen') || !sound.isSound('moreListeners')) return [];
  const all = listenersOf(config);
  return all.flatMap((settings, index) => {
    const place = index === 0 ? 'listen' : `moreListeners.${index - 1}`;
    if (!['host', 'access', 'tls'].every((key) => sound.isWhole(`${place}.${key}`))) return [];
    return [{ settings, path: all.length > 1 ? ['listen', String(index)] : ['listen'] }];
  });
}

/** An open listener gives the accounts to every machine that reaches it. */
function checkOpenAccess(
  { access }: AccessConfig,
  listeners: readonly PlacedListener[],
  sound: Soundness,
): Problem[] {
  if (!['access.mode', 'access.allowRemoteOpen'].every(sound.isSound)) return [];
  return listeners.flatMap(({ settings, path }) => {
    const { mode, allowRemoteOpen } = accessAt(settings, access);
    if (mode !== 'open' || allowRemoteOpen || isLoopback(settings.host)) return [];
    const own = settings.access === null ? ['access'] : [...path, 'access'];
    const host = [...path, 'host'].join('.');
    return [
      {
        path: [...own, 'mode'],
        text: `open lets every machine that reaches ${host} use the accounts, accepted: keys, a loopback ${host}, or ${own.join('.')}.allowRemoteOpen: true`,
      },
    ];
  });
}

/** Links are made from the Host of a request, which a caller may choose: only where it can do no harm. */
function checkLinkHosts(
  { publicUrl, allowedHosts }: AccessConfig,
  listeners: readonly PlacedListener[],
  sound: Soundness,
): Problem[] {
  if (!['publicUrl', 'allowedHosts'].every(sound.isWhole) || publicUrl !== null) return [];
  if (allowedHosts !== null && allowedHosts.length > 0) return [];
  const remote = listeners.find(({ settings }) => !isLoopback(settings.host));
  if (remote === undefined) return [];
  return [
    {
      path: ['publicUrl'],
      text: `is missing: other machines reach ${[...remote.path, 'host'].join('.')}, and links must not be made from whatever Host they send, accepted: the base URL of this gateway, or the names it has in allowedHosts`,
    },
  ];
}

function checkTrustProxy({ trustProxy }: AccessConfig, sound: Soundness): Problem[] {
  if (!sound.isWhole('trustProxy')) return [];
  return trustProxy.flatMap((network, index) => {
    const problem = networkProblem(network);
    if (problem === undefined) return [];
    const text = `${problem}, accepted: an address or a network such as 10.0.0.0/8`;
    return [{ path: ['trustProxy', String(index)], text }];
  });
}

function checkClients(
  config: AccessConfig,
  listeners: readonly PlacedListener[],
  sound: Soundness,
): Problem[] {
  const { access, accounts, facade } = config;
  if (!sound.isSound('access.clients')) return [];
  const { clients } = access;
  const served = sound.isWhole('facade.services') ? facade.services : 'all';
  const whole = clients.map((client, index) =>
    sound.isWhole(`access.clients.${index}`) ? client : undefined,
  );
  const context = {
    accounts: sound.isWhole('accounts') ? accounts.map(({ name }) => name) : undefined,
    regions: sound.isWhole('accounts') ? knownRegions(accounts) : undefined,
    isService: (type: string) => isComputeType(type) || isServedType(type, served),
    needsKeys: needsKeys(config, listeners, sound) && !mayHaveOtherKeys(access),
    asksForCertificates: listeners.some(({ settings }) => settings.tls?.clientCaFile != null),
  };
  return [
    ...checkThereAreClients(config, listeners, sound),
    ...repeated(
      clients.map((client, index) =>
        sound.isWhole(`access.clients.${index}.name`) ? client.name : undefined,
      ),
      (index) => ['access', 'clients', String(index), 'name'],
    ),
    ...whole.flatMap((client, index) =>
      client === undefined ? [] : checkClient(client, ['access', 'clients', String(index)], context),
    ),
    ...checkSharedKeys(whole),
  ];
}

/** Whether any listener asks for keys. */
function needsKeys(
  { access }: AccessConfig,
  listeners: readonly PlacedListener[],
  sound: Soundness,
): boolean {
  return (
    sound.isSound('access.mode') &&
    listeners.some(({ settings }) => accessAt(settings, access).mode === 'keys')
  );
}

/** Keys that are elsewhere come and go: that a client has none now is no mistake. */
function mayHaveOtherKeys({ keysDir, keysVariable }: AccessSettings): boolean {
  return keysDir !== null || keysVariable !== null;
}

function checkThereAreClients(
  config: AccessConfig,
  listeners: readonly PlacedListener[],
  sound: Soundness,
): Problem[] {
  const { access } = config;
  if (access.clients.length > 0 || !needsKeys(config, listeners, sound)) return [];
  const isPassThrough = (setting: ListenerAccess) => setting.mode === 'open' || setting.passThrough !== false;
  if (listeners.every(({ settings }) => isPassThrough(accessAt(settings, access)))) return [];
  return [
    {
      path: ['access', 'clients'],
      text: 'is empty although keys are asked for, accepted: at least one client (`sluice new-key NAME` prints one)',
    },
  ];
}

/** The regions there are, where the configuration says; undefined: only the catalogs know. */
function knownRegions(accounts: AccessConfig['accounts']): string[] | undefined {
  const lists = accounts.map(({ regions }) => regions);
  if (lists.length === 0 || lists.some((regions) => regions === null)) return undefined;
  return [...new Set(lists.flatMap((regions) => regions ?? []))];
}
