/**
 * Which proxy a request to an upstream takes, if any: `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`, read as undici's
 * EnvHttpProxyAgent reads them. Pure.
 */

/** The environment's variables that say so. The spelling in small letters goes first, as with curl. */
type Environment = Readonly<Record<string, string | undefined>>;

interface Exception {
  readonly hostname: string;
  /** 0: any. */
  readonly port: number;
}

const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 };

/** The proxies of a process. */
export class Proxies {
  readonly #http: URL | undefined;
  readonly #https: URL | undefined;
  readonly #isNever: boolean;
  readonly #exceptions: readonly Exception[];

  /**
   * @param direct hosts that no proxy leads to, beside those of `NO_PROXY`: what runs in this process
   * @throws {Error} a variable holds no http(s) URL; the message does not repeat it, for it may hold a password
   */
  constructor(environment: Environment, direct: readonly string[] = []) {
    this.#http = proxyOf(environment, 'http_proxy');
    this.#https = proxyOf(environment, 'https_proxy') ?? this.#http;
    const noProxy = environment['no_proxy'] ?? environment['NO_PROXY'] ?? '';
    this.#isNever = noProxy === '*';
    this.#exceptions = [...noProxy.split(/[,\s]+/).filter(Boolean), ...direct].map(readException);
  }

  /** True when some request could take a proxy. */
  get areUsed(): boolean {
    return !this.#isNever && (this.#http ?? this.#https) !== undefined;
  }

  /** @returns the proxy on the way to an origin; undefined: the way is direct */
  to(origin: string): URL | undefined {
    const { protocol, host, port } = new URL(origin);
    const proxy = protocol === 'https:' ? this.#https : this.#http;
    if (proxy === undefined || this.#isNever) return undefined;
    const hostname = host.replace(/:\d*$/, '').toLowerCase();
    const number = Number(port) || DEFAULT_PORTS[protocol] || 0;
    return this.#exceptions.some((exception) => covers(exception, hostname, number)) ? undefined : proxy;
  }
}

function readException(text: string): Exception {
  const [, name = text, port = '0'] = /^(.+):(\d+)$/.exec(text) ?? [];
  return { hostname: name.replace(/^\*?\./, '').toLowerCase(), port: Number(port) };
}

const covers = (exception: Exception, hostname: string, port: number): boolean =>
  (exception.port === 0 || exception.port === port) &&
  (hostname === exception.hostname || hostname.endsWith(`.${exception.hostname}`));

function proxyOf(environment: Environment, name: 'http_proxy' | 'https_proxy'): URL | undefined {
  const text = (environment[name] ?? environment[name.toUpperCase()] ?? '').trim();
  if (text === '') return undefined;
  const full = text.includes('://') ? text : `http://${text}`;
  const url = URL.canParse(full) ? new URL(full) : undefined;
  if (url !== undefined && /^https?:$/.test(url.protocol) && url.hostname !== '') return url;
  throw new Error(
    `${name.toUpperCase()} is no URL of a proxy, accepted: http(s)://[user:password@]host[:port]`,
  );
}
