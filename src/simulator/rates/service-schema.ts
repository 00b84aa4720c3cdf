import { type Static, Type } from '@sinclair/typebox';
import { Choice, Nullable, section } from '../../settings/kinds.ts';

/** Limits as the operators of clouds of today set them before their services, whatever the services publish. */

const closed = { additionalProperties: false } as const;

/** Services that may be limited. */
export const LIMITED_SERVICES = ['identity', 'compute', 'image', 'network', 'volume'] as const;
export type LimitedService = (typeof LIMITED_SERVICES)[number];

const ServiceLimitSchema = Type.Object(
  {
    service: Choice([...LIMITED_SERVICES, 'any'] as const, {
      default: 'any',
      description: 'Service it counts; `any`: each of them, apart.',
    }),
    scope: Choice(['user', 'project'] as const, {
      default: 'project',
      description: 'Whose requests are counted together, in one region.',
    }),
    verb: Choice(['ALL', 'GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH'] as const, {
      default: 'ALL',
      description: 'Method it counts.',
    }),
    regex: Nullable(Type.String(), {
      default: null,
      description: 'Paths it counts, below the region and the version; null: all.',
    }),
    value: Type.Integer({ minimum: 0, description: 'Requests per unit; 0 forbids.' }),
    unit: Choice(['SECOND', 'MINUTE', 'HOUR', 'DAY'] as const, {
      default: 'SECOND',
      description: 'Length of the window.',
    }),
  },
  closed,
);

/** The limits, how they count, and what callers are told of them. */
export const ServiceLimitsSchema = section(
  Type.Object(
    {
      limits: Type.Array(ServiceLimitSchema, { default: [], description: 'The limits; none: no limits.' }),
      algorithm: Choice(['sliding', 'fixed', 'leaky'] as const, {
        default: 'sliding',
        description: 'How they count, as `simulator.rateLimits.algorithm`.',
      }),
      told: Choice(['hidden', 'count', 'epoch', 'rate', 'fields', 'ietf'] as const, {
        default: 'hidden',
        description:
          'Headers of every answer: none; `count`, `epoch`, `rate`: `X-RateLimit-…` with a number and seconds, an instant, or `60r/m`; `fields`: `RateLimit-Limit` and its like; `ietf`: `RateLimit` and `RateLimit-Policy`.',
      }),
      status: Type.Unsafe<413 | 429 | 503>({
        type: 'integer',
        enum: [413, 429, 503],
        default: 429,
        description: 'Status of a refusal.',
      }),
      retryAfter: Choice(['seconds', 'date', 'extension', 'none'] as const, {
        default: 'seconds',
        description: 'When to come again: `Retry-After`, `extension`: `X-Retry-After` in s, or nothing.',
      }),
    },
    closed,
  ),
  'Limits before the services, of today’s clouds.',
);

export type ServiceLimitsSettings = Static<typeof ServiceLimitsSchema>;
