import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { check } from './checker.ts';
import { Cloud } from './cloud.ts';
import { disturb } from './disturb.ts';
import { runLoad, type Tally } from './load.ts';
import type { Finding, Logs } from './log.ts';
import { planOf, type Step } from './plan.ts';
import { Recorder } from './recorder.ts';
import { REGIONS, termsOf } from './settings.ts';
import { StandstillWatch } from './standstills.ts';
import { startWorld, type World } from './world.ts';

export interface SessionOptions {
  readonly seed: number;
  readonly durationMs: number;
  /** Jobs of each client at a time; there are four clients. */
  readonly jobsAtOnce: number;
  /** What runs Sluice: `node dist/cli.js`. */
  readonly command: readonly string[];
  readonly tell: (line: string) => void;
  /** What is done; that of the seed when left out. */
  readonly plan?: readonly Step[];
  /** Hears when all is up, and the load and the plan begin. */
  readonly started?: () => void;
}

/** What came of a run. */
export interface Session {
  readonly findings: readonly Finding[];
  readonly logs: Logs;
  readonly tally: Tally;
  /** Where the logs of the instances are, if there was a finding. */
  readonly directory: string;
}

const RECOVERY_MS = 60_000;

/** Sets the world up, disturbs it under load for so long, waits for what runs, and judges by both ends' logs. */
export async function runSession(options: SessionOptions): Promise<Session> {
  const { seed, durationMs, jobsAtOnce, command, tell } = options;
  const recorder = new Recorder();
  const world = await startWorld(seed, command, recorder);
  const watch = new StandstillWatch();
  let isClean = false;
  try {
    const terms = termsOf(world.tenants, world.instances.length);
    const clouds = world.tenants.map((tenant) => new Cloud(world.cloudUrl, tenant));
    for (const cloud of clouds) await cloud.recordConstants(recorder);
    options.started?.();
    let isOver = false;
    const { allowanceMs } = terms;
    const load = runLoad(world, recorder, { seed, jobsAtOnce, allowanceMs, isOver: () => isOver });
    const { plan = planOf(seed, durationMs, { instances: world.instances.length, regions: REGIONS }) } =
      options;
    await Promise.all([disturb(world, plan, recorder, tell), pause(durationMs)]);
    isOver = true;
    tell('all is whole again: the jobs that run come to their end');
    const tally = await load;
    const unrecovered = await notRecovered(world);
    const final = (await Promise.all(clouds.map((cloud) => cloud.finalStates()))).flat();
    const { attempts, exchanges, disturbances } = recorder;
    const logs = { terms, attempts, exchanges, disturbances, standstills: watch.found, final };
    const crashes = world.instances.flatMap(({ name, crash }) =>
      crash === undefined
        ? []
        : [
            {
              rule: 'crash' as const,
              atMs: crash.atMs,
              text: `instance ${name} ended by itself: ${crash.how}`,
            },
          ],
    );
    const findings = [...check(logs), ...unrecovered, ...crashes];
    isClean = findings.length === 0;
    if (!isClean) await writeLogs(world.directory, logs);
    return { findings, logs, tally, directory: world.directory };
  } finally {
    watch.stop();
    await world.close(!isClean);
  }
}

/** For whoever looks into a finding: both ends' logs, a line each. A quarter of an hour is more than one string holds. */
async function writeLogs(directory: string, { attempts, exchanges, disturbances }: Logs): Promise<void> {
  function* text(lines: readonly object[]): Generator<string> {
    for (const line of lines) yield `${JSON.stringify(line)}\n`;
  }
  for (const [name, lines] of Object.entries({ attempts, exchanges, disturbances }))
    await pipeline(Readable.from(text(lines)), createWriteStream(join(directory, `${name}.jsonl`)));
}

/** Every instance serves every tenant in every region again, without anybody's help. */
async function notRecovered({ instances, tenants }: World): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const { name, port } of instances)
    for (const tenant of tenants)
      for (const region of REGIONS) {
        const url = `http://127.0.0.1:${port}/${region.toLowerCase()}/v2/${tenant.id}/servers`;
        const status = await untilAnswered(url, tenant.clients[0]!.key);
        if (status === 200) continue;
        const text = `instance ${name} answers ${status} for ${tenant.name} in ${region} a minute after all was whole`;
        findings.push({ rule: 'no recovery', atMs: Date.now(), text });
      }
  return findings;
}

/** @returns 200, or what else came last */
async function untilAnswered(url: string, key: string): Promise<number | string> {
  const deadline = Date.now() + RECOVERY_MS;
  for (;;) {
    const last = await fetch(url, {
      headers: { 'x-auth-token': key },
      signal: AbortSignal.timeout(RECOVERY_MS),
    }).then(
      async (answer) => {
        await answer.arrayBuffer();
        return answer.status;
      },
      (error: Error) => error.message,
    );
    if (last === 200 || Date.now() > deadline) return last;
    await pause(500);
  }
}
