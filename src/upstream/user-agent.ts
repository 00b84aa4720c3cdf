import { CONTROL_CLIENT } from '../limits/client.ts';

/** How Sluice calls itself to regions. */
export const SLUICE_AGENT = 'sluice/0.2';

/** Names in queues and metrics that are nobody's in particular: callers without one, and Sluice itself. */
const NOBODY: ReadonlySet<string> = new Set(['anonymous', 'sluice', CONTROL_CLIENT]);

/**
 * Who asks, for the logs behind Sluice: the caller's own word, by way of Sluice, on behalf of a client (RFC 9110, section
 * 10.1.5). What many are answered with is asked by Sluice alone.
 *
 * @param client name of the client, or what takes its place where there is none
 */
export function userAgent(own: string | undefined, client: string): string {
  const via = NOBODY.has(client) ? SLUICE_AGENT : `${SLUICE_AGENT} (${client})`;
  const word = own?.trim() ?? '';
  return word === '' ? via : `${word} via ${via}`;
}
