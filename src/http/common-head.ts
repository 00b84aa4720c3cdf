import type { RequestFacts } from './request-facts.ts';

/** What an answer depends on beside its URL: all that is part of a cache key or chooses a rendering (RFC 9110, section 12.5.5). */
const VARY = 'Accept, Accept-Encoding, X-Region, OpenStack-API-Version, X-OpenStack-Nova-API-Version';

/** What every answer says beside its request id. */
export function commonHead(call: RequestFacts): string[] {
  const head = ['Via', '1.1 sluice', 'X-Sluice-Region', call.region, 'Vary', VARY];
  if (call.waitedMs >= 1) head.push('X-Sluice-Wait-Ms', String(Math.round(call.waitedMs)));
  return head;
}
