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

/** `redis` of the configuration: one of `url`, `sentinels`, `cluster`; all null: everything stays in this process. */
export const RedisSchema = Type.Object(
  {
    url: Type.Union([Type.String({ pattern: '^rediss?://.+' }), Type.Null()], {
      default: null,
      description: 'redis:// or rediss:// address of one server; null: no Redis, or sentinels or cluster',
    }),
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
    signingKey: Type.Optional(
      Type.String({
        minLength: 16,
        secret: true,
        description:
          'Secret of all instances, at least 16 characters: what they leave in Redis carries an HMAC under it, and nothing without one is believed. Left out: whoever can write to Redis decides what callers are answered',
      }),
    ),
    signingKeyFile: Type.Optional(
      Type.String({
        minLength: 1,
        description: 'File that holds the signing key, seen from the configuration’s folder',
      }),
    ),
  },
  {
    additionalProperties: false,
    default: {},
    description: 'What several instances share; without it everything stays in this process',
  },
);

export type RedisSettings = Static<typeof RedisSchema>;
