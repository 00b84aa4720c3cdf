/**
 * What a configuration keeps of a key: `sha256:` and 64 hex digits for one that cannot be guessed, and
 * `scrypt:N:r:p:SALT:HASH` (base64url) for a word that a person chose, which a thief of the configuration could find by
 * trying words if that were cheap. Neither form can be turned back.
 */
import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { digestClientKey, parseClientKey } from './client-key.ts';

/** The hash of a key of Sluice's own, or of another text that nobody can guess. */
export interface Sha256Hash {
  readonly kind: 'sha256';
  /** Lower-case hex. */
  readonly digest: string;
}

/** The hash of a password. */
export interface ScryptHash {
  readonly kind: 'scrypt';
  /** Cost: a power of two. */
  readonly n: number;
  /** Block size. */
  readonly r: number;
  /** Parallelism. */
  readonly p: number;
  readonly salt: Buffer;
  readonly hash: Buffer;
}

export type KeyHash = Sha256Hash | ScryptHash;

/** What is wrong with a text that should be a hash; never holds any of it. */
export interface HashProblem {
  readonly kind: 'problem';
  readonly text: string;
}

/** What new password hashes cost: 32 MiB and some 0.2 s (OWASP's parameters for scrypt in 32 MiB). */
const COST = { n: 32_768, r: 8, p: 3 } as const;
const SALT_BYTES = 16;
const HASH_BYTES = 32;

/** Weaker ones are no protection; stronger ones would let a login take the memory or the processor from everybody. */
const LEAST_N = 1_024;
const MOST_MEMORY_BYTES = 128 * 1024 * 1024;
const MOST_WORK = 2 ** 21;

const ACCEPTED =
  'accepted: sha256: and 64 hex digits (`sluice new-key`), or scrypt:N:r:p:salt:hash (`sluice hash-key`)';

const SHA256 = /^sha256:([0-9A-Fa-f]{64})$/;
const SCRYPT = /^scrypt:(\d{1,8}):(\d{1,3}):(\d{1,3}):([\w-]{11,128}):([\w-]{22,128})$/;

/** Reads the hash of a key as the configuration has it. */
export function parseKeyHash(text: string): KeyHash | HashProblem {
  const digest = SHA256.exec(text)?.[1];
  if (digest !== undefined) return { kind: 'sha256', digest: digest.toLowerCase() };
  const fields = SCRYPT.exec(text);
  if (fields === null) return problem(`is no hash of a key, ${ACCEPTED}`);
  const [n, r, p] = [Number(fields[1]), Number(fields[2]), Number(fields[3])];
  const wrong = wrongCost(n, r, p);
  if (wrong !== undefined) return problem(wrong);
  const salt = Buffer.from(fields[4]!, 'base64url');
  return { kind: 'scrypt', n, r, p, salt, hash: Buffer.from(fields[5]!, 'base64url') };
}

function wrongCost(n: number, r: number, p: number): string | undefined {
  const isPower = n >= 2 && Number.isInteger(Math.log2(n));
  if (!isPower || n < LEAST_N || r < 1 || p < 1)
    return `has scrypt parameters that protect nothing, accepted: N a power of two of at least ${LEAST_N}, r and p of at least 1`;
  if (128 * n * r <= MOST_MEMORY_BYTES && n * r * p <= MOST_WORK) return undefined;
  return `has scrypt parameters that cost too much, accepted: at most ${MOST_MEMORY_BYTES / 1024 / 1024} MiB (128 × N × r bytes) and N × r × p of at most ${MOST_WORK}`;
}

/** What OpenSSL takes for one derivation, bytes. */
const memoryOf = (n: number, r: number, p: number): number => 128 * r * (n + p + 2);

const problem = (text: string): HashProblem => ({ kind: 'problem', text });

/** The form for the configuration of a key of Sluice's own. */
export function hashClientKey(key: string): string {
  return `sha256:${digestClientKey(key)}`;
}

/** The form for the configuration of a password. Takes some 0.2 s beside the event loop. */
export async function hashPassword(
  password: string,
  cost: { n: number; r: number; p: number } = COST,
): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const hash = await derive(password, { ...cost, salt }, HASH_BYTES);
  const { n, r, p } = cost;
  return `scrypt:${n}:${r}:${p}:${salt.toString('base64url')}:${hash.toString('base64url')}`;
}

/**
 * The form for the configuration of whatever is to be a key: a client key by its SHA-256, anything else as a password.
 *
 * @throws Error for a client key that was cut or mistyped, and for nothing at all
 */
export async function hashSecret(secret: string): Promise<string> {
  if (secret === '') throw new Error('There is nothing to hash: the input is empty.');
  switch (parseClientKey(secret).kind) {
    case 'key':
      return hashClientKey(secret);
    case 'mistyped':
      throw new Error('This begins like a client key, but its checksum is wrong: it was cut or mistyped.');
    case 'other':
      return hashPassword(secret);
  }
}

/** Whether a password is the one that was hashed. Asynchronous: its work is done beside the event loop. */
export async function verifyPassword(password: string, expected: ScryptHash): Promise<boolean> {
  return timingSafeEqual(await derive(password, expected, expected.hash.length), expected.hash);
}

/** Keyboards and clients spell the same letters in two ways; they are the same password. */
function derive(
  password: string,
  { n, r, p, salt }: Pick<ScryptHash, 'n' | 'r' | 'p' | 'salt'>,
  length: number,
): Promise<Buffer> {
  const options = { N: n, r, p, maxmem: memoryOf(n, r, p) + 1024 * 1024 };
  return new Promise((resolve, reject) => {
    scrypt(password.normalize('NFC'), salt, length, options, (error, key) =>
      error === null ? resolve(key) : reject(error),
    );
  });
}
