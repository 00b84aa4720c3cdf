import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { freePort, type Program, start } from '../program.ts';
import type { RegionCounts } from './figures.ts';
import type { CloudSettings } from './settings.ts';

/** Nothing is measured of a start, and a busy machine may take its time. */
const START_PATIENCE_MS = 240_000;

/** The ways to the cloud that are compared. Each has a simulator of its own behind it. */
export const WAYS = ['direct', 'FIFO proxy', 'Sluice'] as const;
export type Way = (typeof WAYS)[number];

/** What the processes of a way are started with. */
export interface WayContext {
  /** Sluice's command, as arguments of node. */
  readonly cli: readonly string[];
  /** A folder of this run, for generated configuration. */
  readonly folder: string;
  /** How long the simulator's servers are in BUILD, in s. */
  readonly buildSeconds: number;
  /** Settings of the gateway that go over the ordinary ones. */
  readonly gateway?: object;
}

/** A way that is up. */
export interface RunningWay {
  /** What jobs log in at. */
  readonly authUrl: string;
  /** What the region has counted since the jobs could begin. */
  counts(): Promise<RegionCounts>;
  stop(): Promise<void>;
}

/** Starts a simulator with the cloud's limits, and before it what the way is through, each a process of its own. */
export async function startWay(way: Way, cloud: CloudSettings, context: WayContext): Promise<RunningWay> {
  const programs: Program[] = [];
  const stop = async () => {
    for (const program of programs.splice(0).reverse()) await program.stop();
  };
  try {
    const region = await startSimulator(cloud, context, programs);
    const root = way === 'direct' ? region : await startBefore(way, region, cloud, context, programs);
    // What a gateway asks before anybody calls it belongs to its cost.
    if (way !== 'Sluice') await fetch(`${region}/_simulator/counters/reset`, { method: 'POST' });
    return { authUrl: `${root}${cloud.authPath}`, counts: () => countsOf(region), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startSimulator(
  { simulator }: CloudSettings,
  context: WayContext,
  programs: Program[],
): Promise<string> {
  const port = await freePort();
  const timing = { buildSeconds: context.buildSeconds };
  const settings = { ...simulator, port, timing, seed: 1, chaos: { enabled: true } };
  const file = configuration(context, `simulator-${port}`, { simulator: settings });
  const root = `http://127.0.0.1:${port}`;
  programs.push(await startNode([...context.cli, 'simulate', '-c', file], `${root}/_simulator`));
  return root;
}

async function startBefore(
  way: Exclude<Way, 'direct'>,
  region: string,
  cloud: CloudSettings,
  context: WayContext,
  programs: Program[],
): Promise<string> {
  const port = await freePort();
  const root = `http://127.0.0.1:${port}`;
  if (way === 'FIFO proxy') {
    const script = fileURLToPath(new URL('./fifo/main.ts', import.meta.url));
    const args = ['--import', 'tsx', script, String(port), region, JSON.stringify(cloud.fifo)];
    programs.push(await startNode(args, `${root}/`));
    return root;
  }
  const adminPort = await freePort();
  const file = configuration(context, `sluice-${port}`, {
    listen: { port },
    admin: { port: adminPort },
    ...cloud.gateway(`${region}${cloud.authPath}`),
    ...context.gateway,
  });
  programs.push(
    await startNode([...context.cli, 'serve', '-c', file], `http://127.0.0.1:${adminPort}/readyz`),
  );
  return root;
}

const startNode = (args: string[], readyUrl: string): Promise<Program> =>
  start([process.execPath, args], readyUrl, START_PATIENCE_MS);

function configuration({ folder }: WayContext, name: string, settings: object): string {
  const file = join(folder, `${name}.yaml`);
  writeFileSync(file, stringify(settings));
  return file;
}

async function countsOf(region: string): Promise<RegionCounts> {
  const answer = await fetch(`${region}/_simulator`);
  if (answer.status !== 200) throw new Error(`the simulator's counters were answered ${answer.status}`);
  const report = (await answer.json()) as {
    logins: number;
    rejected: Record<string, number>;
    statuses: Record<string, number>;
  };
  const sum = (counts: Record<string, number>) =>
    Object.values(counts).reduce((all, count) => all + count, 0);
  return { logins: report.logins, requests: sum(report.statuses), refusals: sum(report.rejected) };
}
