import { describe, expect, it } from 'vitest';
import { createMetrics, METRICS } from '../../../src/telemetry/metrics.ts';
import { wantsOpenMetrics } from '../../../src/telemetry/open-metrics.ts';
import { traceIdOf } from '../../../src/telemetry/trace-id.ts';

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
    metrics.limitUsed.inc('main', 'DFW', 'compute', 'user', 'GET', '"a\\b"\nc', 'DAY', 'billing');
    const [line] = await linesOf(metrics, 'sluice_limit_used_total{');
    expect(line).toContain('uri="\\"a\\\\b\\"\\nc"');
  });
});

it('a histogram cumulates its buckets: a value on a bound is within it, one beyond all is in +Inf alone', async () => {
  const metrics = createMetrics();
  for (const seconds of [0.0001, 0.5, 0.5, 100])
    metrics.limitWait.observe(seconds, 'main', 'DFW', 'compute', 'user', 'billing');
  const name = 'sluice_limit_wait_seconds';
  const counts = new Map<string, number>();
  for (const line of await linesOf(metrics, `${name}_bucket`))
    counts.set(/le="([^"]+)"/.exec(line)![1]!, Number(line.slice(line.lastIndexOf(' '))));
  expect(counts.get('0.0005')).toBe(1);
  expect(counts.get('0.25')).toBe(1);
  expect(counts.get('0.5')).toBe(3);
  expect(counts.get('30')).toBe(3);
  expect(counts.get('120')).toBe(4);
  expect(counts.get('7200')).toBe(4);
  expect(counts.get('+Inf')).toBe(4);
  const ordered = [...counts.values()];
  expect(ordered).toEqual([...ordered].sort((a, b) => a - b));
  const labels = '{account="main",region="DFW",service="compute",scope="user",client="billing"}';
  expect(await linesOf(metrics, `${name}_count`)).toEqual([`${name}_count${labels} 4`]);
  expect(await linesOf(metrics, `${name}_sum`)).toEqual([`${name}_sum${labels} 101.0001`]);
});

it('what is collected at a scrape is collected once, by the last one under its name', async () => {
  const metrics = createMetrics();
  metrics.onScrape('cache', () => metrics.cacheEntries.set(1));
  metrics.onScrape('cache', () => metrics.cacheEntries.set(7));
  expect(await linesOf(metrics, 'sluice_cache_entries')).toEqual(['sluice_cache_entries 7']);
});

describe('requests and the bytes of their answers', () => {
  it('are counted together, and shown by the labels of each', async () => {
    const metrics = createMetrics();
    metrics.httpRequests.count(100, 'main', 'DFW', 'listServers', 'GET', '200', 'billing');
    metrics.httpRequests.count(7, 'main', 'DFW', 'listServers', 'GET', '404', 'billing');
    expect(await linesOf(metrics, 'sluice_http_requests_total{')).toHaveLength(2);
    expect(await linesOf(metrics, 'sluice_http_response_bytes_total{')).toEqual([
      'sluice_http_response_bytes_total{account="main",region="DFW",operation="listServers",client="billing"} 107',
    ]);
  });
});

describe('OpenMetrics', () => {
  it('names counters without their suffix, shows the last trace of a bucket, and ends', async () => {
    const metrics = createMetrics();
    metrics.upstreamRetries.inc('DFW', '503');
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    metrics.httpDuration.observe(0.3, 'DFW', 'listServers', 'miss');
    metrics.httpDuration.observeTraced(
      { traceId, value: 0.2, at: 1_700_000_000.5 },
      'DFW',
      'listServers',
      'miss',
    );
    const text = await metrics.text('openmetrics');
    expect(text).toContain('# TYPE sluice_upstream_retries counter');
    expect(text).toContain('sluice_upstream_retries_total{region="DFW",reason="503"} 1');
    expect(text).toContain('# TYPE sluice_cache_entries gauge');
    const [bucket] = text
      .split('\n')
      .filter((line) => line.includes('le="0.25"') && line.includes('listServers'));
    expect(bucket).toMatch(/ 1 # \{trace_id="0af7651916cd43dd8448eb211c80319c"\} 0\.2 1700000000\.5$/);
    expect(text.endsWith('\n# EOF\n')).toBe(true);
    expect(await metrics.text()).not.toContain('trace_id');
  });

  it.each([
    ['application/openmetrics-text', true],
    ['application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1', true],
    ['text/plain;version=0.0.4;q=0.5,application/openmetrics-text;q=0.3', false],
    ['application/openmetrics-text;q=0', false],
    ['*/*', false],
    [undefined, false],
  ])('%s: %s', (accept, wanted) => expect(wantsOpenMetrics(accept)).toBe(wanted));
});

it.each([
  ['00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', '0af7651916cd43dd8448eb211c80319c'],
  ['01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more', '0af7651916cd43dd8448eb211c80319c'],
  ['ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', undefined],
  ['00-00000000000000000000000000000000-b7ad6b7169203331-01', undefined],
  ['00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01', undefined],
  ['rubbish', undefined],
  [undefined, undefined],
])('the trace of %s is %s', (traceparent, id) => expect(traceIdOf(traceparent)).toBe(id));

const LIMIT_LABELS = [
  ...['account', 'region', 'service', 'scope', 'verb', 'uri', 'unit'],
  ...['origin', 'client', 'operation', 'reason'],
];
const LIMIT_FAMILIES = Object.values(METRICS).filter(({ name }) => name.startsWith('sluice_limit_'));

it.each(LIMIT_FAMILIES)('$name has the labels of all limits, in one order', ({ labels }) => {
  expect(labels.slice(0, 3)).toEqual(['account', 'region', 'service']);
  expect(LIMIT_LABELS.filter((label) => (labels as readonly string[]).includes(label))).toEqual(labels);
  const ofOne = ['verb', 'uri', 'unit'].filter((label) => (labels as readonly string[]).includes(label));
  expect([0, 3]).toContain(ofOne.length);
});
