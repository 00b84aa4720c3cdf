import { expect, it } from 'vitest';
import { ask } from '../support/ask.ts';
import { startGateway } from '../support/gateway.ts';
import { LIMITER_KINDS } from '../support/reference-upstreams.ts';
import { enforcedBy, publishedAs, type StubLimit } from '../support/stub-rates.ts';
import { startStubUpstream } from '../support/stub-upstream.ts';

const REQUESTS = 500;
const CALLERS = 100;

it.concurrent.each(LIMITER_KINDS)(
  '500 requests through a region that allows 40 a second (%s): no 413 at the region, none at a caller',
  async (kind) => {
    const upstream = await startStubUpstream();
    const dfw = upstream.region('DFW');
    const limits: StubLimit[] = [{ verb: 'ALL', uri: '*', value: 40, unit: 'SECOND' }];
    dfw.publish(publishedAs(limits));
    dfw.enforce(enforcedBy(kind, limits));
    // A machine under load may take long over 500 requests: nobody is refused for that here.
    const gateway = await startGateway({
      identityUrl: upstream.identityUrl,
      settings: { limits: { maxWaitMs: 120_000 }, log: { requests: 'none' } },
    });
    try {
      const statuses = new Map<number, number>();
      let left = REQUESTS;
      const caller = async () => {
        // Each asks for something else: those that ask the same would share a slot.
        while (left-- > 0) {
          const { status } = await ask(`${gateway.url}/dfw/v2/700100/servers/detail?name=${left}`);
          statuses.set(status, (statuses.get(status) ?? 0) + 1);
        }
      };
      await Promise.all(Array.from({ length: CALLERS }, caller));
      expect(Object.fromEntries(statuses)).toEqual({ 200: REQUESTS });
      expect(dfw.overLimits).toBe(0);
      expect(dfw.count('GET /servers/detail')).toBe(REQUESTS);
      expect(await gateway.metric('sluice_upstream_overlimit_total')).toBe(0);
      expect(await gateway.metric('sluice_limit_wait_seconds_count')).toBeGreaterThan(0);
      expect(await gateway.metric('sluice_limit_queue_depth')).toBe(0);
    } finally {
      await gateway.close();
      await upstream.close();
    }
  },
  120_000,
);
