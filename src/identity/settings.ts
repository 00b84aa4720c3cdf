/**
 * Where and as whom an account logs in: the part of `accounts[].identity` that logins need. Secrets in files or in the
 * environment have been read by the time they are here.
 */

/** A domain of Identity v3, by its name or its id. */
export interface DomainRef {
  readonly name?: string | undefined;
  readonly id?: string | undefined;
}

/** A project, by its id, or by its name in a domain (left out: that of the user). */
export interface ProjectRef {
  readonly id?: string | undefined;
  readonly name?: string | undefined;
  readonly domain?: DomainRef | undefined;
}

/** An application credential of Identity v3, by its id, or by its name and the user that it is of. */
export interface ApplicationCredential {
  readonly id?: string | undefined;
  readonly name?: string | undefined;
  readonly secret?: string | undefined;
}

/** As whom to log in. */
export interface Credentials {
  readonly username?: string | undefined;
  /** Identity v3: the user by its id, instead of `username`. */
  readonly userId?: string | undefined;
  /** Identity v3: the domain that `username` is a name in; `DEFAULT_DOMAIN` if left out. */
  readonly userDomain?: DomainRef | undefined;
  /** Exactly one of `apiKey` and `password` is used; the key goes first. Identity v3 takes either for the password. */
  readonly apiKey?: string | null | undefined;
  readonly password?: string | null | undefined;
  /** Instead of a password. It brings its project with it. */
  readonly applicationCredential?: ApplicationCredential | undefined;
  /** What the token is to be good for; left out: the user's own default. */
  readonly project?: ProjectRef | undefined;
}

export interface IdentitySettings extends Credentials {
  /** `us`, `uk`, a URL ending in `/v2.0` or `/v3`, or one without a version, whose versions are asked for. */
  readonly url: string;
}

/** Whom an account trusts at its identity service and regions, and as whom it comes; all in PEM. */
export interface Trust {
  /** Authorities, instead of those of the machine. */
  readonly ca?: string;
  /** The client certificate, with the chain above it, and its key. */
  readonly cert?: string;
  readonly key?: string;
}

/** The domain that every Keystone begins with. */
export const DEFAULT_DOMAIN: DomainRef = { id: 'default' };

/** The identity endpoints of Rackspace by account location (guide, Table 1.2). */
const RACKSPACE_ENDPOINTS: Readonly<Record<string, string>> = {
  us: 'https://identity.api.rackspacecloud.com/v2.0',
  uk: 'https://lon.identity.api.rackspacecloud.com/v2.0',
};

/** The URL that a setting stands for: that of `us` or `uk`, else its own text. */
export function identityUrlOf(setting: string): string {
  const name = setting.trim();
  return RACKSPACE_ENDPOINTS[name.toLowerCase()] ?? name;
}

export type IdentityVersion = 'v2.0' | 'v3';

/** An identity service as it is configured. */
export interface IdentityLocation {
  /** undefined: the URL names none, and what there is must be asked for. */
  readonly version: IdentityVersion | undefined;
  /** Without a slash at the end, but for a root. */
  readonly url: URL;
}

const ACCEPTED =
  'The identity URL must be "us", "uk" or an http(s) URL ending in /v2.0, in /v3, or without a version.';

/**
 * What an identity URL means.
 *
 * @param setting `us`, `uk` (any case), or an http(s) URL, with or without a slash at its end
 * @throws Error naming what is accepted
 */
export function locateIdentity(setting: string): IdentityLocation {
  const text = identityUrlOf(setting).replace(/(?<!\/)\/+$/, '');
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || hasExtras(url)) throw new Error(ACCEPTED);
  const segments = url.pathname.split('/');
  const version = VERSIONS.find((known) => known === segments.at(-1)?.toLowerCase());
  const before = version === undefined ? segments : segments.slice(0, -1);
  if (before.some((segment) => VERSION.test(segment))) throw new Error(ACCEPTED);
  return { version, url };
}

const VERSIONS: readonly IdentityVersion[] = ['v2.0', 'v3'];
/** A segment that names a version: beside one of ours at the end, the URL of something else. */
const VERSION = /^v\d+(?:\.\d+)?$/i;

/**
 * The URL that Identity v2.0 logins are posted to.
 *
 * @param setting `us`, `uk` (any case), or an http(s) URL ending in `/v2.0`, with or without a slash
 * @throws Error naming what is accepted
 */
export const v2TokensUrl = (setting: string): URL => below(setting, 'v2.0', '/tokens');

/**
 * The URL that Identity v3 logins are posted to.
 *
 * @param setting an http(s) URL ending in `/v3`, with or without a slash
 * @throws Error naming what is accepted
 */
export const v3TokensUrl = (setting: string): URL => below(setting, 'v3', '/auth/tokens');

function below(setting: string, version: IdentityVersion, path: string): URL {
  const located = locateIdentity(setting);
  if (located.version !== version) throw new Error(ACCEPTED);
  located.url.pathname += path;
  return located.url;
}

/** Parts that a base URL cannot have; a user in it would also end up in logs. */
function hasExtras(url: URL): boolean {
  return Boolean(url.search || url.hash || url.username || url.password);
}

/** Every secret of some credentials, for redaction. */
export function secretsOf({ apiKey, password, applicationCredential }: Credentials): string[] {
  return [apiKey, password, applicationCredential?.secret].filter((secret): secret is string =>
    Boolean(secret),
  );
}

/** True for credentials that only Identity v3 has words for. */
export function needsV3({ userId, userDomain, applicationCredential, project }: Credentials): boolean {
  const named = [userId, userDomain, applicationCredential, project?.domain];
  return named.some((one) => one !== undefined);
}

/** Who logs in, in one word without a secret: what is spent of a user's limits is counted under it. */
export function userOf({
  url,
  username,
  userId,
  userDomain,
  applicationCredential,
}: IdentitySettings): string {
  const domain = userDomain === undefined ? undefined : (userDomain.id ?? userDomain.name);
  const credential = applicationCredential?.id ?? applicationCredential?.name;
  return [url, userId ?? username, domain, credential].filter((part) => part !== undefined).join(' ');
}
