import { type Static, Type } from '@sinclair/typebox';
import { Choice, Nullable } from '../../settings/kinds.ts';

const closed = { additionalProperties: false } as const;
const Ms = (fallback: number, description: string) =>
  Type.Number({ minimum: 0, maximum: 86_400_000, default: fallback, description });

const LatencySchema = Type.Object(
  {
    distribution: Choice(['fixed', 'uniform', 'normal', 'exponential'] as const, {
      default: 'fixed',
      description:
        '`fixed`: always `ms`; `uniform`: `ms` ± `spreadMs`; `normal`: mean `ms`, deviation `spreadMs`; `exponential`: mean `ms`.',
    }),
    ms: Ms(0, 'Delay before the answer, in ms.'),
    spreadMs: Ms(0, 'How far the delay varies, in ms.'),
    maxMs: Ms(60_000, 'No delay is longer than this, in ms.'),
  },
  closed,
);

/** What a chaos rule may do. */
export const CHAOS_EFFECTS = [
  'none',
  'status',
  'reset',
  'resetAfter',
  'truncate',
  'brokenJson',
  'hang',
  'hangAfter',
  'revokeTokens',
  'regionDown',
] as const;

/** One rule of chaos: which requests it is for, how often, and what happens to them. */
export const ChaosRuleSchema = Type.Object(
  {
    id: Type.Optional(Type.String({ minLength: 1, description: 'Name to remove the rule by.' })),
    service: Choice(['any', 'identity', 'compute', 'image', 'network', 'volume'] as const, {
      default: 'any',
      description: 'Service it is for.',
    }),
    region: Nullable(Type.String({ minLength: 1 }), {
      default: null,
      description: 'Region it is for; null: every one.',
    }),
    method: Nullable(Type.String({ minLength: 1 }), {
      default: null,
      description: 'Method it is for; null: every one.',
    }),
    path: Nullable(Type.String({ minLength: 1 }), {
      default: null,
      description: 'Regular expression of the path (below the tenant for compute); null: every one.',
    }),
    probability: Type.Number({
      minimum: 0,
      maximum: 1,
      default: 1,
      description: 'Share of the matching requests it hits.',
    }),
    skip: Type.Integer({
      minimum: 0,
      default: 0,
      description: 'How many matching requests pass before it begins.',
    }),
    times: Nullable(Type.Integer({ minimum: 1 }), {
      default: null,
      description: 'How often it hits at most; null: always.',
    }),
    latency: Nullable(LatencySchema, { default: null, description: 'Delay of the answer.' }),
    effect: Choice(CHAOS_EFFECTS, {
      default: 'none',
      description:
        '`status`: a fault; `reset`, `hang`: before the request is done; `resetAfter`, `hangAfter`: after it was done; `truncate`: half a body, then a reset; `brokenJson`: a body that does not parse; `revokeTokens`: every token dies first; `regionDown`: every request of that region is reset from then on.',
    }),
    status: Type.Integer({
      minimum: 400,
      maximum: 599,
      default: 503,
      description: 'Status of the effect `status`.',
    }),
    retryAfter: Nullable(Type.Integer({ minimum: 0 }), {
      default: null,
      description: '`Retry-After` of the effect `status`, in seconds; null: none.',
    }),
  },
  closed,
);

export type ChaosRule = Static<typeof ChaosRuleSchema>;
export type ChaosLatency = Static<typeof LatencySchema>;
export type ChaosEffect = ChaosRule['effect'];
