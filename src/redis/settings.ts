import { type Static, Type } from '@sinclair/typebox';

const NodeSchema = Type.Object(
  {
    host: Type.String({ minLength: 1, description: 'Host name or address' }),
    port: Type.Integer({ minimum: 1, maximum: 65_535, description: 'TCP port' }),
  },
  { additionalProperties: false },
);

const nullable = <T extends ReturnType<typeof Type.Object> | ReturnType<typeof Type.String>>(
  schema: T,
  description: string,
) => Type.Union([schema, Type.Null()], { default: null, description });

const secret = (description: string) =>
  Type.Union([Type.String(), Type.Null()], { default: null, description });

/** A key itself, or where it stands; it is a text once the configuration has been read. */
const SigningKeySchema = Type.Unsafe<string>(
  Type.Union([
    Type.String({ minLength: 1, secret: true }),
    Type.Object(
      {
        file: Type.String({
          minLength: 1,
          description: 'File that holds the key, seen from the configuration’s folder',
        }),
      },
      { additionalProperties: false },
    ),
  ]),
);

/** `redis` of the configuration: one of `url`, `sentinels`, `cluster`; all null: everything stays in this process. */
export const RedisSchema = Type.Object(
  {
    url: Type.Union(
      [Type.String({ pattern: '^rediss?://.+', form: 'a URL such as redis://redis:6379' }), Type.Null()],
      {
        default: null,
        description: 'redis:// or rediss:// address of one server; null: no Redis, or sentinels or cluster',
      },
    ),
    sentinels: nullable(
      Type.Object(
        {
          name: Type.String({ minLength: 1, description: 'Name of the master the sentinels watch' }),
          nodes: Type.Array(NodeSchema, { minItems: 1, description: 'The sentinels' }),
          password: secret('Password of the servers'),
          sentinelPassword: secret('Password of the sentinels'),
        },
        { additionalProperties: false },
      ),
      'Redis behind Sentinel',
    ),
    cluster: nullable(
      Type.Object(
        {
          nodes: Type.Array(NodeSchema, {
            minItems: 1,
            description: 'Some nodes; the others are discovered',
          }),
          password: secret('Password of the nodes'),
        },
        { additionalProperties: false },
      ),
      'Redis Cluster',
    ),
    signingKeys: Type.Array(SigningKeySchema, {
      default: [],
      maxItems: 16,
      description:
        'Keys of what instances leave for each other in Redis, newest first: each a text of 32 characters or more, or `{ file: … }`; the first signs, all of them verify, and what none of them has signed is not believed. The same at every instance. `[]`: whoever can write to Redis decides what callers are answered',
    }),
  },
  {
    additionalProperties: false,
    default: {},
    description: 'What several instances share; without it everything stays in this process',
  },
);

export type RedisSettings = Static<typeof RedisSchema>;

/** False for settings that name no Redis: everything stays in this process. */
export function usesRedis({ url, sentinels, cluster }: RedisSettings): boolean {
  return url !== null || sentinels !== null || cluster !== null;
}
