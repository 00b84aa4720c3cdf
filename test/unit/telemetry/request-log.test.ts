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
};

function logged(settings: LogSettings, ...statuses: number[]): Record<string, unknown>[] {
  const lines: string[] = [];
  const log = createLog(settings, { write: (line: string) => void lines.push(line) });
  const requests = createRequestLog(log, settings);
  for (const status of statuses) if (requests.wants(status)) requests.write({ ...LINE, status });
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
