import type { Config } from '../config/schema.ts';

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is in use by another process, accepted: a port that is free',
  EACCES: 'is reserved to the system, accepted: a port from 1024 up',
  EADDRNOTAVAIL: 'is no address of this machine, accepted: one that is, or 0.0.0.0',
  ENOTFOUND: 'is no known host name, accepted: an address of this machine',
};

/**
 * What a person needs to know when a socket cannot be opened: the setting, what is wrong with it, and the variable that
 * changes it. undefined when the error is about something else.
 */
export function describeListenError(error: unknown, config: Config): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || !('syscall' in error)) return undefined;
  const reason = reasons[String(error.code)];
  if (reason === undefined || !['listen', 'bind', 'getaddrinfo'].includes(String(error.syscall)))
    return undefined;
  const port = 'port' in error ? Number(error.port) : undefined;
  const host =
    'address' in error ? String(error.address) : 'hostname' in error ? String(error.hostname) : undefined;
  const setting = findSetting(config, String(error.code), host, port);
  const subject = setting.endsWith('host') ? host : `port ${port} of ${host}`;
  return `${setting}: ${subject} ${reason} (SLUICE_${setting.toUpperCase().replaceAll('.', '_')})`;
}

function findSetting(
  config: Config,
  code: string,
  host: string | undefined,
  port: number | undefined,
): string {
  const { listen, admin, simulator } = config;
  const parts = { listen, admin, simulator };
  const names = Object.keys(parts) as (keyof typeof parts)[];
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
    return `${names.find((name) => parts[name].host === host) ?? 'listen'}.host`;
  }
  const maps = { 'listen.regions': listen.regions, 'simulator.regionPorts': simulator.regionPorts };
  for (const [name, ports] of Object.entries(maps)) {
    const region = Object.keys(ports).find((key) => ports[key] === port);
    if (region !== undefined) return `${name}.${region}`;
  }
  return `${names.find((name) => parts[name].port === port) ?? 'listen'}.port`;
}
