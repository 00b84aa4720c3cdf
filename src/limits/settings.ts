import { type Static, Type } from '@sinclair/typebox';

/** Whose requests a limit counts together. */
export const LIMIT_SCOPES = ['user', 'project', 'account'] as const;
export type LimitScope = (typeof LIMIT_SCOPES)[number];

/** A limit as the configuration or a preset states it. */
export const StaticLimitSchema = Type.Object(
  {
    service: Type.String({
      pattern: '^(\\*|[A-Za-z][A-Za-z0-9:_-]{0,63})$',
      default: 'compute',
      description:
        'Service the limit is about, by its type: `compute`, `image`, `network`, `block-storage`, `identity` (logins) …; `*`: each of them.',
    }),
    scope: Type.Optional(
      Type.Union(
        LIMIT_SCOPES.map((scope) => Type.Literal(scope)),
        {
          description:
            'Whose requests are counted together: those of a `user`, of a `project`, or of one `account` of the configuration; each region counts for itself. Left out: `user` for logins and where Identity is v2.0, else `project`.',
        },
      ),
    ),
    verb: Type.String({ pattern: '^[A-Za-z]+$', description: 'Method the limit is about, or ALL.' }),
    uri: Type.String({
      description: 'Path below the tenant that requests start with, `/servers`, or `*` for all.',
    }),
    regex: Type.Optional(
      Type.String({
        description:
          'Regular expression that decides instead of `uri`, in linear time: no lookaround, no back references. One that does not match its own `uri` decides beside it.',
      }),
    ),
    value: Type.Integer({ minimum: 0, description: 'Requests per unit; 0 forbids them.' }),
    unit: Type.Union(
      [Type.Literal('SECOND'), Type.Literal('MINUTE'), Type.Literal('HOUR'), Type.Literal('DAY')],
      { description: 'What the value is counted over.' },
    ),
  },
  { additionalProperties: false },
);

/** A limit as the configuration or a preset states it. */
export type StatedLimit = Static<typeof StaticLimitSchema>;

/** `limits` of the configuration: how requests are kept within what the regions allow. */
export const LimitsSchema = Type.Object(
  {
    enabled: Type.Boolean({ default: true, description: 'Whether requests are held to the limits at all.' }),
    source: Type.Union([Type.Literal('published'), Type.Literal('static')], {
      default: 'published',
      description:
        'Where limits come from: `published` asks GET /limits and learns from answers, `static` trusts `limits.static`.',
    }),
    static: Type.Array(StaticLimitSchema, {
      default: [],
      description:
        "Limits that hold; those of `compute` with `published`: until /limits is answered with a list that is not empty. With `published` and none for `compute`, the guide's Table 1.3 holds until then.",
    }),
    preset: Type.Union([Type.String({ minLength: 1 }), Type.Null()], {
      default: null,
      description:
        'What a provider documents of its limits, by the name of its file in `config/limits` (`ovhcloud`, `rackspace`): limits that hold beside the others, whatever GET /limits says. null: none.',
    }),
    presetLimits: Type.Array(StaticLimitSchema, {
      default: [],
      description: 'The limits of `preset`, as they were read; never written.',
      internal: true,
    }),
    maxWaitMs: Type.Integer({
      default: 30_000,
      minimum: 0,
      maximum: 3_600_000,
      description: 'Longest wait for a slot, ms; a request that would wait longer is refused at once.',
    }),
    maxQueue: Type.Integer({
      default: 1000,
      minimum: 0,
      maximum: 1_000_000,
      description: 'Most requests that wait per account and region.',
    }),
    maxQueuePerClient: Type.Integer({
      default: 1000,
      minimum: 0,
      maximum: 1_000_000,
      description: 'Most requests of one client that wait per account and region.',
    }),
    overLimitStatus: Type.Union([Type.Literal(413), Type.Literal(429)], {
      default: 413,
      description: 'Status of a refusal; clients of this API know 413.',
    }),
    marginMs: Type.Integer({
      default: 5,
      minimum: 0,
      maximum: 10_000,
      description:
        'How much longer than its unit a slot is held, ms, beside 0.05% of the unit for clocks that differ.',
    }),
    instances: Type.Integer({
      default: 1,
      minimum: 1,
      maximum: 10_000,
      description:
        'How many instances share the accounts through Redis. Each keeps to its part of this many (or of as many as `limits.ledger` remembers, if that is more) while Redis has not been reached since it started; afterwards Redis knows.',
    }),
    ledger: Type.Union([Type.String({ minLength: 1 }), Type.Null()], {
      default: null,
      description:
        'File that remembers use of HOUR and DAY limits over a restart where there is no Redis, and how many instances there are where there is one; null: none.',
    }),
  },
  { additionalProperties: false },
);

export type LimitsSettings = Static<typeof LimitsSchema>;
