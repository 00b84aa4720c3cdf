import { Fault } from '../../faults/faults.ts';

const REMEMBERED = 4096;
const remembered = new Map<number, string>();

/** ISO 8601 in UTC, whole seconds. Lists repeat the same instants, so the latest texts are remembered. */
export function formatDate(ms: number): string {
  const second = Math.floor(ms / 1000);
  const known = remembered.get(second);
  if (known !== undefined) return known;
  if (remembered.size >= REMEMBERED) remembered.clear();
  const text = `${new Date(second * 1000).toISOString().slice(0, 19)}Z`;
  remembered.set(second, text);
  return text;
}

/** Date, `T`, time with optional seconds and fraction, optional zone. A `+` of a zone may have arrived as a blank. */
const DATE = /^(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2})(:\d{2})?(?:\.(\d{1,9}))?(Z|[+\- ]\d{2}:?\d{2})?$/i;

/**
 * The instant a `changes-since` names, in ms since the epoch; UTC when no zone is given (guide section 1.7).
 * Throws badRequest for anything else.
 */
export function parseChangesSince(text: string): number {
  const [, day, minutes, seconds = ':00', fraction = '0', zone = 'Z'] = DATE.exec(text.trim()) ?? [];
  const ms = Date.parse(`${day}T${minutes}${seconds}.${fraction.slice(0, 3)}${normalZone(zone)}`);
  if (Number.isNaN(ms))
    throw new Fault(
      'badRequest',
      `changes-since is "${text}"; give an ISO 8601 time such as 2013-01-24T17:08:00Z.`,
    );
  return ms;
}

function normalZone(zone: string): string {
  if (zone === 'Z' || zone === 'z') return 'Z';
  const digits = zone.slice(1).replace(':', '');
  return `${zone[0] === '-' ? '-' : '+'}${digits.slice(0, 2)}:${digits.slice(2)}`;
}
