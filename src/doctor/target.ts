/** Where a gateway connects to: identity services, regions, and the proxies on the way. Pure. */
import type { Trust } from '../identity/settings.ts';

/** One server that is connected to. */
export interface Target {
  /** What it is to Sluice, for people: `identity of main`. */
  readonly role: string;
  readonly origin: string;
  readonly trust: Trust | undefined;
  /** The proxy that leads there; undefined: the way is direct. */
  readonly proxy: URL | undefined;
}

/** Host and port of an origin. */
export function addressOf(origin: string | URL): { host: string; port: number; isTls: boolean } {
  const { hostname, port, protocol } = new URL(origin);
  const isTls = protocol === 'https:';
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) || (isTls ? 443 : 80), isTls };
}

/** The same server for several purposes is looked at once, under all its roles. */
export function merged(targets: readonly Target[]): Target[] {
  const byKey = new Map<string, Target>();
  for (const target of targets) {
    const key = JSON.stringify([target.origin, target.trust]);
    const known = byKey.get(key);
    const roles = known?.role.split(', ') ?? [];
    const role = roles.includes(target.role) ? known!.role : [...roles, target.role].join(', ');
    byKey.set(key, { ...target, role });
  }
  return [...byKey.values()];
}
