import { type Static, Type } from '@sinclair/typebox';

/** `idempotency` of the configuration: how long `Idempotency-Key` is remembered, and where. */
export const IdempotencySchema = Type.Object(
  {
    keepMs: Type.Integer({
      default: 86_400_000,
      minimum: 60_000,
      maximum: 30 * 86_400_000,
      description: 'How long a request with an `Idempotency-Key` and its answer are remembered, ms.',
    }),
    settleMs: Type.Integer({
      default: 120_000,
      minimum: 1000,
      maximum: 3_600_000,
      description:
        'How long after a create was sent whose answer was lost the region may still be at it, ms. One that cannot be found there after that is sent again under the same key.',
    }),
    file: Type.Union([Type.String({ minLength: 1 }), Type.Null()], {
      default: null,
      description:
        'File that remembers them over restarts and crashes where there is no Redis, answers encrypted with the callers’ keys; null: beside `limits.ledger`, and in memory alone without one.',
    }),
    maxBytes: Type.Integer({
      default: 64 * 1024 * 1024,
      minimum: 1024 * 1024,
      description: 'What an instance remembers by itself at most, bytes; the oldest go first.',
    }),
  },
  {
    additionalProperties: false,
    default: {},
    description: 'How a request with an `Idempotency-Key` is kept from being done twice',
  },
);

export type IdempotencySettings = Static<typeof IdempotencySchema>;
