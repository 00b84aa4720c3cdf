/**
 * Client keys: what a caller of a gateway with `access.mode: keys` shows. 256 random bits cannot be guessed, so that a
 * plain SHA-256 of a key is enough to recognise it by, and nothing slow is needed.
 *
 * Form: `sluice_key_NAME_SECRET_CHECK`. The last two parts have fixed lengths and only letters and digits, so that a NAME
 * with `_`, `-` or `.` in it is read in one way alone, one expression (`CLIENT_KEY_PATTERN`) finds keys in any text, and a
 * double click selects the secret part whole. CHECK is a CRC-32 of all before it: a typing mistake is refused before
 * anything is looked up, and a secret scanner can tell a key from an example.
 */
import { hash, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** What every client key begins with. */
export const CLIENT_KEY_PREFIX = 'sluice_key_';

/** How clients may be called: what a key, a metric label and a file name can hold. */
export const CLIENT_NAME_PATTERN = '[A-Za-z0-9][A-Za-z0-9._-]{0,63}';

/** 62^43 is just above 2^256. */
const SECRET_LENGTH = 43;
/** 62^6 is above 2^32. */
const CHECK_LENGTH = 6;

/** Finds client keys in a text: the expression for a secret scanner. A match is a key when `parseClientKey` takes it. */
export const CLIENT_KEY_PATTERN = `${CLIENT_KEY_PREFIX}${CLIENT_NAME_PATTERN}_[0-9A-Za-z]{${SECRET_LENGTH}}_[0-9A-Za-z]{${CHECK_LENGTH}}`;

const KEY = new RegExp(`^${CLIENT_KEY_PATTERN}$`);
const NAME = new RegExp(`^${CLIENT_NAME_PATTERN}$`);
const TAIL_LENGTH = 1 + SECRET_LENGTH + 1 + CHECK_LENGTH;
const LONGEST_KEY = CLIENT_KEY_PREFIX.length + 64 + TAIL_LENGTH;

/** What a text that may be a client key is. */
export type ClientKeyVerdict =
  /** The form of a key, its checksum right; whether anybody has it is another question. */
  | { readonly kind: 'key'; readonly name: string }
  /** Begins like a key but was cut or mistyped: it is nobody's. */
  | { readonly kind: 'mistyped' }
  /** Something else. */
  | { readonly kind: 'other' };

const MISTYPED = { kind: 'mistyped' } as const;
const OTHER = { kind: 'other' } as const;

/** Whether a client may be called so. */
export function isClientName(name: string): boolean {
  return NAME.test(name);
}

/**
 * A new key.
 *
 * @param name a client's name, see `isClientName`; it says whose the key is to whoever finds one, and proves nothing
 * @param secret 32 bytes; random ones when left out
 * @throws Error for a name that no client can have
 */
export function generateClientKey(name: string, secret: Buffer = randomBytes(32)): string {
  if (!isClientName(name)) throw new Error(`A client's name must match ${CLIENT_NAME_PATTERN}.`);
  const unchecked = `${CLIENT_KEY_PREFIX}${name}_${base62(secret)}_`;
  return unchecked + checksum(unchecked);
}

/** Reads a text as a client key. */
export function parseClientKey(text: string): ClientKeyVerdict {
  if (!text.startsWith(CLIENT_KEY_PREFIX)) return OTHER;
  if (text.length > LONGEST_KEY || !KEY.test(text)) return MISTYPED;
  const checked = text.length - CHECK_LENGTH;
  if (checksum(text.slice(0, checked)) !== text.slice(checked)) return MISTYPED;
  return { kind: 'key', name: text.slice(CLIENT_KEY_PREFIX.length, -TAIL_LENGTH) };
}

/** The SHA-256 that a key is recognised by, lower-case hex. */
export function digestClientKey(key: string): string {
  return hash('sha256', key, 'hex');
}

function checksum(text: string): string {
  let digits = '';
  for (let rest = crc32(text); digits.length < CHECK_LENGTH; rest = Math.floor(rest / 62))
    digits = DIGITS[rest % 62]! + digits;
  return digits;
}

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

function base62(secret: Buffer): string {
  let digits = '';
  for (let rest = BigInt(`0x${secret.toString('hex')}`); digits.length < SECRET_LENGTH; rest /= 62n)
    digits = DIGITS[Number(rest % 62n)]! + digits;
  return digits;
}
