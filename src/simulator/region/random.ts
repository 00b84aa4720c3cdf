import { randomBytes } from 'node:crypto';

/** A source of ids, passwords and choices; deterministic for a seed, and its state can be saved and restored. */
export interface Random {
  /** The next 32 bits, unsigned. */
  next(): number;
  /** A whole number in [0, below). */
  below(below: number): number;
  /** Four words: enough to go on exactly where a snapshot stopped. */
  state(): number[];
  restore(state: readonly number[]): void;
}

const WARM_UP_ROUNDS = 15;

/**
 * sfc32: a small fast counting generator. Not for secrets: the simulator's passwords guard nothing.
 *
 * @param seed any whole number for a sequence that repeats; null for one that does not
 */
export function createRandom(seed: number | null): Random {
  let [a, b, c, counter] = seed === null ? entropy() : [0, seed >>> 0, seed >>> 16, 1];
  const next = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  };
  for (let round = 0; round < WARM_UP_ROUNDS; round++) next();
  return {
    next,
    below: (below) => Math.floor((next() / 2 ** 32) * below),
    state: () => [a, b, c, counter],
    restore(state) {
      [a = 0, b = 0, c = 0, counter = 1] = state;
    },
  };
}

function entropy(): [number, number, number, number] {
  const bytes = randomBytes(12);
  return [bytes.readInt32LE(0), bytes.readInt32LE(4), bytes.readInt32LE(8), 1];
}

const hex8 = (word: number): string => word.toString(16).padStart(8, '0');

/** A random UUID (RFC 9562, version 4). */
export function newUuid(random: Random): string {
  const text = hex8(random.next()) + hex8(random.next()) + hex8(random.next()) + hex8(random.next());
  const variant = '89ab'[Number.parseInt(text[16]!, 16) & 3];
  return `${text.slice(0, 8)}-${text.slice(8, 12)}-4${text.slice(13, 16)}-${variant}${text.slice(17, 20)}-${text.slice(20)}`;
}

/** Letters and digits that cannot be taken for one another. */
const PASSWORD_LETTERS = 'ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789';
const PASSWORD_LENGTH = 12;

/** A generated administrator password (guide section 2.1.2.1). */
export function newPassword(random: Random): string {
  let password = '';
  for (let index = 0; index < PASSWORD_LENGTH; index++)
    password += PASSWORD_LETTERS[random.below(PASSWORD_LETTERS.length)];
  return password;
}
