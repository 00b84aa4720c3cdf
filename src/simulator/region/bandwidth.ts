import type { JsonValue } from '../../json.ts';
import { formatDate } from './dates.ts';
import type { ServerRecord } from './state.ts';

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

/**
 * Bandwidth of the audit period (guide section 3.1): it begins at midnight UTC, or with the server, ends with the
 * last whole minute, and grows with time at rates that belong to the server. Empty until a minute has passed.
 */
export function bandwidthOf(server: ServerRecord, now: number): JsonValue[] {
  const end = now - (now % MINUTE_MS);
  const start = Math.max(end - (end % DAY_MS), server.created);
  const seconds = Math.floor((end - start) / 1000);
  if (seconds <= 0 || server.status === 'BUILD') return [];
  const period = { audit_period_end: formatDate(end), audit_period_start: formatDate(start) };
  const rate = Number.parseInt(server.id.slice(0, 8), 16);
  return Object.keys(server.addresses).map((network, index) => ({
    ...period,
    bandwidth_inbound: seconds * (64 + ((rate >>> (3 * index)) % 4096)),
    bandwidth_outbound: seconds * (16 + ((rate >>> (5 + 3 * index)) % 1024)),
    interface: network,
  }));
}
