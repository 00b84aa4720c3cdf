/**
 * Which paths of a host are the identity service's. With an account's token it tells, and makes, that account's
 * credentials, so that nobody may reach it by way of a service that stands beside it. A path is judged by what it means,
 * and at every further decoding: what stands between may decode once more than we do. Pure.
 */

/** A host and the path on it, before a version, below which an identity service answers. */
export interface IdentityPlace {
  /** Without case, a dot at its end, brackets; every name of this machine is one. */
  readonly host: string;
  /** The effective port. */
  readonly port: number;
  /** Segments of the path before a version, as `segmentsOf` reads them. */
  readonly root: readonly string[];
}

/** Longer ones are nobody's, characters. */
const LONGEST_URL = 256;
/** What any URL is written in (RFC 3986). */
const ASCII = /^[\x21-\x7e]+$/;

/** Where an identity service is; undefined for a URL at which nobody can be asked. */
export function identityPlaceOf(url: string): IdentityPlace | undefined {
  if (url.length > LONGEST_URL || !ASCII.test(url) || !URL.canParse(url)) return undefined;
  const parsed = new URL(url);
  if (!/^https?:$/.test(parsed.protocol)) return undefined;
  const segments = meaningsOf(parsed.pathname).at(-1)!;
  const version = segments.findIndex((segment) => VERSION.test(segment));
  return { ...serverOf(parsed), root: version < 0 ? segments : segments.slice(0, version) };
}

/**
 * True when a path of a host is one of the identity services, or reads like a resource of one on any host.
 *
 * @param url any URL of the host that is asked
 * @param path as it is sent there, without query
 */
export function isIdentityPath(url: URL, path: string, places: readonly IdentityPlace[]): boolean {
  const server = serverOf(url);
  const beside = places.filter((place) => isSameServer(place, server));
  return meaningsOf(path).some(
    (segments) => isIdentityResource(segments) || beside.some((place) => isBelow(place, segments)),
  );
}

const VERSION = /^v\d+(?:\.\d+)?$/;

/** What stands at the root of an identity service that has a host's root to itself. */
const AT_ROOT = /^(?:v2\.0|v3(?:\.\d+)?|tokens|tenants|users|auth)$/;

/** What only identity services have directly below a version: names that no other service uses there. */
const RESOURCES = new Set([
  'auth',
  'token',
  'tokens',
  'tenants',
  'users',
  'credentials',
  'application_credentials',
  'ec2tokens',
  's3tokens',
  'os-federation',
  'os-ksadm',
  'os-kscrud',
  'os-oauth1',
  'os-oauth2',
  'os-trust',
]);

function isBelow({ root }: IdentityPlace, segments: readonly string[]): boolean {
  if (root.length === 0) return AT_ROOT.test(segments[0] ?? '');
  return root.every((segment, index) => segments[index] === segment);
}

/** `/v3/auth/tokens`, `/identity/v3/users`; deeper down it can be anybody's name (of an object in a store). */
function isIdentityResource(segments: readonly string[]): boolean {
  return [0, 1].some((at) => VERSION.test(segments[at] ?? '') && RESOURCES.has(segments[at + 1] ?? ''));
}

/** More decodings than anything on the way does. */
const MOST_DECODINGS = 5;

/** The segments of a path as they stand, and after each decoding that changes something. */
function meaningsOf(path: string): string[][] {
  const meanings: string[][] = [];
  let text = path;
  for (let round = 0; round <= MOST_DECODINGS; round++) {
    meanings.push(segmentsOf(text));
    const next = decodedOnce(text);
    if (next === text) break;
    text = next;
  }
  return meanings;
}

/** Byte by byte: an encoding that is no UTF-8 must not keep the rest from being read. */
function decodedOnce(text: string): string {
  return text.replace(/%([0-9a-fA-F]{2})/g, (_all, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

/**
 * The segments that a lenient server would see: slashes of either kind, doubled ones as one, dot segments resolved, in lower
 * case, without parameters (`v3;x`), a format (`v3.json`), and white space and control characters around.
 */
function segmentsOf(path: string): string[] {
  const segments: string[] = [];
  for (const raw of path.split(/[/\\]/)) {
    const segment = plainSegment(raw);
    if (segment === '..') segments.pop();
    else if (segment !== '' && segment !== '.') segments.push(segment);
  }
  return segments;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: some servers end a text at a NUL
const PARAMETERS = /[;?#\u0000]/;

function plainSegment(raw: string): string {
  const end = raw.search(PARAMETERS);
  const cut = trimmed(end < 0 ? raw : raw.slice(0, end)).toLowerCase();
  if (/^\.{1,2}$/.test(cut)) return cut;
  const bare = cut.replace(/\.(?:json|xml)$/, '');
  let last = bare.length;
  while (last > 0 && bare[last - 1] === '.') last--;
  return trimmed(bare.slice(0, last));
}

/** Without blanks and control characters at either end. */
function trimmed(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

const isBlank = (code: number): boolean => code <= 0x20 || code === 0x7f || code === 0xa0;

/** Ports under which identity services and their load balancers are usually found: on one host they are one server. */
const IDENTITY_PORTS = new Set([80, 443, 5000, 35357]);

function isSameServer(place: Server, other: Server): boolean {
  if (place.host !== other.host) return false;
  return place.port === other.port || (IDENTITY_PORTS.has(place.port) && IDENTITY_PORTS.has(other.port));
}

type Server = Pick<IdentityPlace, 'host' | 'port'>;

/** A URL has its host in lower case and addresses in one spelling already. */
function serverOf({ hostname, port, protocol }: URL): Server {
  const bare = hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(bare);
  const host = mapped ? dotted(mapped[1]!, mapped[2]!) : bare;
  const isHere = host === 'localhost' || host.endsWith('.localhost') || host === '::1' || /^127\./.test(host);
  return {
    host: isHere ? 'localhost' : host,
    port: port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port),
  };
}

function dotted(high: string, low: string): string {
  const [a, b] = [Number.parseInt(high, 16), Number.parseInt(low, 16)];
  return [a >> 8, a & 255, b >> 8, b & 255].join('.');
}
