import { setMaxListeners } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { createRandom, derivedSeed } from '../../src/simulator/chaos/random.ts';
import type { CallerOptions } from './caller.ts';
import { CLIENTS, type Client, type Dialect } from './clients.ts';
import type { Cloud } from './exchange.ts';
import { type JobPlan, type JobReport, runJob } from './job.ts';

/**
 * A fleet of CI jobs against any cloud of which only an auth URL is known: the simulator, a proxy before it, or Sluice.
 *
 *     const plans = planJobs({ seed: 1, jobs: 50, dialect: 'openstack' });
 *     const reports = await runJobs(plans, () => cloud, {
 *       observe: (exchange) => log.push(exchange),            // everything sent and received, bodies too
 *       headers: (job, step) => step === 'create' ? { 'Idempotency-Key': `job-${job}` } : {},
 *       signal: AbortSignal.timeout(600_000),
 *       pace: 0.2,                                            // the clients' own pauses, five times as fast
 *     });
 *
 * `cloudOf` may give each job credentials, a region or a gateway of its own. The same seed gives the same jobs; what they meet
 * is real time. A job that fails says so in its report and never rejects; only the signal ends the run with an error.
 */

/** What a fleet is drawn from. */
export interface FleetOptions {
  readonly seed: number;
  readonly jobs: number;
  readonly dialect: Dialect;
  /** All jobs begin within that time, in ms. */
  readonly arrivalMs?: number;
  /** Longest that a job uses its server, in ms. */
  readonly workMs?: number;
}

/** Draws the jobs, in the order in which they begin: their times, clients and parameters. */
export function planJobs({
  seed,
  jobs,
  dialect,
  arrivalMs = 10_000,
  workMs = 5000,
}: FleetOptions): JobPlan[] {
  const random = createRandom(derivedSeed(seed, dialect));
  const mix = shuffled(clientMix(jobs, dialect), random);
  const starts = mix.map(() => Math.round(random() * arrivalMs)).sort((a, b) => a - b);
  return mix.map((client, index) => ({
    index,
    client,
    startMs: starts[index]!,
    serverName: `ci-${seed}-${index}`,
    flavor: random(),
    image: random(),
    metadata: { pipeline: String(1000 + Math.floor(random() * 9000)), job: String(index) },
    workMs: Math.round(random() * workMs),
  }));
}

/** Runs the jobs, each at its time, all against the cloud that `cloudOf` says; resolves when the last has ended. */
export function runJobs(
  plans: readonly JobPlan[],
  cloudOf: (plan: JobPlan) => Cloud,
  options: CallerOptions & { readonly ended?: (report: JobReport) => void } = {},
): Promise<JobReport[]> {
  const { signal, ended } = options;
  // Every job listens, and each of its requests.
  if (signal) setMaxListeners(0, signal);
  return Promise.all(
    plans.map(async (plan) => {
      await pause(plan.startMs, undefined, signal ? { signal } : {});
      const report = await runJob(plan, cloudOf(plan), options);
      ended?.(report);
      return report;
    }),
  );
}

/** How many jobs each client of a dialect has, by its share; what is left over goes to those with the largest remainders. */
export function clientMix(jobs: number, dialect: Dialect): Client[] {
  const clients = CLIENTS.filter(({ share }) => (share[dialect] ?? 0) > 0);
  const all = clients.reduce((sum, { share }) => sum + share[dialect]!, 0);
  const exact = clients.map((client) => ({ client, count: (jobs * client.share[dialect]!) / all }));
  const left = jobs - exact.reduce((sum, { count }) => sum + Math.floor(count), 0);
  const byRemainder = [...exact].sort((a, b) => (b.count % 1) - (a.count % 1)).slice(0, left);
  return exact.flatMap((entry) =>
    Array.from(
      { length: Math.floor(entry.count) + (byRemainder.includes(entry) ? 1 : 0) },
      () => entry.client,
    ),
  );
}

/** The same items in an order of chance (Fisher and Yates). */
function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const order = [...items];
  for (let last = order.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [order[last], order[other]] = [order[other]!, order[last]!];
  }
  return order;
}
