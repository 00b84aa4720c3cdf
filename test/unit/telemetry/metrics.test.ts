import { describe, expect, it } from 'vitest';
import { createMetrics, METRICS } from '../../../src/telemetry/metrics.ts';

const linesOf = async (metrics: ReturnType<typeof createMetrics>, name: string) =>
  (await metrics.text()).split('\n').filter((line) => line.startsWith(name));

describe('the Prometheus text', () => {
  it('describes every metric of the list with its type, before anything has happened', async () => {
    const text = await createMetrics().text();
    for (const { name, help, type } of Object.values(METRICS)) {
      expect(text).toContain(`# HELP ${name} ${help}`);
      expect(text).toContain(`# TYPE ${name} ${type}`);
    }
  });

  it('has a counter as it stands, scrape after scrape', async () => {
    const metrics = createMetrics();
    metrics.upstreamRetries.inc('DFW', '503');
    metrics.upstreamRetries.add(2, 'DFW', '503');
    metrics.upstreamRetries.inc('ORD', 'reset');
    const expected = [
      'sluice_upstream_retries_total{region="DFW",reason="503"} 3',
      'sluice_upstream_retries_total{region="ORD",reason="reset"} 1',
    ];
    expect(await linesOf(metrics, 'sluice_upstream_retries_total{')).toEqual(expected);
    expect(await linesOf(metrics, 'sluice_upstream_retries_total{')).toEqual(expected);
  });

  it('has a counter without labels', async () => {
    const metrics = createMetrics();
    metrics.cacheEvictions.inc();
    metrics.cacheEvictions.inc();
    expect(await linesOf(metrics, 'sluice_cache_evictions_total')).toEqual([
      'sluice_cache_evictions_total 2',
    ]);
  });

  it('escapes label values that could break it', async () => {
    const metrics = createMetrics();
    metrics.limitUsed.inc('main', 'DFW', 'compute', 'billing', 'GET "a\\b"\nc');
    const [line] = await linesOf(metrics, 'sluice_limit_used_total{');
    expect(line).toContain('limit="GET \\"a\\\\b\\"\\nc"');
  });
});

it('a histogram cumulates its buckets: a value on a bound is within it, one beyond all is in +Inf alone', async () => {
  const metrics = createMetrics();
  for (const seconds of [0.0001, 0.5, 0.5, 100]) metrics.limitWait.observe(seconds, 'main', 'DFW', 'compute');
  const name = 'sluice_limit_wait_seconds';
  const counts = new Map<string, number>();
  for (const line of await linesOf(metrics, `${name}_bucket`))
    counts.set(/le="([^"]+)"/.exec(line)![1]!, Number(line.slice(line.lastIndexOf(' '))));
  expect(counts.get('0.0005')).toBe(1);
  expect(counts.get('0.25')).toBe(1);
  expect(counts.get('0.5')).toBe(3);
  expect(counts.get('30')).toBe(3);
  expect(counts.get('+Inf')).toBe(4);
  const ordered = [...counts.values()];
  expect(ordered).toEqual([...ordered].sort((a, b) => a - b));
  expect(await linesOf(metrics, `${name}_count`)).toEqual([`${name}_count{account="main",region="DFW",service="compute"} 4`]);
  expect(await linesOf(metrics, `${name}_sum`)).toEqual([
    `${name}_sum{account="main",region="DFW",service="compute"} 101.0001`,
  ]);
});

it('what is collected at a scrape is collected once, by the last one under its name', async () => {
  const metrics = createMetrics();
  metrics.onScrape('cache', () => metrics.cacheEntries.set(1));
  metrics.onScrape('cache', () => metrics.cacheEntries.set(7));
  expect(await linesOf(metrics, 'sluice_cache_entries')).toEqual(['sluice_cache_entries 7']);
});
