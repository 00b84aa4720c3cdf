import type { Exemplar } from './families.ts';

/** The media type of OpenMetrics, for what says in `Accept` that it takes it. */
export const OPEN_METRICS_TYPE = 'application/openmetrics-text; version=1.0.0; charset=utf-8';

/** A family as prom-client gives it. */
interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: unknown;
  readonly values: readonly {
    readonly metricName?: string;
    readonly value: number;
    readonly labels: Partial<Record<string, string | number>>;
    readonly exemplar?: Exemplar | undefined | null;
  }[];
}

/** Whether an `Accept` asks for OpenMetrics before Prometheus' own text; Prometheus does when exemplars are wanted. */
export function wantsOpenMetrics(accept: string | undefined): boolean {
  if (accept === undefined) return false;
  const ranges = accept.slice(0, 1_000).toLowerCase().split(',');
  const weight = (type: string): number =>
    Math.max(0, ...ranges.filter((range) => range.trim().startsWith(type)).map(qualityOf));
  const open = weight('application/openmetrics-text');
  return open > 0 && open >= weight('text/plain');
}

function qualityOf(range: string): number {
  const written = /;\s{0,4}q=([\d.]{1,5})/.exec(range)?.[1];
  return written === undefined ? 1 : Number(written);
}

/** Families in the form of OpenMetrics 1.0: counters named without their suffix, exemplars behind buckets, an end. */
export function toOpenMetrics(families: readonly unknown[]): string {
  return `${(families as readonly Family[]).map(familyText).join('')}# EOF\n`;
}

function familyText({ name, help, type, values }: Family): string {
  const isCounter = type === 'counter';
  const family = isCounter ? name.replace(/_total$/, '') : name;
  const lines = values.map(({ metricName, value, labels, exemplar }) => {
    const sample = metricName ?? (isCounter ? `${family}_total` : name);
    return `${sample}${labelText(labels)} ${numberText(value)}${exemplarText(exemplar)}\n`;
  });
  return `# HELP ${family} ${escapeText(help)}\n# TYPE ${family} ${String(type)}\n${lines.join('')}`;
}

function labelText(labels: Partial<Record<string, string | number>>): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}="${escapeText(String(value))}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function exemplarText(exemplar: Exemplar | undefined | null): string {
  if (!exemplar) return '';
  const { traceId, value, at } = exemplar;
  return ` # {trace_id="${traceId}"} ${value} ${at}`;
}

function numberText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  return Number.isFinite(value) ? String(value) : value > 0 ? '+Inf' : '-Inf';
}

const escapeText = (text: string): string =>
  text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
