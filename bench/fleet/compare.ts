import { type Figures, figuresOf } from './figures.ts';
import type { JobPlan, JobReport } from './job.ts';
import { runJobs } from './jobs.ts';
import type { CloudSettings } from './settings.ts';
import { type RunningWay, startWay, WAYS, type Way, type WayContext } from './ways.ts';

/** How the comparison says what it is at. */
export interface CompareOptions {
  /** Told when all ways are up. */
  readonly ready?: () => void;
  /** Told of every job that has ended. */
  readonly ended?: (way: Way, report: JobReport) => void;
  readonly signal?: AbortSignal;
  /** As `CallerOptions.pace`. */
  readonly pace?: number;
}

/**
 * Sends the same jobs to the cloud all ways at once, each way with a simulator of its own behind it, so that none is before the
 * other in what the machine gives; resolves with the figures of each.
 */
export async function compareWays(
  plans: readonly JobPlan[],
  cloud: CloudSettings,
  context: WayContext,
  { ready, ended, ...options }: CompareOptions = {},
): Promise<Figures[]> {
  const ways: RunningWay[] = [];
  try {
    for (const way of WAYS) ways.push(await startWay(way, cloud, context));
    ready?.();
    return await Promise.all(
      WAYS.map(async (way, index) => {
        const { authUrl, counts } = ways[index]!;
        const login = { ...cloud.login, dialect: cloud.dialect, authUrl };
        const reports = await runJobs(plans, () => login, {
          ...options,
          ended: (report) => ended?.(way, report),
        });
        return figuresOf(way, reports, await counts());
      }),
    );
  } finally {
    await Promise.all(ways.map(({ stop }) => stop()));
  }
}
