import { Type } from '@sinclair/typebox';
import { Choice, Nullable } from '../settings/kinds.ts';
import { RegionName as region } from './listen-schema.ts';

const closed = { additionalProperties: false } as const;

const secret = { minLength: 1, secret: true } as const;

const text = (description: string) => Type.Optional(Type.String({ minLength: 1, description }));

const domain = (description: string) =>
  Type.Optional(
    Type.Object(
      { name: text('Name of the domain.'), id: text('Id of the domain, instead of its name.') },
      { ...closed, description },
    ),
  );

const identityKeys = {
  url: Type.String({
    minLength: 1,
    description:
      'Identity service: `us`, `uk`, a URL that ends in `/v2.0` or `/v3`, one without a version (the service says which it speaks), or `simulator` for the one this process runs.',
  }),
  username: text('User to log in as.'),
  userId: text('Identity v3: the user by its id, instead of `username`.'),
  userDomain: domain(
    'Identity v3: the domain that `username` is a name in, by `name` or `id`; left out: the one with the id `default`.',
  ),
  project: Type.Optional(
    Type.Object(
      {
        name: text('Name of the project.'),
        id: text('Id of the project, instead of its name.'),
        domain: domain(
          'Identity v3: the domain that the project’s name is in, by `name` or `id`; left out: that of the user.',
        ),
      },
      {
        ...closed,
        description:
          'What the account’s tokens are for, by `name` or `id`; left out: the project that the identity service has as the user’s default.',
      },
    ),
  ),
  applicationCredential: Type.Optional(
    Type.Object(
      {
        id: text('Id of the application credential.'),
        name: text('Its name, instead of its id; the user that it is of stands beside it.'),
        secret: Type.Optional(Type.String({ ...secret, description: 'Its secret.' })),
        secretFile: text('File that holds the secret, seen from the configuration’s folder.'),
      },
      {
        ...closed,
        description:
          'Identity v3: an application credential, which has a project of its own, instead of a password.',
      },
    ),
  ),
  apiKey: Type.Optional(
    Type.String({
      ...secret,
      description: 'API key of the user. Identity v3 gets it as the password.',
    }),
  ),
  apiKeyFile: Type.Optional(
    Type.String({
      minLength: 1,
      description: 'File that holds the API key, seen from the configuration’s folder.',
    }),
  ),
  password: Type.Optional(
    Type.String({ ...secret, description: 'Password of the user, instead of an API key.' }),
  ),
  passwordFile: Type.Optional(
    Type.String({
      minLength: 1,
      description: 'File that holds the password, seen from the configuration’s folder.',
    }),
  ),
  caFile: Type.Optional(
    Nullable(Type.String({ minLength: 1 }), {
      description:
        'PEM file of the authorities to trust at the identity service and the regions of this account, instead of those of the machine; read at the start and on SIGHUP.',
    }),
  ),
  certFile: Type.Optional(
    Nullable(Type.String({ minLength: 1 }), {
      description:
        'PEM file of the client certificate, with the chain above it, that is shown to the identity service and the regions of this account.',
    }),
  ),
  keyFile: Type.Optional(
    Nullable(Type.String({ minLength: 1 }), {
      description: 'PEM file of the key of `certFile`; left out, it is in `certFile` itself.',
    }),
  ),
};

/** How an account logs in. */
export const IdentitySchema = Type.Object(identityKeys, closed);

const RegionalIdentitySchema = Type.Object(
  {
    region: Type.String({
      ...region,
      description:
        'Region whose own identity service this is; its endpoints are served under this name, with its tenant and tokens.',
    }),
    ...identityKeys,
  },
  closed,
);

/** One upstream account. */
export const AccountSchema = Type.Object(
  {
    name: Type.String({
      pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$',
      form: 'a name of at most 64 letters, digits, ., _ and -',
      description: 'What this account is called in logs and metrics.',
    }),
    identity: Type.Union([IdentitySchema, Type.Array(RegionalIdentitySchema, { minItems: 1 })], {
      description:
        'How the account logs in; a list, one a `region`, where the provider has an identity service in each region. Left out where `cloud` says it.',
    }),
    cloud: text(
      'Name of a cloud of a clouds.yaml of OpenStack’s clients, which says how the account logs in, and its regions and interface where they are not said here; `envvars`: the cloud of the `OS_*` variables. Read at the start and on SIGHUP.',
    ),
    cloudsFile: text(
      'That clouds.yaml, seen from the configuration’s folder; left out: the first of `OS_CLIENT_CONFIG_FILE`, the folder Sluice runs in, `~/.config/openstack` and `/etc/openstack`. A secure.yaml beside it, or on that path, is merged in.',
    ),
    service: Type.String({
      minLength: 1,
      default: 'cloudServersOpenStack',
      description:
        'Name of the compute service in the catalog; if the catalog lacks it, the first of type `compute`.',
    }),
    interface: Choice(['public', 'internal', 'admin'], {
      default: 'public',
      description:
        'Which endpoint of a region to use; `internal` is the provider’s own network (ServiceNet).',
    }),
    regions: Nullable(Type.Array(region, { minItems: 1, uniqueItems: true }), {
      default: null,
      description: 'Regions to serve, such as `[DFW, ORD]`; null: all of the catalog.',
    }),
    defaultRegion: Nullable(region, {
      default: null,
      description:
        'Region of requests that name none; null: the one the identity service names, else the first.',
    }),
  },
  closed,
);
