import { createHash } from 'node:crypto';
import { LoginError } from '../identity/login-error.ts';
import type { RegionLimits } from '../limits/limits.ts';
import type { Permit, Refusal } from '../limits/slot-request.ts';
import type { Place } from '../routing/directory.ts';

/** Callers who log in as users of their own are told apart as far as this many: whoever comes can make names up. */
const MOST_CALLERS = 64;
/** The region of an identity service that is for all of them. */
const EVERYWHERE = 'global';

/** Gives logins, Sluice's own and those that go through, their turn in the limits of the identity service. */
export class LoginPermits {
  #limits: RegionLimits<Place> | undefined;

  /** These limits are in force from here on. */
  use(limits: RegionLimits<Place>): void {
    this.#limits = limits;
  }

  /**
   * A login of an account.
   *
   * @param region that its identity service is for; undefined: for all
   * @throws {LoginError} what the login throws; `limited` when it would wait longer than it may
   */
  ofAccount<T>(
    account: string,
    region: string | undefined,
    login: () => Promise<T>,
    signal: AbortSignal,
  ): Promise<T> {
    return this.#run(account, region ?? EVERYWHERE, login, signal);
  }

  /** A caller's own login at an identity service; see `ofAccount`. */
  ofCaller<T>(identityUrl: string, username: string, login: () => Promise<T>): Promise<T> {
    const digest = createHash('sha256').update(`${identityUrl}\n${username}`).digest();
    return this.#run(`caller ${digest.readUInt32BE(0) % MOST_CALLERS}`, EVERYWHERE, login);
  }

  async #run<T>(name: string, region: string, login: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const permit = await this.#limits?.acquireLogin(name, region, signal);
    if (permit?.refused) throw tooMany(permit);
    try {
      const token = await login();
      permit?.answered(200);
      return token;
    } catch (error) {
      settle(permit, error);
      throw error;
    }
  }
}

function tooMany({ retryAfterSeconds }: Refusal): LoginError {
  return new LoginError('limited', 'The limits of the identity service leave no room for a login now.', {
    retryAfterMs: retryAfterSeconds * 1_000,
  });
}

/** Tells the limits what became of a login that failed. */
function settle(permit: Permit | undefined, error: unknown): void {
  const { reason, retryAfterMs } = error instanceof LoginError ? error : new LoginError('unreachable', '');
  const seconds = Math.ceil((retryAfterMs ?? 0) / 1_000);
  if (reason === 'unreachable') permit?.answered();
  else if (reason === 'untrusted') permit?.cancel();
  else if (reason !== 'limited') permit?.answered(400);
  else permit?.answered(429, seconds > 0 ? { 'retry-after': `${seconds}` } : {});
}
