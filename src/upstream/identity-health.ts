import type { Clock } from '../clock.ts';
import type { IdentityPulse } from '../identity/identity-request.ts';
import { EndpointHealth, type HealthLog } from './endpoint-health.ts';
import { describeFailure } from './exchange.ts';

/**
 * Whether the identity services of each account answer, from the logins and validations there and from what `VersionWatch`
 * asks. For people, and for nothing else: tokens that are valid serve on.
 */
export class IdentityHealth extends EndpointHealth {
  constructor(clock: Clock, log: HealthLog) {
    super(clock, log, { what: 'an identity service', isDown: (status) => status >= 500 });
  }

  /**
   * What becomes of logins and validations. That one of them goes wrong says little of the service: it is asked then.
   *
   * @param region empty: the identity service is for all
   */
  pulse(account: string, region: string): IdentityPulse {
    return {
      answered: (status) => {
        if (status < 500) this.heard(account, region, status);
        else this.suspect(account, region);
      },
      failed: (error) => {
        const { kind, message } = describeFailure(error as Error, true, false);
        if (kind === 'timeout') this.suspect(account, region);
        else this.failed(account, region, message);
      },
      late: () => this.suspect(account, region),
    };
  }
}
