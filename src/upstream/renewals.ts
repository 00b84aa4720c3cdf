import type { Token } from '../identity/token.ts';
import { ExchangeError } from './exchange.ts';

/** Where tokens come from; the narrow part of a token source that sending needs. */
export interface Tokens {
  peek(): Token | undefined;
  get(signal?: AbortSignal): Promise<Token>;
  refused(token: Token, signal?: AbortSignal): Promise<Token>;
  /** What `refused` was called for has been answered otherwise with this token. */
  accepted(token: Token): void;
}

/** Replaces tokens that a region refuses: at once for what can be sent again, in the background for what cannot. */
export class Renewals {
  readonly #running = new WeakMap<Tokens, Promise<void>>();

  /**
   * The token to try again with; the same one when it may just not have arrived everywhere.
   *
   * @throws {Fault} serviceUnavailable, with Retry-After: there is none to be had now
   */
  renew(tokens: Tokens, token: Token, signal: AbortSignal | undefined): Promise<Token> {
    return tokens.refused(token, signal);
  }

  /**
   * Goes on until there is another token, or no hope of one: nobody is there who would try the same one again and say so.
   */
  renewInBackground(tokens: Tokens, token: Token): void {
    if (this.#running.has(tokens)) return;
    const running = this.#replace(tokens, token)
      // The token source has logged why; who needs a token is told.
      .catch(() => {})
      .finally(() => this.#running.delete(tokens));
    this.#running.set(tokens, running);
  }

  /** The replacement that is under way, for those who cannot send twice. */
  pending(tokens: Tokens): Promise<void> | undefined {
    return this.#running.get(tokens);
  }

  async #replace(tokens: Tokens, token: Token): Promise<void> {
    const next = await this.renew(tokens, token, undefined);
    if (next.id === token.id) await this.renew(tokens, next, undefined);
  }
}

/** The region has answered, and not to refuse the token. */
export const isTaken = (result: { status: number } | ExchangeError): boolean =>
  !(result instanceof ExchangeError) && result.status !== 401;
