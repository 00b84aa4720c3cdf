/**
 * Callers who have credentials or a token of the accounts' own identity services (`access.passThrough`). Whose a token is,
 * that service says: with the login it came from, or when it is asked about the token, with the token itself, before
 * anything else is done for it. What was found out is remembered (own-tokens.ts), those who ask the same at the same time
 * share one answer, and who guesses is slowed (upstream-gate.ts). Nothing of what is shown is kept or logged.
 *
 * Belongs to one configuration: after a reload every token has to be looked at anew.
 */
import { LRUCache } from 'lru-cache';
import type { Clock } from '../clock.ts';
import { Fault } from '../faults/faults.ts';
import type { CallerIdentity, CallerLogin } from '../identity/caller-identity.ts';
import { LoginError } from '../identity/login-error.ts';
import type { Token } from '../identity/token.ts';
import { refusalOf } from './identify.ts';
import { DIGEST_ENTRY_BYTES } from './keyed-digest.ts';
import { loginFault } from './login.ts';
import { type KnownToken, OwnTokens } from './own-tokens.ts';
import type { UpstreamGate } from './upstream-gate.ts';

/** An identity service of an account. */
export interface UpstreamIdentity {
  readonly url: string;
  readonly client: CallerIdentity;
  /** Whether it is the one for a tenant, as far as is known: it is asked first then. */
  owns(tenantId: string): boolean;
}

/** What is there for whoever has a token. */
export interface Owners<I, V> {
  /** What tells this owner from others, and what it takes, bytes. */
  identify(token: Token, identity: I): { readonly key: string; readonly bytes: number };
  /** An owner that is not known. */
  open(token: Token, identity: I): V;
  /** A further token of a known one. */
  renew(owner: V, token: Token): void;
}

/** Somebody whom an identity service has told. */
export interface Found<I, V> {
  readonly identity: I;
  readonly token: Token;
  readonly owner: V;
}

/** Who asks, and for how long what it is told holds. */
export interface Asking {
  /** As addresses.ts has it. */
  readonly address: string;
  /** `passThrough.proofTtl`, ms. */
  readonly ttlMs: number;
}

/** What is asked here others may wait for, too. Each question has a signal of its own, and so no listeners of the others. */
const never = (): AbortSignal => new AbortController().signal;
/** How long whoever cannot be told now should stay away, when the identity service does not say, s. */
const RETRY_SECONDS = 5;
/** Words that were right are known for so long, ms, and for so many bytes. */
const RIGHT_MS = 24 * 3_600_000;
const RIGHT_BYTES = 1024 * 1024;

export class UpstreamCallers<I extends UpstreamIdentity, V> {
  readonly #identities: readonly I[];
  readonly #gate: UpstreamGate;
  readonly #clock: Clock;
  readonly #owners: Owners<I, V>;
  readonly #tokens = new OwnTokens<V>();
  /** Questions under way, and the addresses that have asked each. */
  readonly #asked = new Map<string, { answer: Promise<Found<I, V> | undefined>; addresses: Set<string> }>();
  /** Digests of logins that were right, until when, monotonic ms. */
  readonly #right = new LRUCache<string, number>({
    maxSize: RIGHT_BYTES,
    sizeCalculation: () => DIGEST_ENTRY_BYTES,
  });

  constructor(options: {
    identities: readonly I[];
    gate: UpstreamGate;
    clock: Clock;
    owners: Owners<I, V>;
  }) {
    this.#identities = options.identities;
    this.#gate = options.gate;
    this.#clock = options.clock;
    this.#owners = options.owners;
  }

  /** What is known of a token, at once. */
  find(token: string): KnownToken<V> | undefined {
    return this.#tokens.find(token, this.#clock.now());
  }

  /** Whose a token is, if that was looked at a short while ago. */
  findChecked(token: string): V | undefined {
    const known = this.find(token);
    return known !== undefined && this.#clock.now() < known.checkedUntilMs ? known.owner : undefined;
  }

  /** Whether what is cached for its tenant may go to whoever has the token. */
  isProven(token: string): boolean {
    return this.#tokens.isProven(token, this.#clock.now());
  }

  /** A region has taken the token. @param ttlMs `passThrough.proofTtl` */
  prove(token: string, ttlMs: number): void {
    this.#tokens.prove(token, ttlMs, this.#clock.now());
  }

  /** A region has refused the token: it has to be looked at anew. */
  forget(token: string): void {
    this.#tokens.forget(token);
  }

  /**
   * Whose a token is that is not known, or not proven any more.
   *
   * @param tenantId the tenant it is said to be for, if one is
   * @throws {Fault} 401 for one of nobody; 429 or 503 with Retry-After
   */
  async validate(token: string, tenantId: string | undefined, asking: Asking): Promise<Found<I, V>> {
    const question = this.#tokens.digestOf('token', token, tenantId ?? '');
    if (this.#tokens.isRefused(question, this.#clock.now())) throw refusalOf('foreign-token');
    // Who shows the same again while it is looked at has not tried anything more.
    const isCounted = this.#asked.get(question)?.addresses.has(asking.address) ?? true;
    const found = await this.#once(question, asking, () =>
      this.#gate.validate(asking.address, async () => {
        const told = await this.#askEach(tenantId, ({ client }) => client.validate(token, tenantId, never()));
        if (told === undefined) this.#tokens.refuse(question, this.#clock.now());
        // What was asked about is what it is known by, whatever the answer calls it.
        return told && this.#learn({ ...told.token, id: token }, told.identity, asking.ttlMs, false);
      }),
    );
    if (found !== undefined) return found;
    if (!isCounted) this.#gate.failed(asking.address);
    throw refusalOf('foreign-token');
  }

  /**
   * The caller's own token for a login.
   *
   * @throws {Fault} 401; 429 or 503 with Retry-After
   */
  async logIn(login: CallerLogin, asking: Asking): Promise<Found<I, V>> {
    const { proof, tenantId } = login;
    const name = proof.kind === 'token' ? '' : proof.username;
    const question = this.#tokens.digestOf('login', JSON.stringify(login));
    const isKnown = (this.#right.get(question) ?? 0) > this.#clock.monotonic();
    const found = await this.#once(question, asking, () =>
      this.#gate.logIn({ address: asking.address, name, isKnown }, async () => {
        const told = await this.#askEach(tenantId, ({ client }) => client.logIn(login, never()));
        return told && this.#learn(told.token, told.identity, asking.ttlMs, true);
      }),
    );
    if (found === undefined) throw loginFault({ kind: 'refused', reason: 'wrong-password' });
    this.#right.set(question, this.#clock.monotonic() + RIGHT_MS);
    return found;
  }

  /** Gives a token back where it came from. @throws {Fault} 401 for one of nobody; 429 or 503 with Retry-After */
  async revoke(token: string, asking: Asking): Promise<void> {
    const { identity } = await this.validate(token, undefined, asking);
    this.#tokens.forget(token);
    await identity.client.revoke(token, never()).catch((error) => {
      throw faultOf(error);
    });
  }

  /** Those who ask the same at the same time share the answer. */
  #once(
    question: string,
    { address }: Asking,
    ask: () => Promise<Found<I, V> | undefined>,
  ): Promise<Found<I, V> | undefined> {
    let running = this.#asked.get(question);
    if (running === undefined) {
      running = { answer: ask().finally(() => this.#asked.delete(question)), addresses: new Set() };
      this.#asked.set(question, running);
    }
    running.addresses.add(address);
    return running.answer.catch((error) => {
      throw faultOf(error);
    });
  }

  /**
   * Asks one identity service after the other, until one says yes.
   *
   * @returns undefined when all of them say no
   * @throws when one cannot say, and none says yes
   */
  async #askEach(
    tenantId: string | undefined,
    ask: (identity: I) => Promise<Token | undefined>,
  ): Promise<{ identity: I; token: Token } | undefined> {
    const isFirst = (one: I) => tenantId !== undefined && one.owns(tenantId);
    const order = this.#identities.toSorted((a, b) => Number(isFirst(b)) - Number(isFirst(a)));
    let failure: unknown;
    for (const identity of order) {
      try {
        const token = await ask(identity);
        if (token !== undefined) return { identity, token };
      } catch (error) {
        if (!isNo(error)) failure ??= error;
      }
    }
    if (failure !== undefined) throw failure;
    return undefined;
  }

  #learn(token: Token, identity: I, ttlMs: number, isProven: boolean): Found<I, V> {
    const { key, bytes } = this.#owners.identify(token, identity);
    const known = this.#tokens.owner(key);
    if (known !== undefined) this.#owners.renew(known, token);
    const value = known ?? this.#owners.open(token, identity);
    const terms = { expiresAtMs: token.expiresAtMs, ttlMs, isProven };
    this.#tokens.learn(token.id, { key, value, bytes }, terms, this.#clock.now());
    return { identity, token, owner: value };
  }
}

/** The credentials are none, or none of this identity service's. */
const isNo = (error: unknown): boolean =>
  error instanceof LoginError && (error.reason === 'refused' || error.reason === 'rejected');

/** What went wrong, in words that hold nothing of what the identity service has said: it may quote what it was sent. */
function faultOf(error: unknown): Fault {
  if (error instanceof Fault) return error;
  const retryAfterMs = error instanceof LoginError ? error.retryAfterMs : undefined;
  const headers = { 'retry-after': String(Math.ceil((retryAfterMs ?? RETRY_SECONDS * 1_000) / 1_000)) };
  if (error instanceof LoginError && error.reason === 'limited')
    return new Fault('overLimit', 'The identity service asks for a pause between logins.', {
      code: 429,
      headers,
    });
  return new Fault('serviceUnavailable', 'The identity service cannot be asked now.', { headers });
}
