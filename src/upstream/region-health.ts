import type { Clock } from '../clock.ts';
import { EndpointHealth, type HealthLog } from './endpoint-health.ts';

/** What a proxy in front of a region says when there is nobody behind it. */
const NOBODY_BEHIND = new Set([502, 503, 504]);

/**
 * Whether each region of each account is up, from what becomes of all that is sent there, `VersionWatch`'s questions included.
 * Whether a request is sent is for `Circuits` to say, which know services and no questions of Sluice's own.
 */
export class RegionHealth extends EndpointHealth {
  constructor(clock: Clock, log: HealthLog) {
    super(clock, log, { what: 'a region', isDown: (status) => NOBODY_BEHIND.has(status) });
  }
}
