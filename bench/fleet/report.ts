import type { Client, Dialect } from './clients.ts';
import type { Figures } from './figures.ts';
import type { JobPlan } from './job.ts';

/** What is written of a run: tables in Markdown. */

/** A cloud's figures, a column a way. */
export function tableOf(figures: readonly Figures[]): string {
  const rows: readonly (readonly [string, (of: Figures) => string])[] = [
    ['time until all jobs are done', ({ allDoneMs }) => seconds(allDoneMs)],
    ['jobs that failed', ({ failed, jobs }) => `${failed} of ${jobs}`],
    ['servers left behind', ({ leftBehind }) => String(leftBehind)],
    ['refusals the jobs saw', ({ refusalsSeen }) => String(refusalsSeen)],
    ['refusals by the region', ({ region }) => String(region.refusals)],
    ['logins at the region', ({ region }) => String(region.logins)],
    ['requests at the region', ({ region }) => String(region.requests)],
    ['wait of a job that was done, p50', ({ waitP50Ms }) => seconds(waitP50Ms)],
    ['wait of a job that was done, p99', ({ waitP99Ms }) => seconds(waitP99Ms)],
    ['fairness (Jain’s index)', ({ fairness }) => fairness.toFixed(2)],
    ['where jobs failed', ({ failures }) => listed(failures)],
  ];
  return [
    `| | ${figures.map(({ way }) => way).join(' | ')} |`,
    `| --- |${' ---: |'.repeat(figures.length)}`,
    ...rows.map(([title, cell]) => `| ${title} | ${figures.map(cell).join(' | ')} |`),
  ].join('\n');
}

/** The figures of all clouds in one table, a line a way: what the README shows. */
export function summaryOf(
  clouds: readonly { readonly name: string; readonly figures: readonly Figures[] }[],
): string {
  const rows = clouds.flatMap(({ name, figures }) =>
    figures.map((of) => {
      const waits = `${seconds(of.waitP50Ms)} / ${seconds(of.waitP99Ms)}`;
      const { logins, requests, refusals } = of.region;
      const cells = [name, of.way, seconds(of.allDoneMs), of.failed, refusals, logins, requests, waits];
      return `| ${cells.join(' | ')} | ${of.fairness.toFixed(2)} |`;
    }),
  );
  return [
    '| limits | way | all ended after | jobs that failed | refusals | logins | requests | wait p50 / p99 | fairness |',
    '| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |',
    ...rows,
  ].join('\n');
}

/** The clients of a fleet: how many jobs each has, and what it does by itself when it is refused. */
export function mixOf(plans: readonly JobPlan[], dialect: Dialect): string {
  const counts = new Map<Client, number>();
  for (const { client } of plans) counts.set(client, (counts.get(client) ?? 0) + 1);
  const rows = [...counts]
    .sort(([, a], [, b]) => b - a)
    .map(([{ name, logsIn, retries }, count]) => `| ${name} | ${count} | ${logsIn} | ${retries.says} |`);
  const identity = dialect === 'guide' ? 'Identity v2.0' : 'Identity v3';
  return [
    `| client (${identity}) | jobs | a login each | retries of its own |`,
    '| --- | ---: | --- | --- |',
    ...rows,
  ].join('\n');
}

const seconds = (ms: number): string => (Number.isNaN(ms) ? 'none' : `${(ms / 1000).toFixed(1)} s`);

function listed(failures: ReadonlyMap<string, number>): string {
  const parts = [...failures].sort(([, a], [, b]) => b - a).map(([what, count]) => `${count} × ${what}`);
  return parts.length === 0 ? 'nowhere' : parts.join('; ');
}
