import { hostname } from 'node:os';
import { describe, expect, it } from 'vitest';
import { createLog, type LogSettings } from '../../../src/telemetry/log.ts';
import { createRequestLog, type RequestLine } from '../../../src/telemetry/request-log.ts';

const LINE: RequestLine = {
  id: 'req-1',
  method: 'GET',
  operation: 'listFlavors',
  region: 'DFW',
  account: 'main',
  client: 'billing',
  status: 200,
  cache: 'hit',
  waitMs: 12,
  upstreamMs: 3.4,
  ms: 5.678,
  'http.request.method': 'GET',
  'http.response.status_code': 200,
  'http.response.body.size': 10,
  'http.route': '/{region}/v2/{tenant}/flavors',
  'url.path': '/dfw/v2/1/flavors',
  'network.peer.address': '127.0.0.1',
  'client.address': '127.0.0.1',
};

function logged(settings: LogSettings, ...statuses: number[]): Record<string, unknown>[] {
  const lines: string[] = [];
  const log = createLog(settings, { write: (line: string) => void lines.push(line) });
  const requests = createRequestLog(log, settings);
  for (const status of statuses) if (requests.wants(status, LINE.ms)) requests.write({ ...LINE, status });
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe('log.requests', () => {
  it('all: a JSON line per request with all there is to know, failures as warnings', () => {
    const lines = logged({ level: 'info', requests: 'all' }, 200, 404, 503);
    expect(lines).toMatchObject([
      { level: 30, ...LINE },
      { level: 30, status: 404 },
      { level: 40, status: 503 },
    ]);
  });

  it('errors: only what ended in 500 or more', () => {
    const lines = logged({ level: 'info', requests: 'errors' }, 200, 304, 404, 413, 499, 500, 504);
    expect(lines.map(({ status }) => status)).toEqual([500, 504]);
  });

  it('errors: slow ones as well, as warnings', () => {
    const [line] = logged({ level: 'info', requests: 'errors', slowMs: 5 }, 200);
    expect(line).toMatchObject({ level: 40, status: 200, slow: true });
    expect(logged({ level: 'info', requests: 'errors', slowMs: 6 }, 200)).toEqual([]);
  });

  it('each line bears the instance, by its name or that of the machine', () => {
    const [named] = logged({ level: 'info', requests: 'all', instance: 'gw-1' }, 200);
    expect(named).toMatchObject({ instance: 'gw-1' });
    const [machine] = logged({ level: 'info', requests: 'all', instance: null }, 200);
    expect(machine).toMatchObject({ instance: hostname() });
  });

  it('none: nothing', () => {
    expect(logged({ level: 'trace', requests: 'none' }, 200, 500)).toEqual([]);
  });

  it.each([
    ['warn', [503]],
    ['error', []],
    ['silent', []],
  ])('a level of %s leaves out what is less severe', (level, statuses) => {
    const lines = logged({ level, requests: 'all' }, 200, 503);
    expect(lines.map(({ status }) => status)).toEqual(statuses);
  });
});

it.each(['apiKey', 'password', 'adminPass', 'token', 'x-auth-token', 'authorization', 'contents'])(
  'whatever is logged as %s is replaced, at the top and one level below',
  (key) => {
    const lines: string[] = [];
    const log = createLog(
      { level: 'info', requests: 'all' },
      { write: (line: string) => void lines.push(line) },
    );
    log.info({ [key]: 'the-secret' }, 'top');
    log.child({ account: 'main' }).warn({ headers: { [key]: 'the-secret' } }, 'below');
    expect(lines).toHaveLength(2);
    for (const line of lines) {
      expect(line).not.toContain('the-secret');
      expect(line).toContain('[redacted]');
    }
  },
);
