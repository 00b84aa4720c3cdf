/**
 * Where and as whom an account logs in: the part of `accounts[].identity` that Identity v2.0 needs. Secrets in
 * files or in the environment have been read by the time they are here.
 */
export interface IdentitySettings {
  /** `us`, `uk`, or a URL ending in `/v2.0`. */
  readonly url: string;
  readonly username: string;
  /** Exactly one of `apiKey` and `password` is used; the key goes first. */
  readonly apiKey?: string | null | undefined;
  readonly password?: string | null | undefined;
}

/** Whom an account trusts at its identity service and regions, and as whom it comes; all in PEM. */
export interface Trust {
  /** Authorities, instead of those of the machine. */
  readonly ca?: string;
  /** The client certificate, with the chain above it, and its key. */
  readonly cert?: string;
  readonly key?: string;
}

/** The credentials alone. */
export type Credentials = Omit<IdentitySettings, 'url'>;

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

/**
 * The URL that Identity v2.0 logins are posted to.
 *
 * @param setting `us`, `uk` (any case), or an http(s) URL ending in `/v2.0`, with or without a slash
 * @throws Error naming what is accepted
 */
export function v2TokensUrl(setting: string): URL {
  const text = identityUrlOf(setting).replace(/(?<!\/)\/+$/, '');
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || !url.pathname.endsWith('/v2.0') || hasExtras(url)) {
    throw new Error('The identity URL must be "us", "uk" or an http(s) URL ending in /v2.0.');
  }
  url.pathname += '/tokens';
  return url;
}

/** Parts that a base URL cannot have; a user in it would also end up in logs. */
function hasExtras(url: URL): boolean {
  return Boolean(url.search || url.hash || url.username || url.password);
}

/** Every secret of some credentials, for redaction. */
export function secretsOf(credentials: Credentials): string[] {
  return [credentials.apiKey, credentials.password].filter((secret): secret is string => Boolean(secret));
}
