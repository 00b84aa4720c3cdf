import { type Static, Type } from '@sinclair/typebox';
import { Choice, Nullable, Port, section } from '../settings/kinds.ts';
import { ChaosRuleSchema } from './chaos/rule.ts';
import { completing } from './complete.ts';
import { KeystoneSchema, RegionName, TokensSchema, UsersSchema } from './identity/schema.ts';
import { PRESET_NAMES, type PresetName, withPreset } from './presets.ts';
import { IdentityRateLimitSchema, RateLimitsSchema } from './rates/schema.ts';
import { ServiceLimitsSchema } from './rates/service-schema.ts';

export { DEMO_USER } from './identity/schema.ts';

/** What may be configured of the simulator: the `simulator:` part of the configuration, and the file of `sluice simulate`. */

const closed = { additionalProperties: false } as const;

const TimingSchema = Type.Object(
  {
    buildSeconds: Type.Number({ minimum: 0, default: 20, description: 'From BUILD to ACTIVE, in s.' }),
    actionSeconds: Type.Number({ minimum: 0, default: 10, description: 'How long an action takes, in s.' }),
    imageSeconds: Type.Number({
      minimum: 0,
      default: 30,
      description: 'From SAVING to ACTIVE of an image, in s.',
    }),
    confirmResizeAfterSeconds: Type.Number({
      minimum: 0,
      default: 86_400,
      description: 'When a resize that nobody confirms confirms itself, in s.',
    }),
    rescueSeconds: Type.Number({
      minimum: 0,
      default: 5400,
      description: 'How long a server may stay in rescue mode, in s.',
    }),
    deletedKeptSeconds: Type.Number({
      minimum: 0,
      default: 2_592_000,
      description: 'How long `changes-since` shows what was deleted, in s.',
    }),
  },
  closed,
);

const ChaosSchema = Type.Object(
  {
    enabled: Type.Boolean({ default: false, description: 'Whether rules apply and `/_simulator/` answers.' }),
    seed: Type.Integer({ default: 1, description: 'The same seed gives the same failures.' }),
    rules: Type.Array(ChaosRuleSchema, { default: [], description: 'Rules in force from the start.' }),
  },
  closed,
);

const LinkPrefix = (what: string) =>
  Nullable(Type.String({ pattern: '^https?://[^/]+(/.*)?$' }), {
    default: null,
    description: `What links to ${what} begin with, whatever the request says; null: what it says.`,
  });

const LinkPrefixesSchema = Type.Object(
  {
    compute: LinkPrefix('Nova (its `compute_link_prefix`)'),
    image: LinkPrefix('Glance in what Nova says (`glance_link_prefix`)'),
  },
  closed,
);

/** The whole simulator. */
export const SimulatorSchema = section(
  Type.Object(
    {
      enabled: Type.Boolean({
        default: false,
        description: 'Whether `sluice serve` runs a simulator in its process.',
      }),
      host: Type.String({
        minLength: 1,
        default: '127.0.0.1',
        description: 'Address the simulator listens on.',
      }),
      port: Port(8090, 'Port of identity and all regions. 0 picks a free one.'),
      regions: Type.Array(RegionName, {
        minItems: 1,
        uniqueItems: true,
        default: ['DFW', 'ORD', 'LON'],
        description: 'Regions, each with servers and images of its own.',
      }),
      regionPorts: Type.Record(Type.String(), Port(0, 'Port of the region. 0 picks a free one.'), {
        default: {},
        description: 'Ports that serve one region each at their root; the catalog then names them.',
      }),
      preset: Choice(PRESET_NAMES, {
        default: 'guide' satisfies PresetName,
        description:
          'Defaults of the rest: `guide`: the guide’s own system; `openstack`: Keystone v3, Nova 2.1, Glance, Neutron; `ovhcloud`, `rackspace-flex`: such clouds with what these publish.',
      }),
      dialect: Choice(['guide', 'openstack'] as const, {
        default: 'guide',
        description:
          'What is spoken: `guide`: Identity v2.0 and v3, the guide’s API v2 in JSON and XML; `openstack`: what clouds of today run.',
      }),
      keystone: section(KeystoneSchema),
      users: UsersSchema,
      tokens: section(TokensSchema),
      identityRateLimit: IdentityRateLimitSchema,
      rateLimits: RateLimitsSchema,
      serviceLimits: ServiceLimitsSchema,
      absoluteLimits: Type.Record(Type.String(), Type.Integer(), {
        default: {},
        description:
          'Absolute limits that differ from the guide’s Table 1.4, such as `{ maxTotalInstances: 10 }`.',
      }),
      absoluteLimitsPerAccount: Type.Record(Type.String(), Type.Record(Type.String(), Type.Integer()), {
        default: {},
        description: 'Absolute limits of single tenants, by their ids; they come before `absoluteLimits`.',
      }),
      maxPageSize: Type.Integer({
        minimum: 1,
        maximum: 1000,
        default: 1000,
        description: 'Largest page of a list, and the size of one that is not asked for.',
      }),
      minPasswordLength: Type.Integer({
        minimum: 0,
        maximum: 12,
        default: 0,
        description:
          'A shorter `adminPass` puts its server in ERROR, as an operating system that refuses it does.',
      }),
      seed: Nullable(Type.Integer(), {
        default: null,
        description:
          'The same seed gives the same ids and passwords in every run; null: other ones each time.',
      }),
      timing: section(TimingSchema),
      timeScale: Type.Number({
        exclusiveMinimum: 0,
        maximum: 100_000,
        default: 1,
        description:
          'How much faster servers and images age. Tokens and rate limits keep the time of the clock.',
      }),
      attachVolumeStatus: Type.Unsafe<200 | 202>({
        type: 'integer',
        enum: [200, 202],
        default: 200,
        description: 'Status of attaching a volume: 200 as real servers answer, 202 as the guide says.',
      }),
      networkForm: Choice(['named', 'network'] as const, {
        default: 'named',
        description:
          'Addresses of one network: `named` as real servers answer, `network` as the guide’s Example 2.26.',
      }),
      scarcity: Type.Boolean({ default: false, description: 'No capacity: a create is answered 503.' }),
      versionDocument: Choice(['links', 'guide'] as const, {
        default: 'links',
        description:
          'Version details with `links`, which clients need, or the bare form of the guide’s Example 1.32.',
      }),
      redirectVersion: Type.Boolean({
        default: false,
        description: 'Answers `/v2` without slash 302, as the guide allows, instead of 200.',
      }),
      firstGeneration: Type.Boolean({
        default: true,
        description: 'Whether the v2.0 catalog lists first generation `cloudServers` as well.',
      }),
      forwardedHeaders: Type.Boolean({
        default: false,
        description:
          'Whether `Forwarded`, or `X-Forwarded-Proto` and `-Host`, and `X-Forwarded-Prefix` decide what links look like.',
      }),
      proxyHeaderRegions: Type.Array(RegionName, {
        uniqueItems: true,
        default: [],
        description:
          'Regions whose Nova, and no other service, has its links so: one with `enable_proxy_headers_parsing`.',
      }),
      linkPrefixes: section(LinkPrefixesSchema),
      chunkedBodies: Choice(['refuse', 'read'] as const, {
        default: 'refuse',
        description: 'Request bodies sent chunked: real servers do not read them and answer 400.',
      }),
      closingRegions: Type.Array(RegionName, {
        uniqueItems: true,
        default: [],
        description:
          'Regions whose Nova ends each answer with its connection, without saying so or its length, as uwsgi does.',
      }),
      maxBodyBytes: Type.Integer({
        minimum: 1,
        default: 114_688,
        description: 'Largest request body, in bytes; beyond it 413.',
      }),
      chaos: section(ChaosSchema),
      stateFile: Nullable(Type.String({ minLength: 1 }), {
        default: null,
        description:
          'File that keeps the state across restarts, seen from the working directory; null: in memory only.',
      }),
      seedFile: Nullable(Type.String({ minLength: 1 }), {
        default: null,
        description:
          'YAML file with servers and images to begin with, seen from the working directory; not planted when the state file exists.',
      }),
    },
    closed,
  ),
  'A Cloud Servers API v2 and Identity service in memory.',
);

type DeepReadonly<T> = T extends (infer U)[]
  ? readonly DeepReadonly<U>[]
  : T extends object
    ? { readonly [K in keyof T]: DeepReadonly<T[K]> }
    : T;

/** Checked settings of the simulator: every key present. */
export type SimulatorSettings = DeepReadonly<Static<typeof SimulatorSchema>>;
/** A user as configured. */
export type UserSettings = SimulatorSettings['users'][number];

type DeepPartial<T> = T extends readonly (infer U)[]
  ? readonly DeepPartial<U>[]
  : T extends object
    ? { readonly [K in keyof T]?: DeepPartial<T[K]> }
    : T;

/** Settings as somebody writes them: whatever is left out has its default. */
export type SimulatorInput = DeepPartial<SimulatorSettings>;

const complete = completing(SimulatorSchema);

/**
 * Completes settings with their defaults.
 *
 * @throws Error that names every key that is wrong
 */
export function simulatorSettings(input: SimulatorInput = {}): SimulatorSettings {
  const settings: unknown = withPreset(structuredClone(input));
  const errors = complete(settings);
  if (errors.length === 0) return settings as SimulatorSettings;
  const problems = errors.map(
    (problem) => `${problem.instancePath.slice(1).replaceAll('/', '.') || 'simulator'}: ${problem.message}`,
  );
  throw new Error(`the settings of the simulator are wrong\n${problems.join('\n')}`);
}
