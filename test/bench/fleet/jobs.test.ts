import { afterEach, describe, expect, it } from 'vitest';
import { CLIENTS, type Dialect } from '../../../bench/fleet/clients.ts';
import type { Cloud, Exchange } from '../../../bench/fleet/exchange.ts';
import { clientMix, planJobs, runJobs } from '../../../bench/fleet/jobs.ts';
import { type SimulatorInput, simulatorSettings } from '../../../src/simulator/config.ts';
import { createSimulator, type Simulator } from '../../../src/simulator/simulator.ts';

let simulator: Simulator | undefined;
afterEach(async () => {
  await simulator?.close();
  simulator = undefined;
});

const FAST: SimulatorInput = {
  port: 0,
  timing: { buildSeconds: 0.2, actionSeconds: 0 },
  absoluteLimits: { maxTotalInstances: 100, maxTotalCores: 1000, maxTotalRAMSize: 10_000_000 },
};

async function startCloud(dialect: Dialect, settings: SimulatorInput): Promise<Cloud> {
  simulator = createSimulator(simulatorSettings({ ...FAST, ...settings }));
  const { identityUrl } = await simulator.listen();
  const common = { dialect, authUrl: identityUrl, username: 'demo' };
  const password = 'demo-password-for-the-simulator-only';
  return dialect === 'guide'
    ? { ...common, password, apiKey: 'demo-api-key-for-the-simulator-only', project: '424242', region: 'DFW' }
    : { ...common, password, project: '5e1f0c2a9b7d4e6f8a1b2c3d4e5f6071', region: 'GRA11' };
}

describe('planning', () => {
  it('draws the same jobs for the same seed, and others for another', () => {
    const plan = (seed: number) => planJobs({ seed, jobs: 20, dialect: 'openstack' });
    expect(plan(7)).toEqual(plan(7));
    expect(plan(8).map(({ startMs }) => startMs)).not.toEqual(plan(7).map(({ startMs }) => startMs));
    expect(new Set(plan(7).map(({ serverName }) => serverName)).size).toBe(20);
  });

  it.each(['guide', 'openstack'] as const)('gives %s clients by their shares, none left out', (dialect) => {
    const mix = clientMix(50, dialect);
    expect(mix).toHaveLength(50);
    const shares = CLIENTS.map((client) => client.share[dialect] ?? 0);
    const all = shares.reduce((sum, share) => sum + share, 0);
    for (const [index, client] of CLIENTS.entries()) {
      const exact = (50 * shares[index]!) / all;
      expect(Math.abs(mix.filter((one) => one === client).length - exact)).toBeLessThan(1);
    }
  });
});

describe('a fleet before a cloud with room', () => {
  const clouds = [
    ['guide', { rateLimits: { enabled: false } }],
    ['openstack', { preset: 'ovhcloud', serviceLimits: { limits: [] } }],
  ] as const;

  it.each(clouds)('does all its jobs in the dialect %s, and leaves no server', async (dialect, settings) => {
    const cloud = await startCloud(dialect, settings);
    const log: Exchange[] = [];
    const plans = planJobs({ seed: 3, jobs: 14, dialect, arrivalMs: 200, workMs: 20 });
    const reports = await runJobs(plans, () => cloud, {
      pace: 0.05,
      observe: (exchange) => void log.push(exchange),
    });
    expect(reports.map(({ failure }) => failure)).toEqual(plans.map(() => undefined));
    expect(reports.filter(({ leftBehind }) => leftBehind)).toEqual([]);
    expect(log.filter(({ error }) => error !== undefined)).toEqual([]);
    expect(log).toHaveLength(reports.reduce((sum, { requests }) => sum + requests, 0));
    const created = log.filter(({ step }) => step === 'create');
    expect(created.map(({ status }) => status)).toEqual(plans.map(() => 202));
    expect(new Set(reports.map(({ serverId }) => serverId)).size).toBe(14);
    const logins = reports.reduce((sum, report) => sum + report.logins, 0);
    expect(simulator!.control.countOperation('createServer')).toBe(14);
    expect(log.filter(({ step }) => step === 'login')).toHaveLength(logins);
    const lookups = dialect === 'guide' ? 'listImagesDetail' : 'listFlavorsDetail';
    expect(simulator!.control.countOperation(lookups)).toBe(14);
  });
});

describe('a fleet before a cloud that refuses', () => {
  it('fails those whose clients do not come again, and deletes what they made', async () => {
    const cloud = await startCloud('openstack', {
      preset: 'ovhcloud',
      serviceLimits: { limits: [{ service: 'network', value: 1, unit: 'DAY' }] },
    });
    const plans = planJobs({ seed: 3, jobs: 6, dialect: 'openstack', arrivalMs: 0, workMs: 0 }).map(
      (plan) => ({
        ...plan,
        client: CLIENTS.find(({ name }) => name === 'Terraform')!,
      }),
    );
    const reports = await runJobs(plans, () => cloud, { pace: 0.02 });
    const failed = reports.filter(({ failure }) => failure);
    expect(failed).toHaveLength(5);
    for (const { failure, refusals, serverId } of failed) {
      expect(failure).toMatchObject({ step: 'networks', status: 429 });
      expect([refusals, serverId]).toEqual([1, undefined]);
    }
  });

  it('ends where its signal says so', async () => {
    const cloud = await startCloud('openstack', { preset: 'ovhcloud', timing: { buildSeconds: 3600 } });
    const plans = planJobs({ seed: 3, jobs: 2, dialect: 'openstack', arrivalMs: 0, workMs: 0 });
    const end = new AbortController();
    const run = runJobs(plans, () => cloud, {
      signal: end.signal,
      observe: ({ step }) => step === 'poll' && end.abort(),
    });
    await expect(run).rejects.toThrow(/abort/i);
  });
});
