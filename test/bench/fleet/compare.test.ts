import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { compareWays } from '../../../bench/fleet/compare.ts';
import { planJobs } from '../../../bench/fleet/jobs.ts';
import { CLOUDS } from '../../../bench/fleet/settings.ts';

const cli = ['--import', 'tsx', fileURLToPath(new URL('../../../src/cli.ts', import.meta.url))];

it('a small fleet does its jobs all three ways, and the region counts what each way costs', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fleet-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const plans = planJobs({ seed: 5, jobs: 6, dialect: 'openstack', arrivalMs: 300, workMs: 10 });
  const [direct, fifo, sluice] = await compareWays(
    plans,
    { ...CLOUDS.ovhcloud, simulator: { ...CLOUDS.ovhcloud.simulator, serviceLimits: { limits: [] } } },
    { cli, folder, buildSeconds: 0.2 },
    { pace: 0.05 },
  );
  for (const way of [direct!, fifo!, sluice!])
    expect([way.way, way.failed, way.leftBehind, way.region.refusals, [...way.failures]]).toEqual([
      way.way,
      0,
      0,
      0,
      [],
    ]);
  expect(fifo!.region.logins).toBe(direct!.region.logins);
  expect(sluice!.region.logins).toBe(1);
  expect(sluice!.region.requests).toBeLessThan(direct!.region.requests);
}, 600_000);
