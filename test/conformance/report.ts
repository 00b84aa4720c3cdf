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

/** The last lines: how it went as a whole. */
export function describeTotals(where: string, results: readonly SectionResult[]): string {
  const { passed, failed, skipped } = countOutcomes(results);
  return `${where}: ${passed} passed, ${failed} failed, ${skipped} skipped`;
}
