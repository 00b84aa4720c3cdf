import { type Static, Type } from '@sinclair/typebox';
import { AccessSchema, AllowedHostsSchema, AuditSchema, TrustProxySchema } from '../access/settings.ts';
import { CacheSchema } from '../cache/settings.ts';
import { IdempotencySchema } from '../idempotency/settings.ts';
import { LimitsSchema } from '../limits/settings.ts';
import { RedisSchema } from '../redis/settings.ts';
import { Choice, Milliseconds, Nullable, Port, section } from '../settings/kinds.ts';
import { SimulatorSchema } from '../simulator/config.ts';
import { AccountSchema, type IdentitySchema } from './account-schema.ts';
import { ListenSchema } from './listen-schema.ts';

/**
 * The one description of what may be configured: keys, kinds, bounds, defaults and what each is for. The types below, the
 * check of a file (load.ts), the `SLUICE_*` variables (overrides.ts) and the table in docs/configuration.md (reference.ts) all come
 * from here. A key is here only when it works.
 */

const closed = { additionalProperties: false } as const;

const AdminSchema = Type.Object(
  {
    host: Type.String({
      minLength: 1,
      default: '127.0.0.1',
      description: 'Address of the operators’ listener: `/metrics`, `/healthz`, `/readyz`.',
    }),
    port: Port(8081, 'Port of the operators’ listener. 0 picks a free one.'),
    token: Nullable(Type.String({ minLength: 16, secret: true }), {
      default: null,
      description:
        'What operators and scrapers show (`Authorization: Bearer …`), 16 characters or more; `/healthz` and the status of `/readyz` need none. null: nothing is asked, which takes a loopback `admin.host`.',
    }),
  },
  closed,
);

const LogSchema = Type.Object(
  {
    level: Choice(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], {
      default: 'info',
      description: 'Least severe level that is logged.',
    }),
    requests: Choice(['all', 'errors', 'none'], {
      default: 'all',
      description:
        'Which requests get a line of their own; `errors`: those answered with 500 or more, and slow ones.',
    }),
    slowMs: Nullable(Milliseconds(0, '', { minimum: 1 }), {
      default: 10_000,
      description:
        'From so many ms on, waits for slots included, a request is logged as a slow one, at level warn; null: none is.',
    }),
    instance: Nullable(Type.String({ minLength: 1, maxLength: 128 }), {
      default: null,
      description:
        'What each line of the log bears as `instance`, to tell instances apart; null: the name of the machine.',
    }),
  },
  closed,
);

const ShutdownSchema = Type.Object(
  {
    delayMs: Nullable(Milliseconds(0, '', { maximum: 600_000 }), {
      default: null,
      description:
        'How long connections are still taken after SIGTERM or SIGINT, in ms, while `/readyz` says 503 already: as long as a load balancer takes to see that. null: 5000, or 0 where `admin.host` is reached by this machine alone.',
    }),
    graceMs: Milliseconds(
      10_000,
      'How long requests under way may still take after SIGTERM or SIGINT, in ms.',
      {
        maximum: 600_000,
      },
    ),
  },
  closed,
);

const TracingSchema = Type.Object(
  {
    otlp: Nullable(
      Type.String({ pattern: '^https?://[^\\s@?#]+$', form: 'a URL such as http://collector:4318' }),
      {
        default: null,
        description:
          'Collector that traces are sent to by OTLP over HTTP, such as `http://collector:4318`; null: nothing is traced. What it wants for a password is in the environment, `OTEL_EXPORTER_OTLP_HEADERS`.',
      },
    ),
    ratio: Type.Number({
      minimum: 0,
      maximum: 1,
      default: 1,
      description:
        'Share of the traces that begin here which are sent. A caller’s `traceparent` decides for its own.',
    }),
  },
  closed,
);

const FacadeSchema = Type.Object(
  {
    services: Type.Union(
      [
        Choice(['all', 'none']),
        Type.Array(Type.String({ minLength: 1, maxLength: 128 }), { minItems: 1, uniqueItems: true }),
      ],
      {
        default: 'all',
        description:
          'Which services of the catalog beside Compute lead through Sluice (`/{region}/services/{type}/…`, with the account’s token): `all` of a type that is known and not the identity service, those of the types listed (`[image, network]`; `all` in the list adds them to the known ones), or `none`: callers are told the upstream’s own URLs.',
      },
    ),
  },
  closed,
);

const UpstreamSchema = Type.Object(
  {
    connectTimeoutMs: Milliseconds(2000, 'Longest wait for a connection to a region, in ms.', { minimum: 1 }),
    headersTimeoutMs: Milliseconds(30_000, 'Longest wait for the head of an answer, in ms.', { minimum: 1 }),
    bodyTimeoutMs: Milliseconds(30_000, 'Longest silence inside the body of an answer, in ms.', {
      minimum: 1,
    }),
    connections: Type.Integer({
      minimum: 1,
      maximum: 10_000,
      default: 64,
      description: 'Most connections to one endpoint, for all that is sent there.',
    }),
    connectionTtlMs: Milliseconds(
      300_000,
      'Longest life of a connection to an endpoint, in ms: the next one follows a changed DNS name. Lives differ by up to a fifth, so that they do not end together.',
      { minimum: 1 },
    ),
    retries: Type.Integer({
      minimum: 0,
      maximum: 10,
      default: 2,
      description: 'How often a request that is safe to repeat is tried again.',
    }),
    maxInFlight: Type.Integer({
      minimum: 1,
      maximum: 1_000_000,
      default: 2000,
      description: 'Most requests under way at one service of a region; more are 503 with Retry-After.',
    }),
    circuit: section(
      Type.Object(
        {
          failures: Type.Integer({
            minimum: 0,
            maximum: 1_000_000,
            default: 20,
            description:
              'After this many attempts in a row without an answer, or half of forty or more within ten seconds, a service of a region is left alone; 0: never.',
          }),
          openMs: Milliseconds(
            5000,
            'How long it is left alone before one request tries it, in ms; twice as long each time that fails, up to a minute.',
            { minimum: 1 },
          ),
        },
        closed,
      ),
      'When a service of a region that does not answer is left alone.',
    ),
    hedge: section(
      Type.Object(
        {
          maxPercent: Type.Number({
            minimum: 0,
            maximum: 20,
            default: 0,
            description:
              'Most hedges in a minute, in percent of the reads that may have one; 0: none. None by default: a hedge spends a slot of the limits to save somebody time, and which of the two is scarce the operator knows. 2 to 5 are usual.',
          }),
          percentile: Type.Number({
            minimum: 50,
            maximum: 99.9,
            default: 95,
            description:
              'A read is sent a second time when its answer takes longer than this percentile of the latest answers to the same operation of that account, region and service.',
          }),
          minDelayMs: Milliseconds(50, 'The least that is waited before that, in ms.', { minimum: 1 }),
        },
        closed,
      ),
      'Reads with small answers that are sent a second time when the first answer takes long: the first of the two counts. Only while nobody waits for a slot, a fifth of each limit is free, the circuit is closed, and retries have budget left.',
    ),
  },
  closed,
);

/** The whole configuration. */
export const ConfigSchema = Type.Object(
  {
    listen: section(ListenSchema),
    moreListeners: Type.Array(ListenSchema, {
      default: [],
      description: 'The listeners behind the first, where `listen` is a list; never written as such.',
      internal: true,
    }),
    admin: section(AdminSchema),
    publicUrl: Nullable(Type.String({ minLength: 1 }), {
      default: null,
      description: 'Base of the links Sluice hands out; null: from the Host of the request.',
    }),
    allowedHosts: AllowedHostsSchema,
    trustProxy: TrustProxySchema,
    log: section(LogSchema),
    tracing: section(TracingSchema),
    shutdown: section(ShutdownSchema),
    redis: RedisSchema,
    accounts: Type.Array(AccountSchema, { default: [], description: 'Upstream accounts, at least one.' }),
    access: section(AccessSchema),
    audit: section(AuditSchema, 'Who did what.'),
    facade: section(FacadeSchema, 'What callers who log in at Sluice are told.'),
    cache: CacheSchema,
    limits: section(LimitsSchema),
    idempotency: IdempotencySchema,
    upstream: section(UpstreamSchema),
    simulator: SimulatorSchema,
  },
  closed,
);

/** Arrays stay arrays for the compiler, so that a part may take its settings by its own type; at run time they are frozen too. */
type Frozen<T> = T extends (infer U)[]
  ? Frozen<U>[]
  : T extends object
    ? { readonly [K in keyof T]: Frozen<T[K]> }
    : T;

/** A checked configuration: every key present, secrets read from their files, frozen. */
export type Config = Frozen<Static<typeof ConfigSchema>>;
/** One upstream account (tenant). */
export type AccountConfig = Config['accounts'][number];

export type ListenConfig = Config['listen'];
/** How an account logs in; exactly one of `apiKey`, `password` and `applicationCredential` is set. */
export type IdentityConfig = Frozen<Static<typeof IdentitySchema>>;
/** A caller that has a name. */
export type ClientConfig = Config['access']['clients'][number];
