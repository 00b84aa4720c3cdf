import type { IdentityGate } from '../identity/identity-request.ts';
import { LoginError } from '../identity/login-error.ts';
import type { LimitPlace } from '../limits/budget.ts';
import type { RegionLimits } from '../limits/limits.ts';
import type { Place } from '../routing/directory.ts';

/** The region of an identity service that is for all of them. */
const EVERYWHERE = 'global';

/** Gives what is sent to identity services, Sluice's own logins and callers', its turn in the limits there. */
export class LoginPermits {
  #limits: RegionLimits<Place> | undefined;

  /** These limits are in force from here on. */
  use(limits: RegionLimits<Place>): void {
    this.#limits = limits;
  }

  /**
   * The gate of what is sent in one name.
   *
   * @param account whose limits are spent
   * @param region that the identity service is for; undefined: for all
   */
  gate(account: LimitPlace['account'], region = EVERYWHERE): IdentityGate {
    return async ({ method, url }, signal) => {
      const path = url.pathname.replace(/^.*?\/v[\d.]+(?=\/|$)/, '') || '/';
      const permit = await this.#limits?.acquireLogin(account, { method, path, region }, signal);
      if (permit?.refused)
        throw new LoginError(
          'limited',
          'The limits of the identity service leave no room for a request now.',
          {
            retryAfterMs: permit.retryAfterSeconds * 1_000,
          },
        );
      return {
        answered: (status, headers) => permit?.answered(status, headers),
        lost: () => permit?.answered(),
      };
    };
  }
}
