import { readFile } from 'node:fs/promises';
import { type TProperties, Type } from '@sinclair/typebox';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import type { Region, RegionSeed } from './region/region.ts';
import { SERVER_STATUSES } from './region/transitions.ts';

const open = <T extends TProperties>(properties: T) =>
  Type.Partial(Type.Object(properties), { additionalProperties: false });
const closed = { additionalProperties: false } as const;
const Metadata = Type.Record(Type.String(), Type.String());
const DiskConfig = Type.Unsafe({ type: 'string', enum: ['AUTO', 'MANUAL'] });

const RegionSeedSchema = open({
  flavors: Type.Array(
    Type.Object(
      {
        id: Type.String(),
        name: Type.String(),
        ram: Type.Integer(),
        disk: Type.Integer(),
        vcpus: Type.Integer(),
        swap: Type.Integer(),
        rxtxFactor: Type.Number(),
        disabled: Type.Boolean({ default: false }),
      },
      closed,
    ),
  ),
  images: Type.Array(
    Type.Object(
      {
        name: Type.String(),
        id: Type.Optional(Type.String()),
        tenantId: Type.Optional(Type.String()),
        serverId: Type.Optional(Type.String()),
        created: Type.Optional(Type.String()),
        minDisk: Type.Optional(Type.Integer()),
        minRam: Type.Optional(Type.Integer()),
        diskConfig: Type.Optional(DiskConfig),
        metadata: Type.Optional(Metadata),
      },
      closed,
    ),
  ),
  networks: Type.Array(
    Type.Object(
      {
        id: Type.String(),
        label: Type.String(),
        cidr: Type.String(),
        prefix6: Type.Optional(Type.String()),
        tenantId: Type.Optional(Type.String()),
      },
      closed,
    ),
  ),
  servers: Type.Array(
    Type.Object(
      {
        tenantId: Type.String(),
        name: Type.String(),
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
const SeedSchema = Type.Object({ regions: Type.Record(Type.String(), RegionSeedSchema) }, closed);

const validate = new Ajv({ useDefaults: true, allErrors: true, strict: false }).compile<{
  regions: Record<string, RegionSeed>;
}>(SeedSchema);

/**
 * Puts the servers and images of a YAML file into the regions, those of `"*"` into each.
 *
 * @param regions by upper-case name
 * @throws Error when the file cannot be read, is no seed, or names a region there is not
 */
export async function plantSeedFile(
  path: string,
  regions: ReadonlyMap<string, { region: Region }>,
): Promise<void> {
  const seed: unknown = parse(await readFile(path, 'utf8'));
  if (!validate(seed)) throw new Error(`the seed file ${path} is wrong:\n${problems().join('\n')}`);
  for (const [name, data] of Object.entries(seed.regions)) {
    const targets = name === '*' ? [...regions.values()] : [regions.get(name.toUpperCase())];
    for (const target of targets) {
      if (!target) throw new Error(`the seed file ${path} names the region ${name}, which is not configured`);
      target.region.seed(data);
    }
  }
}

function problems(): string[] {
  return (validate.errors ?? []).map(
    ({ instancePath, message }) => `${instancePath.slice(1).replaceAll('/', '.') || 'file'}: ${message}`,
  );
}
