import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { CounterFamily, HistogramFamily, type MetricDescription } from './families.ts';
import { METRICS } from './metric-list.ts';
import { toOpenMetrics } from './open-metrics.ts';
import { RequestFamily } from './request-family.ts';

export { METRICS } from './metric-list.ts';

type Built<D extends MetricDescription> = D['type'] extends 'counter'
  ? CounterFamily
  : D['type'] extends 'gauge'
    ? Gauge<D['labels'][number]>
    : HistogramFamily;

/** The metrics of one gateway, by their keys in `METRICS`. */
export type Metrics = {
  readonly [K in Exclude<keyof typeof METRICS, 'httpRequests' | 'httpResponseBytes'>]: Built<
    (typeof METRICS)[K]
  >;
} & {
  /** Requests and the bytes of their answers: one look-up for both. */
  readonly httpRequests: RequestFamily;
  readonly registry: Registry;
  /** Calls `collect` before each scrape, for gauges that are read, not kept; the last one under a name counts. */
  onScrape(name: string, collect: () => void): void;
  /** The whole of it as Prometheus text, or in the form of OpenMetrics with exemplars. */
  text(form?: 'prometheus' | 'openmetrics'): Promise<string>;
};

/** Builds every metric of the list on a registry of its own, with the process's own metrics beside them. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const collectors = new Map<string, () => void>();
  const built: Record<string, unknown> = {
    registry,
    onScrape: (name: string, collect: () => void) => collectors.set(name, collect),
    async text(form = 'prometheus') {
      for (const collect of collectors.values()) collect();
      return form === 'prometheus' ? registry.metrics() : toOpenMetrics(await registry.getMetricsAsJSON());
    },
  };
  // Gauges that are called like counters; what they count is told by those without the suffix.
  for (const name of ['handles', 'requests', 'resources'])
    registry.removeSingleMetric(`nodejs_active_${name}_total`);
  const requests = new RequestFamily(METRICS.httpRequests, METRICS.httpResponseBytes, registry);
  for (const [key, description] of Object.entries(METRICS))
    if (!key.startsWith('httpRe')) built[key] = build(description, registry);
  return Object.assign(built, { httpRequests: requests }) as unknown as Metrics;
}

function build(description: MetricDescription, registry: Registry): unknown {
  const { name, help } = description;
  const common = { name, help, labelNames: [...description.labels], registers: [registry] };
  if (description.type === 'counter') return new CounterFamily(description, registry);
  if (description.type === 'gauge') return new Gauge(common);
  return new HistogramFamily(description, registry);
}
