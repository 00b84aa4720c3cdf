import { type Static, Type } from '@sinclair/typebox';
import { Choice, Nullable, section } from '../../settings/kinds.ts';
import type { RateLimit } from './limit.ts';

const closed = { additionalProperties: false } as const;

const limit = (verb: string, uri: string, value: number, unit: RateLimit['unit']) => ({
  verb,
  uri,
  regex: null,
  value,
  unit,
});

/** The guide's Table 1.3, particular paths first: sliding logs charge only the first limit that matches. */
export const DEFAULT_RATE_LIMITS: readonly RateLimit[] = [
  limit('GET', '/os-networksv2', 0, 'MINUTE'),
  limit('POST', '/os-networksv2', 0, 'DAY'),
  limit('GET', '/servers', 1000, 'DAY'),
  limit('POST', '/servers', 1000, 'DAY'),
  limit('GET', '*', 100, 'MINUTE'),
  limit('POST', '*', 100, 'MINUTE'),
];

const Unit = Choice(['SECOND', 'MINUTE', 'HOUR', 'DAY'] as const, {
  default: 'MINUTE',
  description: 'Length of the window.',
});

const RateLimitSchema = Type.Object(
  {
    verb: Choice(['ALL', 'GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH'] as const, {
      default: 'ALL',
      description: 'Method it counts.',
    }),
    uri: Type.String({ default: '*', description: 'What it counts, for people: `*` or `/servers`.' }),
    regex: Nullable(Type.String(), {
      default: null,
      description:
        'What it counts, for machines, as published; null: made from `uri`. One that does not compile is published all the same if `uri` is a path, which is enforced instead.',
    }),
    value: Type.Integer({ minimum: 0, description: 'Requests per unit; 0 forbids.' }),
    unit: Unit,
  },
  closed,
);

const table = Type.Array(RateLimitSchema);

/** The regions' rate limits (guide section 1.8.1). */
export const RateLimitsSchema = section(
  Type.Object(
    {
      enabled: Type.Boolean({
        default: true,
        description: 'Whether the regions count and refuse; false: none are published.',
      }),
      algorithm: Choice(['sliding', 'fixed', 'leaky'] as const, {
        default: 'sliding',
        description:
          '`sliding`: log of accepted requests, first match only; `fixed`: windows from the first request; `leaky`: buckets that drain.',
      }),
      table: Type.Array(RateLimitSchema, {
        default: [...DEFAULT_RATE_LIMITS],
        description:
          'The limits, in the order in which they are tried; the default is the guide’s Table 1.3.',
      }),
      perAccount: Type.Record(Type.String(), table, {
        default: {},
        description: 'Other tables for single accounts, by user name or tenant id.',
      }),
      retryAfter: Choice(['date', 'seconds'] as const, {
        default: 'date',
        description: 'How `Retry-After` is written.',
      }),
    },
    closed,
  ),
);

/** How often one user may log in; null: as often as it likes. */
export const IdentityRateLimitSchema = Nullable(
  Type.Object({ value: Type.Integer({ minimum: 0, description: 'Logins per unit.' }), unit: Unit }, closed),
  { default: null, description: 'Logins allowed to one user name; null: any number.' },
);

export type RateLimitsSettings = Static<typeof RateLimitsSchema>;
