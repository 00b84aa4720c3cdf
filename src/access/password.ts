/**
 * Logins with a password. Verifying one is slow on purpose, so it is done once: what was found out is remembered for some
 * minutes, by a digest under a key of this process, and those who ask the same at the same time share one verification.
 * Guessing is slowed by address and by name (failure-brake.ts), and may cost a small part of a processor only
 * (verification-queue.ts).
 */
import { randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../clock.ts';
import type { ClientKey, ClientRegistry } from './clients.ts';
import { type Attempt, addressGroup, FailureBrake } from './failure-brake.ts';
import { type ScryptHash, verifyPassword } from './key-hash.ts';
import { createKeyedDigest, DIGEST_ENTRY_BYTES } from './keyed-digest.ts';
import { type Asker, type Standing, VerificationQueue } from './verification-queue.ts';

/** A login as it came in. */
export interface PasswordLogin {
  readonly name: string;
  readonly password: string;
  /** Of the caller, as addresses.ts has it. */
  readonly address: string;
}

export type PasswordVerdict =
  | { readonly kind: 'right'; readonly key: ClientKey }
  | { readonly kind: 'wrong' }
  /** Too many failures, or too many who wait: 429. */
  | { readonly kind: 'slow'; readonly retryAfterSeconds: number };

/** How long an outcome is remembered, ms. */
const REMEMBERED_MS = 10 * 60_000;
const CACHE_BYTES = 2 * 1024 * 1024;
/** Who waits for one verification; more are told to come back. */
const MOST_SHARING = 256;
/** A name beyond this is nobody’s: it is not even hashed, nor are passwords that are too long. */
const LONGEST_NAME = 64;
/** Longer ones are nobody’s, characters. */
export const LONGEST_PASSWORD = 1_024;

/** What a verification found: the generation of the key it was right for. */
type Outcome = string | 'none' | 'busy';

interface Remembered {
  readonly outcome: Exclude<Outcome, 'busy'>;
  readonly until: number;
}

interface SharedVerification {
  readonly outcome: Promise<Outcome>;
  sharing: number;
}

/** What is known of a login before anything is done for it. */
interface Recalled {
  /** The client's passwords that are good now. */
  readonly keys: readonly ClientKey[];
  readonly digest: string;
  /** What the same words were right for some minutes ago, or before that. */
  readonly knownKey: ClientKey | undefined;
  /** They were verified some minutes ago. */
  readonly isRecent: boolean;
}

const WRONG: PasswordVerdict = { kind: 'wrong' };

export class PasswordVerifier {
  readonly #clock: Clock;
  readonly #verify: typeof verifyPassword;
  readonly #digest = createKeyedDigest();
  readonly #remembered = new LRUCache<string, Remembered>({
    maxSize: CACHE_BYTES,
    sizeCalculation: () => DIGEST_ENTRY_BYTES,
  });
  readonly #running = new Map<string, SharedVerification>();
  readonly #brake = new FailureBrake();
  readonly #queue: VerificationQueue;
  readonly #decoySalt = randomBytes(16);

  /** @param verify takes its time; tests put their own here */
  constructor(clock: Clock, verify: typeof verifyPassword = verifyPassword) {
    this.#clock = clock;
    this.#verify = verify;
    this.#queue = new VerificationQueue(clock);
  }

  /**
   * What can be said of a login at once, without anything being begun; undefined: it has to be verified. What strangers send
   * in a flood is mostly refused here.
   */
  decideNow(login: PasswordLogin, registry: ClientRegistry): PasswordVerdict | undefined {
    return registry.passwordModel === undefined ? WRONG : this.#decide(login, this.#recall(login, registry));
  }

  /**
   * Whether a login is right. A name that nobody has is verified all the same, against a decoy: neither the answer nor the
   * time it takes tells which names there are.
   */
  async verify(login: PasswordLogin, registry: ClientRegistry): Promise<PasswordVerdict> {
    const { passwordModel: model } = registry;
    if (model === undefined) return WRONG;
    const recalled = this.#recall(login, registry);
    const decided = this.#decide(login, recalled);
    if (decided !== undefined) return decided;
    const { digest, keys, knownKey } = recalled;
    if (this.#running.has(digest)) return this.#share(digest, login, keys);
    if (knownKey) return this.#verdict(await this.#begin(digest, login, keys, 'known', model), keys);
    return this.#tryStranger(login, recalled, model);
  }

  #recall({ name, password }: PasswordLogin, registry: ClientRegistry): Recalled {
    const keys = passwordsOf(name, registry, this.#clock.now());
    const digest = this.#digest(name, password, ...keys.map(({ generation }) => generation));
    const known = this.#remembered.get(digest);
    const knownKey = known && keyOf(keys, known.outcome);
    const isRecent = known !== undefined && known.until > this.#clock.monotonic();
    return { keys, digest, knownKey, isRecent };
  }

  #decide(login: PasswordLogin, { digest, keys, knownKey, isRecent }: Recalled): PasswordVerdict | undefined {
    // Before any brake: whoever has been right before is never slowed by what others do.
    if (knownKey) return isRecent ? { kind: 'right', key: knownKey } : undefined;
    const shared = this.#running.get(digest);
    if (shared) return shared.sharing >= MOST_SHARING ? slow(this.#queue.busyMs) : undefined;
    const { name, password, address } = login;
    const now = this.#clock.monotonic();
    const look = this.#brake.look(address, clip(name), now);
    if (look.pauseMs > 0) return slow(look.pauseMs);
    // Wrong some minutes ago, or nobody's: it costs a failure, and no work.
    if (isRecent || name.length > LONGEST_NAME || password.length > LONGEST_PASSWORD) {
      const attempt = this.#brake.begin(address, clip(name), now);
      if ('failed' in attempt) attempt.failed();
      return WRONG;
    }
    const asker = askerOf(login, keys, standingOf(look));
    return this.#queue.hasRoom(asker) ? undefined : this.#busy(address);
  }

  /** Somebody whose words were never right. */
  async #tryStranger(
    login: PasswordLogin,
    { digest, keys }: Recalled,
    model: ScryptHash,
  ): Promise<PasswordVerdict> {
    const attempt = this.#brake.begin(login.address, clip(login.name), this.#clock.monotonic());
    if ('pauseMs' in attempt) return slow(attempt.pauseMs);
    const outcome = await this.#begin(digest, login, keys, standingOf(attempt), model);
    if (outcome === 'busy') {
      attempt.withdrawn();
      return this.#busy(login.address);
    }
    if (outcome === 'none') attempt.failed();
    else attempt.succeeded();
    return this.#verdict(outcome, keys);
  }

  /** Joins a verification of the same words; its failure counts for whoever asked, too. */
  async #share(digest: string, login: PasswordLogin, keys: readonly ClientKey[]): Promise<PasswordVerdict> {
    const shared = this.#running.get(digest)!;
    shared.sharing++;
    const outcome = await shared.outcome;
    if (outcome === 'none') {
      const attempt = this.#brake.begin(login.address, clip(login.name), this.#clock.monotonic());
      if ('failed' in attempt) attempt.failed();
    }
    return this.#verdict(outcome, keys);
  }

  async #begin(
    digest: string,
    login: PasswordLogin,
    keys: readonly ClientKey[],
    standing: Standing,
    model: ScryptHash,
  ): Promise<Outcome> {
    const { password } = login;
    const asker = askerOf(login, keys, standing);
    const outcome =
      keys.length > 0 ? this.#try(password, keys, asker) : this.#tryDecoy(password, model, asker);
    this.#running.set(digest, { outcome, sharing: 0 });
    try {
      const found = await outcome;
      if (found !== 'busy')
        this.#remembered.set(digest, { outcome: found, until: this.#clock.monotonic() + REMEMBERED_MS });
      return found;
    } finally {
      this.#running.delete(digest);
    }
  }

  /** Tries the client's passwords one after another. */
  async #try(password: string, keys: readonly ClientKey[], asker: Asker): Promise<Outcome> {
    for (const { password: expected, generation } of keys) {
      const isRight = await this.#queue.run(asker, () => this.#verify(password, expected!));
      if (isRight === 'busy') return 'busy';
      if (isRight) return generation;
    }
    return 'none';
  }

  /** The same work for a name that has no password. */
  async #tryDecoy(password: string, model: ScryptHash, asker: Asker): Promise<Outcome> {
    // Made when its turn comes: most that come in a flood have none.
    const decoy = () => ({ ...model, salt: this.#decoySalt, hash: randomBytes(model.hash.length) });
    const isRight = await this.#queue.run(asker, () => this.#verify(password, decoy()));
    return isRight === 'busy' ? 'busy' : 'none';
  }

  /** There is no time for it now; who does not wait as told has no claim to be heard before others. */
  #busy(address: string): PasswordVerdict {
    const verdict = slow(this.#queue.busyMs);
    this.#brake.toldToWait(address, verdict.retryAfterSeconds * 1_000, this.#clock.monotonic());
    return verdict;
  }

  #verdict(outcome: Outcome, keys: readonly ClientKey[]): PasswordVerdict {
    if (outcome === 'busy') return slow(this.#queue.busyMs);
    const key = keyOf(keys, outcome);
    return key === undefined ? WRONG : { kind: 'right', key };
  }
}

function passwordsOf(name: string, registry: ClientRegistry, nowWall: number): ClientKey[] {
  const keys = registry.byName(name)?.keys ?? [];
  return keys.filter(({ password, endsAtMs }) => password !== undefined && nowWall < endsAtMs);
}

function keyOf(keys: readonly ClientKey[], generation: string): ClientKey | undefined {
  return keys.find((key) => key.generation === generation);
}

/** All names that have no password share one turn in the queue. */
const askerOf = (
  { name, address }: PasswordLogin,
  keys: readonly ClientKey[],
  standing: Standing,
): Asker => ({ group: keys.length > 0 ? name : '', place: addressGroup(address), standing });

const standingOf = ({ isKnown, isFresh }: Pick<Attempt, 'isKnown' | 'isFresh'>): Standing =>
  isKnown ? 'known' : isFresh ? 'fresh' : 'suspect';

/** Names that nobody can have count as one: they would take memory otherwise. */
const clip = (name: string): string => (name.length > LONGEST_NAME ? '' : name);

const slow = (pauseMs: number): PasswordVerdict & { kind: 'slow' } => ({
  kind: 'slow',
  retryAfterSeconds: Math.max(1, Math.ceil(pauseMs / 1_000)),
});
