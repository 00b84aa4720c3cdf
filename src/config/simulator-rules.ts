import { mistakeIn } from '../settings/expression.ts';
import type { IsSound } from '../settings/is-sound.ts';
import type { Problem } from '../settings/problem.ts';
import { repeated } from '../settings/repeated.ts';
import { isOwnSegment } from '../simulator/router.ts';
import { checkSeedFile } from '../simulator/seed-file.ts';
import { checkStateFile } from '../simulator/state-file.ts';
import type { Config } from './schema.ts';

type Simulator = Config['simulator'];
type Rate = Simulator['rateLimits']['table'][number];

/**
 * Checks what the schema cannot say of the simulator: names that must be those of regions and users, regular expressions,
 * and the files it begins with.
 *
 * @param runs whether this configuration starts a simulator: only then its ports are taken and its files read
 */
export function checkSimulator({ simulator }: Config, runs: boolean, isSound: IsSound): Problem[] {
  if (!isSound('simulator.**')) return [];
  return [
    ...repeated(simulator.regions, (index) => at('regions', index)),
    ...checkRegionNames(simulator),
    ...checkRegionPorts(simulator),
    ...checkUsers(simulator),
    ...checkAccounts(simulator),
    ...checkRates(simulator),
    ...checkServiceLimits(simulator),
    ...checkChaos(simulator),
    ...(runs ? [...checkPorts(simulator), ...checkFiles(simulator)] : []),
  ];
}

/** Ports the simulator listens on, each with the setting it comes from; free ones (0) are left out. */
export function simulatorPorts({ port, regionPorts }: Simulator): (readonly [number, readonly string[]])[] {
  const own = Object.entries(regionPorts).map(([name, number]) => [number, at('regionPorts', name)] as const);
  return [[port, at('port')] as const, ...own].filter(([number]) => number !== 0);
}

const at = (...keys: (string | number)[]): string[] => ['simulator', ...keys.map(String)];

const regionsOf = ({ regions }: Simulator): string => `one of simulator.regions (${regions.join(', ')})`;

const isRegion = ({ regions }: Simulator, name: string): boolean =>
  regions.some((region) => region.toUpperCase() === name.toUpperCase());

function checkRegionNames({ regions }: Simulator): Problem[] {
  return regions.flatMap((name, index) =>
    isOwnSegment(name)
      ? [{ path: at('regions', index), text: 'is a path of the simulator’s own, accepted: another name' }]
      : [],
  );
}

function checkRegionPorts(simulator: Simulator): Problem[] {
  const names = Object.keys(simulator.regionPorts);
  const strays = names.filter((name) => !isRegion(simulator, name));
  return [
    ...strays.map((name) => ({
      path: at('regionPorts', name),
      text: `is no region, accepted: ${regionsOf(simulator)}`,
    })),
    ...repeated(names, (index) => at('regionPorts', names[index]!)),
  ];
}

function checkPorts(simulator: Simulator): Problem[] {
  const ports = simulatorPorts(simulator);
  return ports.flatMap(([port, path], index) => {
    const owner = ports.slice(0, index).find(([other]) => other === port)?.[1];
    if (owner === undefined) return [];
    return [{ path, text: `is the port of ${owner.join('.')}, accepted: one that is free` }];
  });
}

function checkUsers(simulator: Simulator): Problem[] {
  const { users } = simulator;
  const credentials = users.flatMap(({ applicationCredentials }, user) =>
    applicationCredentials.map(({ id }, index) => ({
      id,
      path: at('users', user, 'applicationCredentials', index, 'id'),
    })),
  );
  return [
    ...repeated(
      users.map(({ username }) => username),
      (index) => at('users', index, 'username'),
      (name) => name,
    ),
    ...repeated(
      credentials.map(({ id }) => id),
      (index) => credentials[index]!.path,
      (id) => id,
    ),
    ...users.flatMap(({ defaultRegion }, index) =>
      defaultRegion === null || isRegion(simulator, defaultRegion)
        ? []
        : [
            {
              path: at('users', index, 'defaultRegion'),
              text: `is no region, accepted: ${regionsOf(simulator)}, or null`,
            },
          ],
    ),
  ];
}

/** Settings of single accounts: one for nobody is a name that was mistyped. */
function checkAccounts({ users, rateLimits, absoluteLimitsPerAccount }: Simulator): Problem[] {
  const tenants = users.map(({ tenant }) => tenant);
  const names = [...users.map(({ username }) => username), ...tenants];
  const strays = (path: string[], given: object, known: readonly string[], accepted: string): Problem[] =>
    Object.keys(given)
      .filter((name) => !known.includes(name))
      .map((name) => ({
        path: [...path, name],
        text: `is nobody’s, accepted: ${accepted} of simulator.users`,
      }));
  return [
    ...strays(at('rateLimits', 'perAccount'), rateLimits.perAccount, names, 'a username or tenant'),
    ...strays(at('absoluteLimitsPerAccount'), absoluteLimitsPerAccount, tenants, 'a tenant'),
  ];
}

function checkRates({ rateLimits }: Simulator): Problem[] {
  const inTable = (table: readonly Rate[], path: readonly string[]): Problem[] =>
    table.flatMap((limit, index) => checkRate(limit, [...path, String(index), 'regex']));
  return [
    ...inTable(rateLimits.table, at('rateLimits', 'table')),
    ...Object.entries(rateLimits.perAccount).flatMap(([name, table]) =>
      inTable(table, at('rateLimits', 'perAccount', name)),
    ),
  ];
}

/** A region may publish a broken expression, as the guide's Example 1.23 does, if a path says what to enforce. */
function checkRate({ uri, regex }: Rate, path: readonly string[]): Problem[] {
  const mistake = regex === null ? undefined : mistakeIn(regex);
  if (mistake === undefined || uri.startsWith('/')) return [];
  return [
    {
      path,
      text: `is no regular expression (${mistake}), accepted: one that compiles, null, or any text beside a uri such as /servers that is enforced instead`,
    },
  ];
}

function checkServiceLimits({ serviceLimits }: Simulator): Problem[] {
  return serviceLimits.limits.flatMap(({ regex }, index) => {
    const mistake = regex === null ? undefined : mistakeIn(regex);
    if (mistake === undefined) return [];
    const text = `is no regular expression (${mistake}), accepted: one such as ^/servers, or null`;
    return [{ path: at('serviceLimits', 'limits', index, 'regex'), text }];
  });
}

function checkChaos(simulator: Simulator): Problem[] {
  const { rules } = simulator.chaos;
  return [
    ...repeated(
      rules.map(({ id }) => id),
      (index) => at('chaos', 'rules', index, 'id'),
      (id) => id,
    ),
    ...rules.flatMap(({ path, region }, index) => {
      const mistake = path === null ? undefined : mistakeIn(path);
      const isStray = region !== null && !isRegion(simulator, region);
      const rule = (key: string, text: string): Problem => ({ path: at('chaos', 'rules', index, key), text });
      return [
        ...(mistake === undefined
          ? []
          : [
              rule('path', `is no regular expression (${mistake}), accepted: one such as ^/servers, or null`),
            ]),
        ...(isStray ? [rule('region', `is no region, accepted: ${regionsOf(simulator)}, or null`)] : []),
      ];
    }),
  ];
}

function checkFiles(simulator: Simulator): Problem[] {
  const { seedFile, stateFile, regions } = simulator;
  const problems = (key: string, lines: readonly string[]): Problem[] =>
    lines.map((text) => ({ path: at(key), text }));
  return [
    ...(seedFile === null ? [] : problems('seedFile', checkSeedFile(seedFile, regions))),
    ...(stateFile === null ? [] : problems('stateFile', checkStateFile(stateFile))),
  ];
}
