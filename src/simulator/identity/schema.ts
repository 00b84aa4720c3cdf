import { type Static, Type } from '@sinclair/typebox';
import { Choice, Nullable } from '../../settings/kinds.ts';

/** Settings of the identity service: who may log in, and what a token is worth. */

const closed = { additionalProperties: false } as const;
/** What stands in a URL as it is, since the simulator's catalog names regions by their path. */
export const RegionName = Type.String({ pattern: '^[A-Za-z][A-Za-z0-9._-]*$' });
const TenantId = Type.String({
  pattern: '^[0-9a-f-]+$',
  description: 'Id of the tenant, in v3 the project (account number).',
});

const RoleSchema = Type.Object(
  {
    id: Type.String({ minLength: 1, description: 'Id of the role.' }),
    name: Type.String({
      minLength: 1,
      description: 'Name; `identity:admin` and `admin` may look at the tokens of others.',
    }),
    description: Type.String({ default: '', description: 'Text for people.' }),
  },
  closed,
);

/** The user of the demo. Nobody's real credentials look like these. */
export const DEMO_USER = {
  username: 'demo',
  apiKey: 'demo-api-key-for-the-simulator-only',
  password: 'demo-password-for-the-simulator-only',
  tenant: '424242',
};

const ApplicationCredentialSchema = Type.Object(
  {
    id: Type.String({ minLength: 1, description: 'Id of the credential.' }),
    name: Type.String({ default: '', description: 'Name of the credential.' }),
    secret: Type.String({ minLength: 1, secret: true, description: 'Its secret.' }),
    project: Nullable(Type.String({ minLength: 1 }), {
      default: null,
      description: 'Id of the project it is for; null: the user’s own.',
    }),
  },
  closed,
);

const ProjectSchema = Type.Object(
  {
    id: TenantId,
    name: Nullable(Type.String({ minLength: 1 }), {
      default: null,
      description: 'Its name; null: its id.',
    }),
  },
  closed,
);

const UserSchema = Type.Object(
  {
    username: Type.String({ minLength: 1, description: 'Name to log in with.' }),
    id: Nullable(Type.String({ minLength: 1 }), {
      default: null,
      description: 'Id of the user; null: made from the name.',
    }),
    domain: Type.String({
      minLength: 1,
      default: 'Default',
      description:
        'Identity v3’s domain of the user and its projects, by name; the id of `Default` is `default`.',
    }),
    apiKey: Nullable(Type.String({ minLength: 1, secret: true }), {
      default: null,
      description: 'API key; null: none.',
    }),
    password: Nullable(Type.String({ minLength: 1, secret: true }), {
      default: null,
      description: 'Password; null: none.',
    }),
    applicationCredentials: Type.Array(ApplicationCredentialSchema, {
      default: [],
      description: 'Application credentials of Identity v3.',
    }),
    tenant: TenantId,
    tenantName: Nullable(Type.String({ minLength: 1 }), {
      default: null,
      description: 'Its name; null: its id.',
    }),
    projects: Type.Array(ProjectSchema, {
      default: [],
      description: 'Projects the user may log in to beside `tenant`.',
    }),
    defaultProject: Type.Boolean({
      default: true,
      description: 'Whether a v3 login that names no scope is one to `tenant`; false: it is unscoped.',
    }),
    defaultRegion: Nullable(RegionName, { default: null, description: 'Default region; null: the first.' }),
    roles: Type.Array(RoleSchema, {
      default: [
        { id: '3', name: 'identity:user-admin', description: 'Administers the users of one account.' },
      ],
      description: 'Roles of the user.',
    }),
  },
  closed,
);

/** Who may log in. */
export const UsersSchema = Type.Array(UserSchema, {
  default: [DEMO_USER],
  description: 'Who may log in.',
});

/** What a token is worth. */
export const TokensSchema = Type.Object(
  {
    lifetimeSeconds: Type.Number({
      exclusiveMinimum: 0,
      default: 86_400,
      description: 'How long a token is good, in s.',
    }),
    reuse: Choice(['new', 'same'] as const, {
      default: 'new',
      description: 'What a second login gives: a `new` token, or the `same` one until it expires.',
    }),
    replicationDelayMs: Type.Integer({
      minimum: 0,
      default: 0,
      description: 'How long the regions do not know a fresh token yet, in ms.',
    }),
    regionCacheSeconds: Type.Number({
      minimum: 0,
      default: 0,
      description: 'How long a region still takes a revoked token it has seen, in s (nova: 300).',
    }),
  },
  closed,
);

/** The identity service as clouds of today run it. */
export const KeystoneSchema = Type.Object(
  {
    perRegion: Type.Boolean({
      default: false,
      description:
        'Whether each region has an identity service of its own, at `/identity/{region}/v3`, whose tokens and catalog are good there alone.',
    }),
    computeUrl: Choice(['project', 'plain'] as const, {
      default: 'project',
      description: 'Compute in the catalog: `/v2.1/{project}`, or `/v2.1` without it.',
    }),
    computeName: Type.String({
      minLength: 1,
      default: 'nova',
      description: 'Name of the compute service in the catalog.',
    }),
    legacyCompute: Type.Boolean({
      default: true,
      description: 'Whether the catalog lists `/v2/{project}` as `compute_legacy` as well, as devstack does.',
    }),
    closes: Type.Boolean({
      default: false,
      description: 'Whether it ends each answer with its connection, as `closingRegions` do.',
    }),
  },
  closed,
);

/** A user as configured. */
export type UserInput = Static<typeof UserSchema>;
