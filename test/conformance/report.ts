import type { Need } from './section.ts';
import type { CaseResult, SectionResult } from './suite.ts';

/** How many cases ended how. */
export interface Totals {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** Counts the cases of all sections. */
export function countOutcomes(results: readonly SectionResult[]): Totals {
  const totals = { passed: 0, failed: 0, skipped: 0 };
  for (const { outcome } of results.flatMap(({ cases }) => cases)) totals[outcome.kind]++;
  return totals;
}

/** One section in one format, for people: a line, and what failed below it. */
export function describeSection({ section, format, cases, leftovers }: SectionResult): string {
  const { passed, failed, skipped } = countCases(cases);
  const mark = failed > 0 ? 'FAILED ' : passed > 0 ? 'ok     ' : 'skipped';
  const counts = `${passed} passed${failed > 0 ? `, ${failed} failed` : ''}${skipped > 0 ? `, ${skipped} skipped` : ''}`;
  const title = `${section.id} ${section.title}`;
  return [
    `${mark}  ${title}, ${format.toUpperCase()}: ${counts}`,
    ...cases.flatMap(describeFailure),
    ...leftovers.map((path) => `           could not be deleted: ${path}`),
  ].join('\n');
}

function countCases(cases: readonly CaseResult[]): Totals {
  const totals = { passed: 0, failed: 0, skipped: 0 };
  for (const { outcome } of cases) totals[outcome.kind]++;
  return totals;
}

function describeFailure({ name, outcome }: CaseResult): string[] {
  if (outcome.kind !== 'failed') return [];
  return [`         - ${name}`, `           ${outcome.reason.replaceAll('\n', '\n           ')}`];
}

/** What would have to be given for a case that needs it. */
const WAYS: Readonly<Record<Need, string>> = {
  read: 'nothing',
  write: '--write',
  world: 'a simulator whose time and faults can be turned: run without --base-url',
  identity: '--auth-url with --username and --api-key',
  volume: '--write and --volume',
  guarded: 'an endpoint that refuses who has no token',
  guardedIdentity: 'such an endpoint, and --auth-url with --username and --api-key',
};

/** The last lines: how it went as a whole, and what the cases that were skipped need. */
export function describeTotals(where: string, results: readonly SectionResult[]): string {
  const { passed, failed, skipped } = countOutcomes(results);
  const needs = new Map<Need, number>();
  for (const { outcome } of results.flatMap(({ cases }) => cases))
    if (outcome.kind === 'skipped') needs.set(outcome.need, (needs.get(outcome.need) ?? 0) + 1);
  return [
    `${where}: ${passed} passed, ${failed} failed, ${skipped} skipped`,
    ...[...needs].map(([need, count]) => `  ${count} skipped for want of ${WAYS[need]}`),
  ].join('\n');
}
