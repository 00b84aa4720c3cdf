/**
 * Errors and texts as they may be logged. What a library hangs on its errors (a command with its arguments, a request with
 * its headers, an address with its password) is not known beforehand, so errors are logged by allow-list: what kind, which
 * message, which code, where, and what was behind it. Messages quote what they are about, so secrets are taken out of them.
 */

/** An error as the log shows it. */
export interface LoggedError {
  readonly type: string;
  readonly message: string;
  readonly code?: string | number;
  /** Where it was thrown: frames only, the message is not repeated. */
  readonly stack?: string;
  /** What was behind it. */
  readonly cause?: LoggedError;
  /** The members of an AggregateError. */
  readonly errors?: readonly LoggedError[];
}

const REDACTED = '[redacted]';
const NO_ERROR = 'something that is no Error was thrown';
const LONGEST_MESSAGE = 1000;
const LONGEST_STACK = 4000;
const DEEPEST_CAUSE = 4;
const MOST_MEMBERS = 5;

/** Where libraries keep the error behind an error, beside `cause`: ioredis' cluster keeps its last node's. */
const CAUSES = ['cause', 'lastNodeError'] as const;

/** What may be logged of anything that was thrown. */
export function loggedError(thrown: unknown): LoggedError {
  return describe(thrown, 0);
}

function describe(thrown: unknown, depth: number): LoggedError {
  if (!(thrown instanceof Error)) return { type: typeof thrown, message: NO_ERROR };
  const type = nameOf(thrown);
  const code = codeOf(thrown);
  const stack = framesOf(thrown);
  const cause = depth < DEEPEST_CAUSE ? causeOf(thrown) : undefined;
  const members = depth < DEEPEST_CAUSE ? membersOf(thrown) : [];
  return {
    type,
    message: messageOf(thrown),
    ...(code === undefined ? {} : { code }),
    ...(stack === '' ? {} : { stack }),
    ...(cause === undefined ? {} : { cause: describe(cause, depth + 1) }),
    ...(members.length === 0 ? {} : { errors: members.map((member) => describe(member, depth + 1)) }),
  };
}

/** The message of anything that was thrown, as `loggedError` shows it. */
export function loggedMessage(thrown: unknown): string {
  return thrown instanceof Error ? messageOf(thrown) : NO_ERROR;
}

/** Reading a property of a foreign error may run foreign code; what throws is as good as absent. */
function read(error: Error, name: string): unknown {
  try {
    return (error as unknown as Record<string, unknown>)[name];
  } catch {
    return undefined;
  }
}

function nameOf(error: Error): string {
  const name = read(error, 'name');
  return typeof name === 'string' && /^[\w.$]{1,60}$/.test(name) ? name : 'Error';
}

function codeOf(error: Error): string | number | undefined {
  const code = read(error, 'code');
  if (typeof code === 'number') return code;
  return typeof code === 'string' && /^[\w.-]{1,60}$/.test(code) ? code : undefined;
}

function causeOf(error: Error): Error | undefined {
  return CAUSES.map((name) => read(error, name)).find((cause) => cause instanceof Error);
}

function membersOf(error: Error): Error[] {
  const members = read(error, 'errors');
  if (!Array.isArray(members)) return [];
  return members.slice(0, MOST_MEMBERS).filter((member) => member instanceof Error);
}

/** A parser's message quotes the text it could not read, which may be anybody's answer or a file of secrets. */
function messageOf(error: Error): string {
  const message = read(error, 'message');
  if (typeof message !== 'string') return '';
  if (!(error instanceof SyntaxError) && !/^YAML/.test(nameOf(error))) return redactText(message);
  const at = /at (?:position|line) \d{1,12}/.exec(message.slice(0, LONGEST_MESSAGE));
  return at ? `the text cannot be parsed ${at[0]}` : 'the text cannot be parsed';
}

/** The lines that say where; those before them repeat the message. */
function framesOf(error: Error): string {
  const stack = read(error, 'stack');
  if (typeof stack !== 'string') return '';
  const start = stack.search(/^ {4}at /m);
  if (start < 0) return '';
  const frames = stack.slice(start, start + LONGEST_STACK).split('\n');
  return frames.filter((line) => line.startsWith('    at ')).join('\n');
}

/**
 * What is taken out of a text, in turn. Texts are cut before, so that no expression runs over more than a thousand
 * characters.
 */
const SECRETS: readonly [pattern: RegExp, replacement: string][] = [
  // Redis repeats the arguments of a command that it does not know; Node's checks repeat what they have got.
  [/with args beginning with:[\s\S]*/i, `with args beginning with: ${REDACTED}`],
  [/\. Received [\s\S]*/, `. Received ${REDACTED}`],
  // user:password@ in an address; a password may hold what an address may not
  [/(?<=:\/\/)[^\s"'<>]*@/g, `${REDACTED}@`],
  // Credentials by scheme
  [/\b(Bearer|Basic|Digest) [\w.~+/=-]{8,}/g, `$1 ${REDACTED}`],
  // name: value, name=value, "name": "value"
  [
    /\b([\w-]{0,40}(?:passw(?:or)?d|adminPass|api[-_]?key|secret|token|authorization|signature|credentials?))(["']?[ \t]{0,3}[:=][ \t]{0,3})(?:"[^"]*"?|'[^']*'?|[^\s"',;&)}\]]+)/gi,
    `$1$2${REDACTED}`,
  ],
  // Tokens and keys by their look: no word is so long.
  [/[\w+=-]{48,}/g, REDACTED],
];

/** A text for people, cut, without what looks like a secret. */
export function redactText(text: string): string {
  let redacted = text.length > LONGEST_MESSAGE ? `${text.slice(0, LONGEST_MESSAGE)}…` : text;
  for (const [pattern, replacement] of SECRETS) redacted = redacted.replace(pattern, replacement);
  return redacted;
}
