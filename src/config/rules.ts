import { isLoopback } from '../access/addresses.ts';
import { checkAccess, type Soundness } from '../access/rules.ts';
import { isComputeType, isIdentityType } from '../identity/service-types.ts';
import { mistakeInExpression } from '../limits/expressions/program.ts';
import type { IsSound } from '../settings/is-sound.ts';
import type { Problem } from '../settings/problem.ts';
import { repeated } from '../settings/repeated.ts';
import { checkIdentities } from './identity-rules.ts';
import type { AccountConfig, Config } from './schema.ts';
import { checkSimulator, simulatorPorts } from './simulator-rules.ts';

/** Checks what a gateway needs beyond the schema: what spans several settings, and forms that a schema cannot say. */
export function checkRules(config: Config, soundness: Soundness): Problem[] {
  const { isSound } = soundness;
  const accounts = isSound('accounts') ? config.accounts : [];
  const perAccount = accounts.flatMap((account, index) =>
    isSound(`accounts.${index}.identity`)
      ? [...checkIdentities(config, account, index, isSound), ...checkDefaultRegion(account, index, isSound)]
      : [],
  );
  return [
    ...checkAccess(config, soundness),
    ...checkAdminAccess(config, isSound),
    ...checkPorts(config, isSound),
    ...checkPublicUrl(config, isSound),
    ...checkRedis(config, isSound),
    ...checkAccountNames(config, isSound),
    ...perAccount,
    ...checkServices(config, isSound),
    ...checkStaticLimits(config, isSound),
    ...checkSimulator(config, isSound('simulator') && config.simulator.enabled, isSound),
  ];
}

function checkAdminAccess({ admin }: Config, isSound: IsSound): Problem[] {
  if (!isSound('admin.host') || !isSound('admin.token')) return [];
  if (admin.token !== null || isLoopback(admin.host)) return [];
  return [
    {
      path: ['admin', 'token'],
      text: 'is missing while other machines reach admin.host, accepted: text of 16 characters or more, or a loopback admin.host',
    },
  ];
}

function checkPorts({ listen, moreListeners, admin, simulator }: Config, isSound: IsSound): Problem[] {
  const regions = isSound('listen.regions') ? Object.keys(listen.regions) : [];
  const owners = new Map<string, string>();
  const claim = (part: 'listen' | 'admin', port: number, ...keys: string[]): Problem[] =>
    claimAt([part], part === 'listen' ? listen?.host : admin?.host, port, ...keys);
  const claimAt = (part: string[], host: string | undefined, port: number, ...keys: string[]): Problem[] => {
    const path = [...part, ...keys];
    if (!isSound([...part, 'host'].join('.')) || !isSound(path) || port === 0) return [];
    const address = `${host}:${port}`;
    const owner = owners.get(address);
    owners.set(address, owner ?? path.join('.'));
    if (owner === undefined) return [];
    return [{ path, text: `is the port of ${owner}, accepted: one that is free` }];
  };
  const more = isSound('moreListeners') ? moreListeners : [];
  return [
    ...claim('listen', listen?.port, 'port'),
    ...claim('admin', admin?.port, 'port'),
    ...regions.flatMap((region) => claim('listen', listen.regions[region]!, 'regions', region)),
    ...more.flatMap((listener, index) => {
      const part = ['moreListeners', String(index)];
      if (!isSound([...part, 'regions'])) return [];
      const { host, port, regions: own } = listener;
      return [
        ...claimAt(part, host, port, 'port'),
        ...Object.entries(own).flatMap(([region, at]) => claimAt(part, host, at, 'regions', region)),
      ];
    }),
    ...repeated(regions, (index) => ['listen', 'regions', regions[index]!]),
    ...(isSound('simulator.**') && simulator.enabled ? simulatorPorts(simulator) : []).flatMap(
      ([port, path]) => {
        const owner = owners.get(`${simulator.host}:${port}`);
        return owner === undefined
          ? []
          : [{ path, text: `is the port of ${owner}, accepted: one that is free` }];
      },
    ),
  ];
}

function checkPublicUrl({ publicUrl }: Config, isSound: IsSound): Problem[] {
  if (!isSound('publicUrl') || publicUrl === null || isPlainHttpUrl(publicUrl)) return [];
  return [
    {
      path: ['publicUrl'],
      text: 'is no base URL, accepted: http(s)://host[:port][/path] without query, or null',
    },
  ];
}

function checkRedis({ redis }: Config, isSound: IsSound): Problem[] {
  const ways = (['url', 'sentinels', 'cluster'] as const).filter(
    (way) => !isSound(`redis.${way}`) || redis[way] !== null,
  );
  if (ways.length <= 1) return checkRedisUrl(redis.url, isSound);
  return [{ path: ['redis'], text: `has ${ways.join(' and ')}, accepted: one of url, sentinels, cluster` }];
}

function checkRedisUrl(url: string | null, isSound: IsSound): Problem[] {
  if (!isSound('redis.url') || url === null || URL.canParse(url)) return [];
  return [
    {
      path: ['redis', 'url'],
      text: 'cannot be read as a URL, accepted: redis://host:port or redis://user:password@host:port, with what is special in a password percent-encoded, or null',
    },
  ];
}

function checkAccountNames({ accounts }: Config, isSound: IsSound): Problem[] {
  if (!isSound('accounts')) return [];
  if (accounts.length === 0)
    return [{ path: ['accounts'], text: 'names no account, accepted: at least one' }];
  const names = accounts.map((account, index) =>
    isSound(`accounts.${index}.name`) ? account.name : undefined,
  );
  return repeated(names, (index) => ['accounts', String(index), 'name']);
}

/** What leads to the credentials of an account, or around its limits, is never served. */
function checkServices({ facade }: Config, isSound: IsSound): Problem[] {
  if (!isSound('facade.services') || typeof facade.services === 'string') return [];
  return facade.services.flatMap((type, index) => {
    const wrong = isIdentityType(type) ? 'the identity service' : isComputeType(type) ? 'Compute' : undefined;
    if (wrong === undefined) return [];
    return [
      {
        path: ['facade', 'services', String(index)],
        text: `names ${wrong}, which is not reached this way, accepted: types of other services`,
      },
    ];
  });
}

const VERBS = ['ALL', 'GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/** A limit that can never be about any request would be a typing mistake that nobody sees. */
function checkStaticLimits({ limits }: Config, isSound: IsSound): Problem[] {
  if (!isSound('limits.static')) return [];
  return limits.static.flatMap((limit, index) => {
    if (!isSound(`limits.static.${index}`)) return [];
    const { verb, uri, regex } = limit;
    const path = (name: string) => ['limits', 'static', String(index), name];
    const problems: Problem[] = [];
    if (isSound(path('verb')) && !VERBS.includes(verb.toUpperCase()))
      problems.push({ path: path('verb'), text: `is no method, accepted: one of ${VERBS.join(', ')}` });
    if (isSound(path('uri')) && regex === undefined && !/^[/*]/.test(uri))
      problems.push({ path: path('uri'), text: 'is no path, accepted: a text that begins with / or *' });
    const isText = isSound(path('regex')) && regex !== undefined;
    const mistake = isText ? mistakeInExpression(regex) : undefined;
    if (mistake !== undefined)
      problems.push({
        path: path('regex'),
        text: `is no regular expression (${mistake}), accepted: one without lookaround and back references, or none for \`uri\` alone`,
      });
    return problems;
  });
}

function checkDefaultRegion(
  { regions, defaultRegion }: AccountConfig,
  index: number,
  isSound: IsSound,
): Problem[] {
  const path = ['accounts', String(index), 'defaultRegion'];
  if (!isSound(`accounts.${index}.regions`) || !isSound(path.join('.'))) return [];
  if (regions === null || defaultRegion === null) return [];
  if (regions.some((region) => region.toLowerCase() === defaultRegion.toLowerCase())) return [];
  return [{ path, text: `is not among regions, accepted: one of ${regions.join(', ')}, or null` }];
}

function isPlainHttpUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  const isHttp = url.protocol === 'http:' || url.protocol === 'https:';
  return isHttp && url.search === '' && url.hash === '' && url.username === '' && url.password === '';
}
