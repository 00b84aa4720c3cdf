import { type TProperties, Type } from '@sinclair/typebox';
import { systemClock } from '../clock.ts';
import { checkOf } from '../settings/check.ts';
import { normalForm } from '../settings/normal-form.ts';
import { parseFile } from '../settings/parse.ts';
import { formatProblem } from '../settings/problem.ts';
import { validate } from '../settings/validate.ts';
import { createRegion, defaultRegionSettings, type Region, type RegionSeed } from './region/region.ts';
import { SERVER_STATUSES } from './region/transitions.ts';

const open = <T extends TProperties>(properties: T) =>
  Type.Partial(Type.Object(properties), { additionalProperties: false });
const closed = { additionalProperties: false } as const;
const Metadata = Type.Record(Type.String(), Type.String());
const DiskConfig = Type.Unsafe({ type: 'string', enum: ['AUTO', 'MANUAL'] });
/** What every list of flavors and images is for: a size of nothing, or less, is a slip. */
const Size = Type.Integer({ minimum: 1 });
const Least = Type.Integer({ minimum: 0 });

const RegionSeedSchema = open({
  flavors: Type.Array(
    Type.Object(
      {
        id: Type.String({ minLength: 1 }),
        name: Type.String({ minLength: 1 }),
        ram: Size,
        disk: Least,
        vcpus: Size,
        swap: Type.Integer({ minimum: 0, default: 0 }),
        rxtxFactor: Type.Number({ exclusiveMinimum: 0, default: 1 }),
        disabled: Type.Boolean({ default: false }),
      },
      closed,
    ),
  ),
  images: Type.Array(
    Type.Object(
      {
        name: Type.String({ minLength: 1 }),
        count: Type.Optional(Type.Integer({ minimum: 1, maximum: 100_000 })),
        id: Type.Optional(Type.String({ minLength: 1 })),
        tenantId: Type.Optional(Type.String()),
        serverId: Type.Optional(Type.String()),
        created: Type.Optional(Type.String()),
        minDisk: Type.Optional(Least),
        minRam: Type.Optional(Least),
        diskConfig: Type.Optional(DiskConfig),
        metadata: Type.Optional(Metadata),
      },
      closed,
    ),
  ),
  networks: Type.Array(
    Type.Object(
      {
        id: Type.String({ minLength: 1 }),
        label: Type.String({ minLength: 1 }),
        cidr: Type.String({ pattern: '^\\d{1,3}(\\.\\d{1,3}){3}/\\d{1,2}$' }),
        prefix6: Type.Optional(Type.String({ pattern: '::$' })),
        tenantId: Type.Optional(Type.String()),
      },
      closed,
    ),
  ),
  servers: Type.Array(
    Type.Object(
      {
        tenantId: Type.String(),
        name: Type.String({ minLength: 1 }),
        userId: Type.Optional(Type.String()),
        count: Type.Optional(Type.Integer({ minimum: 1, maximum: 100_000 })),
        flavor: Type.Optional(Type.String()),
        image: Type.Optional(Type.String()),
        status: Type.Optional(Type.Unsafe({ type: 'string', enum: [...SERVER_STATUSES] })),
        created: Type.Optional(Type.String()),
        metadata: Type.Optional(Metadata),
      },
      closed,
    ),
  ),
  volumes: Type.Record(Type.String(), Type.Array(Type.String())),
});

/** `regions:` by name; `"*"` is for every region. */
const checkSeeds = checkOf(
  normalForm(Type.Object({ regions: Type.Record(Type.String(), RegionSeedSchema) }, closed)),
);

type Seeds = Record<string, RegionSeed>;

/**
 * Puts the servers and images of a YAML file into the regions, those of `"*"` into each.
 *
 * @param regions by upper-case name
 * @throws Error that names the file and every problem in it
 */
export function plantSeedFile(path: string, regions: ReadonlyMap<string, { region: Region }>): void {
  const seeds = readSeeds(path, [...regions.keys()]);
  const problems = 'problems' in seeds ? seeds.problems : plant(seeds, regions);
  if (problems.length > 0) throw new Error(`the seed file ${path} is wrong:\n${problems.join('\n')}`);
}

/**
 * Everything that keeps a seed file from being planted, a line each, with its place in the file and what is accepted.
 *
 * @param names regions that are configured
 */
export function checkSeedFile(path: string, names: readonly string[]): string[] {
  const seeds = readSeeds(path, names);
  if ('problems' in seeds) return seeds.problems;
  const trial = (name: string) =>
    [name.toUpperCase(), { region: createRegion({ ...defaultRegionSettings, name }, systemClock) }] as const;
  return plant(seeds, new Map(names.map(trial)));
}

function readSeeds(path: string, names: readonly string[]): { seeds: Seeds } | { problems: string[] } {
  const parsed = parseFile(path);
  if ('problems' in parsed) return { problems: parsed.problems.map(formatProblem) };
  const misfits = validate(parsed.tree, checkSeeds);
  if (misfits.length > 0) return { problems: misfits.map(formatProblem) };
  const { regions } = parsed.tree as { regions: Seeds };
  const known = names.map((name) => name.toUpperCase());
  const strays = Object.keys(regions).filter((name) => name !== '*' && !known.includes(name.toUpperCase()));
  if (strays.length === 0) return { seeds: regions };
  const accepted = `accepted: ${known.join(', ')}, or "*" for all`;
  return { problems: strays.map((name) => `regions.${name}: is no region, ${accepted}`) };
}

/** @returns what could not be planted */
function plant({ seeds }: { seeds: Seeds }, regions: ReadonlyMap<string, { region: Region }>): string[] {
  const problems = Object.entries(seeds).flatMap(([name, data]) => {
    const targets = name === '*' ? [...regions.values()] : [regions.get(name.toUpperCase())!];
    return targets.flatMap(({ region }) => {
      try {
        region.seed(data);
        return [];
      } catch (error) {
        return [`regions.${name}: ${(error as Error).message}`];
      }
    });
  });
  return [...new Set(problems)];
}
