import { describe, expect, it } from 'vitest';
import type { RegionStanding } from '../../../src/limits/limits.ts';
import { createLog } from '../../../src/telemetry/log.ts';
import { createMetrics } from '../../../src/telemetry/metrics.ts';
import { observeLimits } from '../../../src/telemetry/observers.ts';
import { limit, permitted, requestFor, shaperWith } from '../limits/harness.ts';

const DFW = { account: 'main', region: 'DFW', service: 'compute', scope: 'user' } as const;

function create() {
  const metrics = createMetrics();
  const log = createLog({ level: 'silent', requests: 'none' } as never, { write: () => {} });
  let standings: RegionStanding[] = [];
  observeLimits(metrics, log, () => standings);
  return {
    stand: (...now: RegionStanding[]) => {
      standings = now;
    },
    /** Samples of limits, a line each. */
    async lines(name: string) {
      return (await metrics.text()).split('\n').filter((line) => line.startsWith(`${name}{`));
    },
  };
}

const { shaper, clock } = shaperWith([
  limit('GET', '/servers', 10, 'DAY'),
  limit('POST', '/rax-networks', 0, 'DAY'),
]);

describe('metrics of limits', () => {
  it('forget accounts, regions and limits that are gone', async () => {
    const { stand, lines } = create();
    permitted(shaper.acquire(requestFor('/servers'))).answered(200);
    clock.tick(1000);
    const snapshot = shaper.snapshot();
    stand({ ...DFW, snapshot }, { ...DFW, region: 'ORD', snapshot });
    expect(await lines('sluice_limit_remaining')).toHaveLength(4);
    expect(await lines('sluice_limit_queue_depth')).toHaveLength(2);
    stand({ ...DFW, snapshot: { ...snapshot, limits: snapshot.limits.slice(1) } });
    expect(await lines('sluice_limit_remaining')).toEqual([
      expect.stringContaining('region="DFW",service="compute",scope="user",verb="POST"'),
    ]);
    expect(await lines('sluice_limit_queue_depth')).toHaveLength(1);
    expect(await lines('sluice_limit_exhaustion_timestamp_seconds')).toEqual([]);
    stand();
    expect(await lines('sluice_limit_remaining')).toEqual([]);
    expect(await lines('sluice_limit_queue_depth')).toEqual([]);
    // What was used stays counted.
    expect(await lines('sluice_limit_used_total')).not.toEqual([]);
  });

  it('count what is used once, however often they are read, and from nothing when a limit comes back', async () => {
    const { stand, lines } = create();
    const made = shaperWith([limit('GET', '*', 10, 'DAY')]);
    const standing = () => ({ ...DFW, snapshot: made.shaper.snapshot() });
    for (let time = 0; time < 3; time++) {
      permitted(made.shaper.acquire(requestFor('/servers'))).answered(200);
      stand(standing());
      await lines('sluice_limit_used_total');
    }
    stand();
    await lines('sluice_limit_used_total');
    const again = shaperWith([limit('GET', '*', 10, 'DAY')]);
    permitted(again.shaper.acquire(requestFor('/servers')));
    stand({ ...standing(), snapshot: again.shaper.snapshot() });
    expect(await lines('sluice_limit_used_total')).toEqual([expect.stringMatching(/ 4$/)]);
  });

  it('tell scopes apart, each with a queue of its own, and say once who says that a limit is', async () => {
    const { stand, lines } = create();
    const snapshot = shaper.snapshot();
    stand({ ...DFW, snapshot: { ...snapshot, queueDepth: 3 } }, { ...DFW, scope: 'project', snapshot });
    const budget = 'account="main",region="DFW",service="compute"';
    expect(await lines('sluice_limit_queue_depth')).toEqual([
      `sluice_limit_queue_depth{${budget},scope="user"} 3`,
      `sluice_limit_queue_depth{${budget},scope="project"} 0`,
    ]);
    expect(await lines('sluice_limit_value')).toHaveLength(4);
    expect(await lines('sluice_limit_info')).toContain(
      `sluice_limit_info{${budget},scope="user",verb="GET",uri="/servers",unit="DAY",origin="published"} 1`,
    );
  });

  it('have no exhaustion date for a limit of 0, nor has the status page', async () => {
    const { stand, lines } = create();
    const made = shaperWith([limit('POST', '/rax-networks', 0, 'DAY')]);
    expect(made.shaper.snapshot().limits[0]!.exhaustionMs).toBeUndefined();
    stand({ ...DFW, snapshot: made.shaper.snapshot() });
    expect(await lines('sluice_limit_exhaustion_timestamp_seconds')).toEqual([]);
  });
});
