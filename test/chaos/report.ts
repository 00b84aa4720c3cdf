import type { Attempt, Logs } from './log.ts';
import type { Session } from './session.ts';

/** The figures of a run, for people. */
export function reportOf({ findings, logs, tally }: Session): string[] {
  const answered = logs.attempts.filter(({ outcome }) => outcome.kind === 'answer');
  const refusedByRegion = logs.exchanges.filter(({ done }) => done?.status === 413).length;
  const waits = answered.map(({ sentMs, endedMs }) => endedMs - sentMs).sort((a, b) => a - b);
  const part = (share: number) => waits[Math.min(waits.length - 1, Math.floor(waits.length * share))] ?? 0;
  return [
    `${tally.jobs} jobs, ${tally.givenUp} given up; ${new Set(logs.attempts.map(({ call }) => call)).size} requests in ${logs.attempts.length} attempts`,
    `callers got: ${countsOf(logs.attempts.map(endOf))}; half within ${part(0.5)} ms, 99 of 100 within ${part(0.99)} ms`,
    `regions and identity got ${logs.exchanges.length}: ${countsOf(logs.exchanges.map(({ fate, status }) => (fate === 'answered' ? `${status}` : fate)))}`,
    `replayed ${countOf(answered, 'idempotent-replayed')}, recovered ${countOf(answered, 'x-sluice-recovered')}; refused by a region for its rate ${refusedByRegion}`,
    `disturbances: ${countsOf(logs.disturbances.map(({ lane, kind }) => `${lane} ${kind}`))}`,
    `${findings.length} findings${findings.length === 0 ? '' : `: ${countsOf(findings.map(({ rule }) => rule))}`}`,
  ];
}

const endOf = ({ outcome }: Attempt): string =>
  outcome.kind === 'answer' ? String(outcome.status) : outcome.kind;

const countOf = (attempts: Logs['attempts'], header: string): number =>
  attempts.filter(({ outcome }) => outcome.kind === 'answer' && outcome.headers[header] !== undefined).length;

function countsOf(names: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, count]) => `${count} × ${name}`)
    .join(', ');
}
