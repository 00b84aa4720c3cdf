/**
 * What can be wrong with Redis, told from the errors of ioredis. Each needs something else: a replica needs a new
 * connection, a Redis that loads needs time, one that takes no writes needs its operator.
 */

/** What went wrong with a command. */
export type RedisTrouble =
  /** No connection, or it was lost. */
  | 'away'
  /** No answer in time. */
  | 'timeout'
  /** A master that has become a replica: a failover, seen over a connection from before it. */
  | 'readonly'
  /** A replica without its master. */
  | 'masterdown'
  /** It is reading its data from disk or from its master. */
  | 'loading'
  /** It refuses writes: its disk or its replicas fail. */
  | 'misconf'
  /** It refuses writes that need memory. */
  | 'full'
  /** A node of a cluster, asked for what another one has, or a cluster that is down. */
  | 'moved'
  /** A script that it does not know (any more). */
  | 'noscript'
  /** It refuses the credentials, or what they may do. */
  | 'refused'
  /** Something of another type under a key. */
  | 'wrongtype'
  /** A script or too many clients keep it from serving. */
  | 'busy'
  | 'other';

/** All of them, the likeliest first. */
export const REDIS_TROUBLES: readonly RedisTrouble[] = [
  'timeout',
  'away',
  'readonly',
  'masterdown',
  'loading',
  'misconf',
  'full',
  'moved',
  'refused',
  'busy',
  'wrongtype',
  'noscript',
  'other',
];

/** The error codes of Redis, which stand at the front of its messages. */
const TROUBLES: Readonly<Record<string, RedisTrouble>> = {
  READONLY: 'readonly',
  MASTERDOWN: 'masterdown',
  LOADING: 'loading',
  MISCONF: 'misconf',
  NOREPLICAS: 'misconf',
  OOM: 'full',
  MOVED: 'moved',
  ASK: 'moved',
  TRYAGAIN: 'moved',
  CROSSSLOT: 'moved',
  CLUSTERDOWN: 'moved',
  NOSCRIPT: 'noscript',
  NOAUTH: 'refused',
  WRONGPASS: 'refused',
  NOPERM: 'refused',
  DENIED: 'refused',
  WRONGTYPE: 'wrongtype',
  BUSY: 'busy',
};

/** What says so in words. */
const PHRASES: readonly (readonly [phrase: RegExp, trouble: RedisTrouble])[] = [
  [/^Command timed out/, 'timeout'],
  [/^ERR (?:invalid password|AUTH |Client sent AUTH)/, 'refused'],
  [/^ERR max number of clients/, 'busy'],
  [
    /^Connection is closed|^Stream isn't writeable|^Command aborted|^Socket closed|^Cluster isn't ready|^None of startup nodes/,
    'away',
  ],
];

/** Only the beginning of a message is looked at: the rest may be anything, of any length. */
const LOOKED_AT = 300;

/**
 * Tells errors of Redis and of the connection to it apart.
 *
 * @param error what a command was rejected with, or an 'error' event brought
 */
export function troubleOf(error: unknown): RedisTrouble {
  if (!(error instanceof Error)) return 'other';
  const { message, lastNodeError } = error as Error & { lastNodeError?: unknown };
  const text = message.slice(0, LOOKED_AT);
  // Redis 6 and older puts a script's error into a sentence: `ERR Error running script (…): …: -READONLY You can't …`.
  const code = /^-?([A-Z]+)(?: |$)/.exec(text)?.[1];
  const inner = /(?:^|[ :])-([A-Z]+) /.exec(text)?.[1];
  const known = own(code) ?? own(inner) ?? PHRASES.find(([phrase]) => phrase.test(text))?.[1];
  if (known) return known;
  // What a cluster failed of is what its last node failed of.
  if (lastNodeError instanceof Error && lastNodeError !== error) return troubleOf(lastNodeError);
  return isOfConnection(error) ? 'away' : 'other';
}

const own = (code: string | undefined): RedisTrouble | undefined =>
  code !== undefined && Object.hasOwn(TROUBLES, code) ? TROUBLES[code] : undefined;

/** Errors of sockets and names have a code (`ECONNREFUSED`, `EAI_AGAIN`) or are ioredis' own. */
function isOfConnection(error: Error): boolean {
  const { code, name } = error as NodeJS.ErrnoException;
  return (
    (typeof code === 'string' && /^E[A-Z_]+$/.test(code)) ||
    name === 'MaxRetriesPerRequestError' ||
    name === 'ClusterAllFailedError' ||
    name === 'AbortError'
  );
}

/** True when another connection leads to another server: this one is no master (any more). */
export function needsNewConnection(trouble: RedisTrouble): boolean {
  return trouble === 'readonly' || trouble === 'masterdown';
}

const TEXTS: Readonly<Partial<Record<RedisTrouble, string>>> = {
  readonly: 'Redis is a replica since a failover, and is connected to anew',
  masterdown: 'Redis is a replica without its master, and is connected to anew',
  loading: 'Redis is loading its data',
  misconf: 'Redis takes no writes: its disk or its replicas fail',
  full: 'Redis is full',
  moved: 'Redis is a cluster that is down, or one that redis.url or redis.sentinels should not name',
  refused: 'Redis refuses the credentials',
  busy: 'Redis is busy with a script or with too many clients',
};

/** A trouble in words for the log, to be followed by what that means. */
export function describeTrouble(trouble: RedisTrouble): string {
  return TEXTS[trouble] ?? 'Redis does not answer';
}
