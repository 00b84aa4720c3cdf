import { spawnSync } from 'node:child_process';
import { describe, expect } from 'vitest';
import { OPERATIONS } from '../../src/operations/table.ts';
import { ask } from '../support/ask.ts';
import { programAvailable } from '../support/programs.ts';
import { scenario } from '../support/scenario.ts';
import { fault, json, tooMany, unavailable } from '../support/stub-answers.ts';
import { STUB } from '../support/stub-documents.ts';
import { publishedAs } from '../support/stub-rates.ts';

const { it, upstream, gateway } = scenario('file', {
  settings: { access: { clients: [{ name: 'billing' }] } },
  script(upstream) {
    upstream.region('DFW').publish(
      publishedAs([
        { verb: 'ALL', uri: '*', value: 100_000, unit: 'MINUTE' },
        { verb: 'DELETE', uri: '*', value: 0, unit: 'MINUTE' },
      ]),
    );
  },
  begin: () => get('/limits'),
});

const get = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
  ask(`${gateway.url}/dfw/v2/700100${path}`, { method, headers });

const scrape = () => ask(`${gateway.adminUrl}/metrics`);

interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

async function samples(): Promise<Sample[]> {
  const { text } = await scrape();
  return text
    .split('\n')
    .filter((line) => line.startsWith('sluice_'))
    .map((line) => {
      const [, name = '', inner = '', value = ''] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
      const pairs = [...inner.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)];
      return {
        name,
        labels: Object.fromEntries(pairs.map(([, label, text]) => [label!, text!])),
        value: Number(value),
      };
    });
}

const DFW = { account: 'main', region: 'DFW' };

describe('a metric moves when it should', () => {
  const cases: [string, string, Record<string, string>, () => Promise<unknown>][] = [
    [
      'a request, by account, region, operation, method, status and client',
      'sluice_http_requests_total',
      { ...DFW, operation: 'listServers', method: 'GET', status: '200', client: 'billing' },
      () => get('/servers', { 'x-sluice-client': 'billing' }),
    ],
    [
      'its duration, by region, operation and cache verdict',
      'sluice_http_request_duration_seconds_count',
      { region: 'DFW', operation: 'listServersDetail', cache: 'none' },
      () => get('/servers/detail'),
    ],
    [
      'a miss of the cache',
      'sluice_cache_requests_total',
      { region: 'DFW', resource: 'flavors', result: 'miss', reason: 'absent' },
      () => get('/flavors'),
    ],
    [
      'a hit of the cache',
      'sluice_cache_requests_total',
      { region: 'DFW', resource: 'flavors', result: 'hit', reason: 'fresh' },
      () => get('/flavors'),
    ],
    [
      'a 304 is a hit too',
      'sluice_cache_requests_total',
      { region: 'DFW', resource: 'flavors', result: 'hit' },
      () => get('/flavors', { 'if-none-match': '*' }),
    ],
    [
      'the bytes of an answer',
      'sluice_http_response_bytes_total',
      { ...DFW, operation: 'listFlavors', client: 'anonymous' },
      () => get('/flavors'),
    ],
    [
      'the bytes of an answer that streams',
      'sluice_http_response_bytes_total',
      { ...DFW, operation: 'other' },
      () => get('/os-keypairs'),
    ],
    [
      'a request the cache saved the region',
      'sluice_cache_upstream_requests_saved_total',
      { region: 'DFW', resource: 'flavors' },
      () => get('/flavors'),
    ],
    ['an entry of the cache', 'sluice_cache_entries', {}, () => get('/images')],
    ['bytes of the cache', 'sluice_cache_bytes', {}, () => get('/images/detail')],
    [
      'a request at the region',
      'sluice_upstream_requests_total',
      { ...DFW, operation: 'getServer', status: '200' },
      () => get(`/servers/${STUB.serverId}`),
    ],
    [
      'its duration there',
      'sluice_upstream_request_duration_seconds_count',
      { region: 'DFW', operation: 'getServer' },
      () => get(`/servers/${STUB.serverId}`),
    ],
    [
      'one more try',
      'sluice_upstream_retries_total',
      { region: 'DFW', reason: '503' },
      async () => {
        upstream.region('DFW').on('GET /servers', unavailable, json({ servers: [] }));
        await get('/servers');
        upstream.region('DFW').off('GET /servers');
      },
    ],
    [
      'a refusal of Sluice, by reason',
      'sluice_limit_rejected_total',
      { ...DFW, client: 'anonymous', reason: 'forbidden' },
      () => get('/images/1', {}, 'DELETE'),
    ],
    [
      'use of a limit, by client',
      'sluice_limit_used_total',
      { ...DFW, client: 'billing', verb: 'ALL', uri: '*', unit: 'MINUTE' },
      () => get('/servers', { 'x-sluice-client': 'billing' }),
    ],
    [
      'a refusal by the region',
      'sluice_upstream_overlimit_total',
      DFW,
      async () => {
        upstream.region('DFW').on('GET /servers/*/ips', tooMany.rateBySeconds(1), json({ addresses: {} }));
        await get(`/servers/${STUB.serverId}/ips`);
      },
    ],
    [
      'a wait for a slot',
      'sluice_limit_wait_seconds_sum',
      DFW,
      async () => {
        upstream.region('DFW').on('GET /servers/*/ips', tooMany.rateBySeconds(1), json({ addresses: {} }));
        await get(`/servers/${STUB.serverId}/ips`);
      },
    ],
    [
      'a translation to XML',
      'sluice_translation_duration_seconds_count',
      { direction: 'response' },
      () => get('/servers.xml'),
    ],
  ];

  it.each(cases)('%s', async (_what, name, labels, act) => {
    const before = await gateway.metric(name, labels);
    await act();
    expect(await gateway.metric(name, labels)).toBeGreaterThan(before);
  });

  it('a login and when its token expires', async () => {
    expect(await gateway.metric('sluice_token_requests_total', { account: 'main', result: 'ok' })).toBe(1);
    const expiry = await gateway.metric('sluice_token_expiry_timestamp_seconds', { account: 'main' });
    expect(expiry - Date.now() / 1000).toBeGreaterThan(80_000);
  });

  it('the queue, and what is left of each limit', async () => {
    const all = await samples();
    const depth = all.find(({ name }) => name === 'sluice_limit_queue_depth');
    expect(depth).toMatchObject({ labels: { ...DFW, service: 'compute', scope: 'user' }, value: 0 });
    const left = all.filter(({ name }) => name === 'sluice_limit_remaining').map(({ labels }) => labels);
    expect(left).toEqual(
      expect.arrayContaining([
        { ...DFW, service: 'compute', scope: 'user', verb: 'ALL', uri: '*', unit: 'MINUTE' },
        { ...DFW, service: 'compute', scope: 'user', verb: 'DELETE', uri: '*', unit: 'MINUTE' },
      ]),
    );
  });

  it('the process and its event loop', async () => {
    const { text, headers } = await scrape();
    expect(headers['content-type']).toContain('text/plain');
    expect(text).toMatch(/^process_cpu_seconds_total /m);
    expect(text).toMatch(/^nodejs_eventloop_lag_seconds /m);
  });
});

/** The metrics of the contract and their labels; `reason` on the cache's verdicts is Sluice's own addition. */
const CONTRACT: Record<string, string[]> = {
  sluice_http_requests_total: ['account', 'client', 'method', 'operation', 'region', 'status'],
  sluice_http_request_duration_seconds_count: ['cache', 'operation', 'region'],
  sluice_cache_requests_total: ['reason', 'region', 'resource', 'result'],
  sluice_cache_entries: [],
  sluice_cache_bytes: [],
  sluice_upstream_requests_total: ['account', 'operation', 'region', 'status'],
  sluice_upstream_request_duration_seconds_count: ['operation', 'region'],
  sluice_upstream_retries_total: ['reason', 'region'],
  sluice_upstream_overlimit_total: ['account', 'region', 'service'],
  sluice_limit_wait_seconds_count: ['account', 'client', 'region', 'scope', 'service'],
  sluice_limit_value: ['account', 'region', 'scope', 'service', 'unit', 'uri', 'verb'],
  sluice_limit_info: ['account', 'origin', 'region', 'scope', 'service', 'unit', 'uri', 'verb'],
  sluice_limit_used_total: ['account', 'client', 'region', 'scope', 'service', 'unit', 'uri', 'verb'],
  sluice_limit_queue_oldest_seconds: ['account', 'region', 'scope', 'service'],
  sluice_http_response_bytes_total: ['account', 'client', 'operation', 'region'],
  sluice_build_info: ['node', 'version'],
  sluice_account_ready: ['account'],
  sluice_region_up: ['account', 'region'],
  sluice_identity_up: ['account', 'region'],
  sluice_upstream_requests_in_flight: ['account', 'region'],
  sluice_upstream_retry_budget: ['account', 'region'],
  sluice_http_connections: [],
  sluice_http_requests_in_flight: [],
  sluice_config_last_reload_successful: [],
  sluice_config_last_reload_success_timestamp_seconds: [],
  sluice_limit_queue_depth: ['account', 'region', 'scope', 'service'],
  sluice_limit_remaining: ['account', 'region', 'scope', 'service', 'unit', 'uri', 'verb'],
  sluice_limit_rejected_total: ['account', 'client', 'reason', 'region', 'scope', 'service'],
  sluice_token_expiry_timestamp_seconds: ['account'],
  sluice_token_requests_total: ['account', 'result'],
  sluice_translation_duration_seconds_count: ['direction'],
};

it.each(Object.entries(CONTRACT))('%s has the labels of the contract', async (name, labels) => {
  const found = (await samples()).filter((sample) => sample.name === name);
  expect(found.length).toBeGreaterThan(0);
  for (const sample of found) expect(Object.keys(sample.labels).sort()).toEqual(labels);
});

it('callers cannot make series: random paths, ids, clients, queries, hosts and regions add none', async () => {
  const flood = async (mark: string) => {
    upstream.region('DFW').on(`GET /os-thing-${mark}`, fault('itemNotFound', 404, 'No.'));
    await get(`/servers/${mark}`);
    await get(`/os-thing-${mark}`);
    await get(`/images/${mark}`);
    await get(`/images?name=${mark}`, { 'x-sluice-client': mark, 'x-sluice-priority': mark });
    await get('/servers', { 'x-sluice-client': `client-${mark}` });
    await ask(`${gateway.url}/${mark}/v2/700100/servers`);
    await ask(`${gateway.url}/dfw/v2/${mark}/servers`);
    await ask(`${gateway.url}/${mark}`);
    await ask(`${gateway.url}/v2/700100/servers`, { headers: { host: `${mark}.test`, 'x-region': mark } });
    await ask(`${gateway.url}/dfw/v2/700100/servers`, { headers: { accept: `text/${mark}` } });
    await get('/servers/1/action', {}, 'POST');
    await get(`/${mark}`, {}, 'PROPFIND');
    await ask(`${gateway.url}/v2.0/tokens/${mark}`);
  };
  await flood('aaa');
  const before = (await samples()).length;
  for (const mark of ['bbb', 'ccc', 'ddd', 'eee']) await flood(mark);
  const after = await samples();
  expect(after.length).toBe(before);
  const { text } = await scrape();
  for (const mark of ['aaa', 'bbb', 'ccc', 'ddd', 'eee']) expect(text).not.toContain(mark);
});

it('the operation of every series is a name of the table of operations, or `other`', async () => {
  const names = new Set([...OPERATIONS.map(({ name }) => name), 'other']);
  const used = (await samples())
    .map(({ labels }) => labels['operation'])
    .filter((name) => name !== undefined);
  expect(used.length).toBeGreaterThan(0);
  for (const name of used) expect(names).toContain(name);
});

it('no series is exported twice', async () => {
  const all = (await samples()).map(({ name, labels }) => name + JSON.stringify(labels));
  expect(new Set(all).size).toBe(all.length);
});

describe.skipIf(!programAvailable('promtool', 'prometheus'))('promtool', () => {
  it('finds nothing to say of the metrics', async () => {
    const { text } = await scrape();
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], {
      input: text,
      encoding: 'utf8',
    });
    expect([stdout, stderr, status]).toEqual(['', '', 0]);
  });
});

it('with Accept: application/openmetrics-text the trace of a request is beside its duration', async () => {
  const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
  for (let time = 0; time < 2; time++)
    await get('/flavors', { traceparent: `00-${traceId}-00f067aa0ba902b7-01` });
  const { text, headers } = await ask(`${gateway.adminUrl}/metrics`, {
    headers: { accept: 'application/openmetrics-text; version=1.0.0' },
  });
  expect(headers['content-type']).toContain('application/openmetrics-text');
  expect(text).toMatch(new RegExp(`cache="hit",le="[^"]+"\\} \\d+ # \\{trace_id="${traceId}"\\}`));
  expect(text).toMatch(/\n# EOF\n$/);
});
