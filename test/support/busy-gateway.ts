import { ask } from './ask.ts';
import { startGateway, type TestGateway } from './gateway.ts';
import type { StubUpstream } from './stub-upstream.ts';

/** The configured client of a busy gateway. */
export const BUSY_CLIENT = 'billing';

/** Reads of servers that a busy gateway lets through before the next has to wait for a minute. */
export const BUSY_READS = 3;

/**
 * A gateway at which there is something to see for whoever looks at it from outside: a client of its own, a limit that is soon
 * spent and for which is waited, one of a day, and one that forbids.
 */
export function startBusyGateway(
  { identityUrl }: StubUpstream,
  settings: Record<string, unknown> = {},
): Promise<TestGateway> {
  return startGateway({
    identityUrl,
    settings: {
      access: { clients: [{ name: BUSY_CLIENT }] },
      limits: {
        source: 'static',
        maxWaitMs: 600_000,
        static: [
          { verb: 'GET', uri: '/servers', value: BUSY_READS, unit: 'MINUTE' },
          { verb: 'GET', uri: '*', value: 60, unit: 'DAY' },
          { verb: 'DELETE', uri: '*', value: 0, unit: 'DAY' },
        ],
      },
      ...settings,
    },
  });
}

/** Asks as its client. @param path below the tenant */
export const askAsClient = ({ url }: TestGateway, path: string, method = 'GET') =>
  ask(`${url}/dfw/v2/700100${path}`, { method, headers: { 'x-sluice-client': BUSY_CLIENT } });
