/** Whether this process may open as many sockets as the configuration can take. */
import { readFileSync } from 'node:fs';
import { about, type Finding } from './finding.ts';

/** How many file handles a process started like this one may have; undefined where the system does not say. */
export function handleLimit(): number | undefined {
  try {
    const text = readFileSync('/proc/self/limits', 'utf8');
    const [, soft] = /^Max open files\s+(\d+|unlimited)/m.exec(text) ?? [];
    return soft === undefined ? undefined : soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft);
  } catch {
    return undefined;
  }
}

/** Files, Redis, listeners and libraries. */
const OWN_HANDLES = 200;
/** Callers' connections that a gateway should be able to take. */
const CALLERS = 1_000;

/**
 * What that means. Pure.
 *
 * @param endpoints how many origins there are pools for
 * @param connections `upstream.connections`
 */
export function judgeHandles(limit: number | undefined, endpoints: number, connections: number): Finding {
  const at = about('handles', 'open files');
  if (limit === undefined) return at.ok('this system does not say how many there may be');
  const upstream = endpoints * connections;
  const needed = OWN_HANDLES + upstream + CALLERS;
  const has = `at most ${limit === Number.POSITIVE_INFINITY ? 'any number' : limit}`;
  const wants = `${upstream} connections upstream, as many callers as are left`;
  const advice = `allow ${Math.max(needed, 65_536)}: LimitNOFILE= in the systemd unit, ulimit -n, or --ulimit nofile=`;
  if (limit < OWN_HANDLES + upstream) return at.fault(`${has}: fewer than ${wants}`, advice);
  if (limit < needed)
    return at.warning(
      `${has}: ${limit - OWN_HANDLES - upstream} callers beside ${upstream} connections upstream`,
      advice,
    );
  return at.ok(`${has}: ${wants}`);
}
