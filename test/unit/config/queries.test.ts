import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { METRICS } from '../../../src/telemetry/metric-list.ts';
import { programAvailable } from '../../support/programs.ts';
import { dashboardQueries, questionQueries, ruleQueries, rules } from '../../support/queries.ts';

const at = (path: string) => fileURLToPath(new URL(`../../../${path}`, import.meta.url));

/** Labels by the name of a series; those of recorded series are what their rule leaves. */
const LABELS = new Map<string, readonly string[]>(
  Object.values(METRICS).flatMap(({ name, type, labels }): [string, readonly string[]][] => {
    if (type !== 'histogram') return [[name, labels]];
    return [
      [`${name}_bucket`, [...labels, 'le']],
      [`${name}_sum`, labels],
      [`${name}_count`, labels],
    ];
  }),
);
for (const { record, expr } of rules()) if (record !== undefined) LABELS.set(record, labelsIn(expr));

/** What Prometheus itself puts on every series. */
const COMMON = ['job', 'instance'];

function seriesIn(expression: string): string[] {
  return [...expression.matchAll(/\bsluice[_:][\w:]+/g)].map(([name]) => name);
}

function labelsIn(expression: string): string[] {
  return seriesIn(expression).flatMap((name) => LABELS.get(name) ?? []);
}

describe('every query of rules, dashboards and docs', () => {
  const all = [...ruleQueries(), ...dashboardQueries(), ...questionQueries()];

  it('is found', () => expect(all.length).toBeGreaterThan(50));

  it.each(all)('$where: $expression', ({ expression }) => {
    const series = seriesIn(expression);
    if (expression !== 'up{job="sluice"} == 0') expect(series).not.toEqual([]);
    for (const name of series) expect(LABELS.keys()).toContain(name);
    for (const [, name, inner] of expression.matchAll(/\b(sluice[_:][\w:]+)\{([^}]*)\}/g))
      for (const [, label] of inner!.matchAll(/(\w+)\s*[=!]/g))
        expect([...LABELS.get(name!)!, ...COMMON]).toContain(label);
    for (const [, list] of expression.matchAll(/\b(?:by|on) \(([^)]*)\)/g))
      for (const label of list!.split(','))
        expect([...labelsIn(expression), ...COMMON]).toContain(label.trim());
  });
});

it('every alert has a section in docs/on-call.md', () => {
  const text = readFileSync(at('docs/on-call.md'), 'utf8');
  const alerts = rules().filter(({ alert }) => alert !== undefined);
  expect(alerts.length).toBeGreaterThan(10);
  for (const { alert, annotations } of alerts) {
    expect(annotations?.runbook).toBe(`docs/on-call.md#${alert!.toLowerCase()}`);
    expect(text).toContain(`\n### ${alert}\n`);
  }
});

describe.skipIf(!programAvailable('promtool', 'prometheus'))('promtool', () => {
  it.each([
    ['check', 'config/prometheus/rules.yml'],
    ['test', 'config/prometheus/rules.test.yml'],
  ])('%s rules', (command, file) => {
    const { status, stdout, stderr } = spawnSync('promtool', [command, 'rules', at(file)], {
      encoding: 'utf8',
    });
    expect(stderr).not.toContain('FAILED');
    expect([status, stdout]).toEqual([0, expect.stringContaining('SUCCESS')]);
  });

  it('every alert is tested, to fire and not to', () => {
    const tests = readFileSync(at('config/prometheus/rules.test.yml'), 'utf8');
    for (const { alert } of rules())
      if (alert !== undefined) expect(tests.split(`alertname: ${alert}\n`)).toHaveLength(3);
  });
});
