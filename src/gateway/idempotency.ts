import type { Config } from '../config/schema.ts';
import { openJournal } from '../idempotency/journal.ts';
import { IdempotencyKeeper } from '../idempotency/keeper.ts';
import { LocalStore } from '../idempotency/local-store.ts';
import { RedisIdempotencyStore } from '../idempotency/redis-store.ts';
import type { IdempotencyStore } from '../idempotency/store.ts';
import { createRedis, type RedisLog, SILENT_LOG } from '../redis/connection.ts';
import { createSeal } from '../redis/seal.ts';
import { observeRedis } from '../telemetry/observers.ts';
import type { Shared } from './shared.ts';

/** How long Redis may take to remember a key, ms: a create takes seconds anyway. */
const TIMEOUT_MS = 500;

/** What remembers keyed requests under this configuration: Redis, else a file, else memory. */
export function openIdempotency(config: Config, shared: Shared): IdempotencyKeeper {
  const { keepMs } = config.idempotency;
  return new IdempotencyKeeper({ store: openStore(config, shared), clock: shared.clock, keepMs });
}

/** The settings it is made of: it is made anew when they change. */
export const idempotencyKeyOf = ({ idempotency, limits, redis }: Config): string =>
  JSON.stringify([idempotency, limits.ledger, redis]);

/** The cache and the limits speak of outages of the same Redis. */
const isOutage = (fields: object): boolean => 'trouble' in fields && fields.trouble === 'outage';

async function openStore(config: Config, { clock, log, metrics }: Shared): Promise<IdempotencyStore> {
  const { keepMs, maxBytes } = config.idempotency;
  const path = fileOf(config);
  const warn = (line: string) => log.warn(line);
  const redis = createRedis(config.redis, SILENT_LOG, {
    purpose: 'idempotency',
    commandTimeoutMs: TIMEOUT_MS,
  });
  const journal = path === null ? undefined : await openJournal({ path, warn, now: clock.now() });
  const kept = journal === undefined ? {} : { journal, records: [...journal.records] };
  // What a damaged file may have held is as if another instance had it: it is looked for before anything is sent.
  const unsureUntil = journal?.isWhole === false ? clock.now() + keepMs : 0;
  const local = new LocalStore({ clock, maxBytes, unsureUntil, ...kept });
  if (redis === null) return local;
  const seal = createSeal(config.redis.signingKeys);
  const quiet: RedisLog = {
    warn: (fields, message) => {
      if (!isOutage(fields)) log.warn(fields, message);
    },
    info: (fields, message) => {
      if (!isOutage(fields)) log.info(fields, message);
    },
  };
  const observe = observeRedis(metrics);
  return new RedisIdempotencyStore({ redis, clock, log: quiet, observe, seal, keepMs, local });
}

function fileOf({ idempotency, limits }: Config): string | null {
  return idempotency.file ?? (limits.ledger === null ? null : `${limits.ledger}.keys`);
}
