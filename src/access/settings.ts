import { type Static, Type } from '@sinclair/typebox';
import { Choice, Nullable } from '../settings/kinds.ts';
import { CLIENT_NAME_PATTERN } from './client-key.ts';

/** What may be configured about who may call and how: `access`, `audit`, `listen`, `trustProxy` and `allowedHosts`. */

const closed = { additionalProperties: false } as const;

/** A region as a catalog may call it: `DFW`, `RegionOne`, `eu-west.2`. A comma, blank or slash is a list or URL astray. */
const region = Type.String({
  pattern: '^[A-Za-z0-9][^\\s,/]*$',
  form: 'text such as DFW, without blanks, commas and slashes',
});
const word = Type.String({ minLength: 1, maxLength: 128 });

const names = (of: string, description: string) =>
  Nullable(Type.Array(word, { minItems: 1, uniqueItems: true }), {
    default: null,
    description: `${description}; null: all ${of}.`,
  });

const KeySchema = Type.Object(
  {
    name: Type.Optional(
      Type.String({
        pattern: `^${CLIENT_NAME_PATTERN}$`,
        description:
          'What the audit log calls the key; the client’s own name and the key’s number when left out.',
      }),
    ),
    hash: Type.String({
      minLength: 1,
      secret: true,
      description:
        '`sha256:…` of a client key (`sluice new-key`), or `scrypt:…` of a password (`sluice hash-key`).',
    }),
    notAfter: Nullable(Type.String({ minLength: 10, maxLength: 40 }), {
      default: null,
      description:
        'When the key ends, `2026-12-31T12:00:00Z`; a date alone lasts until the end of that day (UTC); null: never.',
    }),
  },
  closed,
);

const ClientLimitSchema = Type.Object(
  {
    verb: Type.String({ pattern: '^[A-Za-z]+$', description: 'Method the limit is about, or ALL.' }),
    uri: Type.String({
      description: 'Path below the tenant that requests start with, `/servers`, or `*` for all.',
    }),
    value: Type.Integer({ minimum: 0, description: 'Requests per unit; 0 forbids them.' }),
    unit: Choice(['SECOND', 'MINUTE', 'HOUR', 'DAY'], { description: 'What the value is counted over.' }),
  },
  closed,
);

const ClientSchema = Type.Object(
  {
    name: Type.String({
      pattern: `^${CLIENT_NAME_PATTERN}$`,
      description:
        'Name of the client: what it logs in as, its label in metrics, and in `open` mode what a caller gives in `X-Sluice-Client`.',
    }),
    keyHash: Nullable(Type.String({ minLength: 1, secret: true }), {
      default: null,
      description: 'Hash of the client’s only key, instead of `keys`.',
    }),
    keys: Type.Array(KeySchema, {
      default: [],
      description: 'Several keys, so that one can be replaced without a moment in which none is good.',
    }),
    certificates: Type.Array(word, {
      default: [],
      description:
        'TLS client certificates that are this client: `CN=name`, `DNS:name`, `URI:uri`, `EMAIL:address` or `IP:address`.',
    }),
    accounts: names('accounts', 'Accounts this client may use'),
    regions: Nullable(Type.Array(region, { minItems: 1, uniqueItems: true }), {
      default: null,
      description: 'Regions this client may use, such as `[DFW]`; null: all regions.',
    }),
    services: names('services', 'Services this client may use, by type: `compute`, `image`, `volume` …'),
    access: Choice(['read', 'write'], {
      default: 'write',
      description: '`read`: GET and HEAD alone; `write`: everything.',
    }),
    allow: Type.Array(word, {
      default: ['*'],
      description:
        'Operations this client may use, by their names in metrics; `*` stands for any letters. What is no operation of the guide is called `other`.',
    }),
    deny: Type.Array(word, {
      default: [],
      description:
        'Operations this client may not use, such as `[deleteServer, "*Image"]`; goes before `allow`.',
    }),
    share: Type.Number({
      exclusiveMinimum: 0,
      maximum: 1000,
      default: 1,
      description: 'Weight of this client in the queue for rate-limit slots.',
    }),
    maxWaitMs: Nullable(Type.Integer({ minimum: 0, maximum: 86_400_000 }), {
      default: null,
      description: 'How long a request of this client may wait for a slot, in ms; null: `limits.maxWaitMs`.',
    }),
    limits: Type.Array(ClientLimitSchema, {
      default: [],
      description:
        'Rate limits of this client’s own, for whatever it asks of any region and service, beside those of the account; where several instances share Redis each keeps to its part.',
    }),
  },
  closed,
);

const mode = (description: string) => Choice(['open', 'keys'], { default: 'open', description });

const PassThroughSchema = Type.Object(
  {
    proofTtl: Type.Integer({
      minimum: 1,
      maximum: 86_400,
      default: 300,
      description:
        'How long a token that an answer has proven good for a tenant is served from the cache, in s.',
    }),
  },
  closed,
);

const passThrough = Type.Union([Type.Boolean(), PassThroughSchema], {
  default: false,
  description:
    'Whether callers may present upstream tokens of their own; `{ proofTtl: 300 }` says how long one counts as proven, in s.',
});

/** A key itself, or where it stands; it is a text once the configuration has been read. */
const TokenKeySchema = Type.Unsafe<string>(
  Type.Union([
    Type.String({ minLength: 1, secret: true }),
    Type.Object(
      {
        file: Type.String({
          minLength: 1,
          description: 'File that holds the key, seen from the configuration’s folder.',
        }),
      },
      closed,
    ),
  ]),
);

/** `access` of the configuration: who may call, and what. */
export const AccessSchema = Type.Object(
  {
    mode: mode('Who may call; `open`: everybody who can connect, `keys`: clients with a key.'),
    allowRemoteOpen: Type.Boolean({
      default: false,
      description: 'Allows `open` on an address other machines can reach.',
    }),
    tokenKeys: Type.Array(TokenKeySchema, {
      default: [],
      maxItems: 16,
      description:
        'Signing keys of the tokens that callers who log in get, newest first: each a text of 32 characters or more, or `{ file: … }`; the first signs, all of them verify. The same at every instance. `[]`: a random one per process, whose tokens end with it.',
    }),
    passThrough,
    keysDir: Nullable(Type.String({ minLength: 1 }), {
      default: null,
      description:
        'Folder of further keys, read again at SIGHUP: a file is called as its client and holds a line per key, `HASH [NAME [NOT-AFTER]]`, or the client key itself.',
    }),
    keysVariable: Nullable(Type.String({ pattern: '^[A-Za-z_][A-Za-z0-9_]*$' }), {
      default: null,
      description:
        'Environment variable that holds further keys: `CLIENT=HASH [NAME [NOT-AFTER]]`, separated by commas or line ends.',
    }),
    clients: Type.Array(ClientSchema, { default: [], description: 'Callers that have a name.' }),
  },
  closed,
);

const TlsSchema = Type.Object(
  {
    certFile: Type.String({
      minLength: 1,
      description: 'Certificate chain, PEM, the server’s own first; read again when it changes.',
    }),
    keyFile: Type.String({ minLength: 1, description: 'Private key of the certificate, PEM.' }),
    minVersion: Choice(['TLSv1.2', 'TLSv1.3'], {
      default: 'TLSv1.2',
      description: 'Oldest version of TLS that is spoken.',
    }),
    clientCaFile: Nullable(Type.String({ minLength: 1 }), {
      default: null,
      description: 'Certificates, PEM, that client certificates must be signed by; null: none are asked for.',
    }),
    clientCertificates: Choice(['optional', 'required'], {
      default: 'optional',
      description: 'Whether callers without a client certificate are served, where `clientCaFile` is set.',
    }),
  },
  closed,
);

const ListenerAccessSchema = Type.Object(
  {
    mode: mode('`access.mode` of this listener.'),
    allowRemoteOpen: Type.Boolean({
      default: false,
      description: '`access.allowRemoteOpen` of this listener.',
    }),
    passThrough,
  },
  closed,
);

/** The keys of a listener that say who may call there and how; beside its address and its patience. */
export const listenerAccessKeys = {
  access: Nullable(ListenerAccessSchema, {
    default: null,
    description: 'Who may call here, where that differs from `access`; null: as `access` says.',
  }),
  tls: Nullable(TlsSchema, { default: null, description: 'HTTPS instead of HTTP; null: HTTP.' }),
};

/** `audit` of the configuration. */
export const AuditSchema = Type.Object(
  {
    file: Nullable(Type.String({ minLength: 1 }), {
      default: null,
      description:
        'File that a JSON line is appended to for every write, login and refusal; opened anew at SIGHUP. null: the line goes where the log goes.',
    }),
    stdout: Type.Boolean({
      default: false,
      description: 'Whether the lines are also written to standard output as they are.',
    }),
  },
  closed,
);

/** `trustProxy` of the configuration. */
export const TrustProxySchema = Type.Array(Type.String({ minLength: 1, maxLength: 64 }), {
  default: [],
  description:
    'Addresses and networks (`10.0.0.0/8`, `fd00::/8`) of proxies whose `X-Forwarded-*` and `Forwarded` are believed.',
});

/** `allowedHosts` of the configuration. */
export const AllowedHostsSchema = Nullable(
  Type.Array(Type.String({ pattern: '^(\\*\\.)?[A-Za-z0-9.\\-_:[\\]]{1,255}$' }), { uniqueItems: true }),
  {
    default: null,
    description:
      'Hosts that links may be built from where `publicUrl` is null: `sluice.example.com`, `*.sluice.internal`. null: any on a loopback address, none elsewhere.',
  },
);

export type AccessSettings = Static<typeof AccessSchema>;
export type ListenerAccess = Static<typeof ListenerAccessSchema>;
/** What is read here of a listener. */
export interface ListenerSettings {
  readonly host: string;
  readonly access: ListenerAccess | null;
  readonly tls: TlsSettings | null;
}
export type TlsSettings = Static<typeof TlsSchema>;
export type AuditSettings = Static<typeof AuditSchema>;
export type ClientSettings = Static<typeof ClientSchema>;
export type ClientLimitSettings = Static<typeof ClientLimitSchema>;
export type KeySettings = Static<typeof KeySchema>;
export type PassThroughSettings = Static<typeof PassThroughSchema>;

/** What a listener's own `access` or else the general one says about passing upstream tokens through. */
export function passThroughOf(setting: AccessSettings['passThrough']): PassThroughSettings | undefined {
  if (setting === false) return undefined;
  return setting === true ? { proofTtl: 300 } : { proofTtl: setting.proofTtl ?? 300 };
}
