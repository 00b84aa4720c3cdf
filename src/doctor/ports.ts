/** Whether the ports can be listened on, or a Sluice listens there already. */
import { createServer } from 'node:net';
import { listenersOf } from '../access/rules.ts';
import type { Config, ListenConfig } from '../config/schema.ts';
import { about, type Finding } from './finding.ts';

/** A port that the configuration listens on. */
export interface Place {
  readonly setting: string;
  readonly host: string;
  readonly port: number;
}

/** All ports of a configuration. Pure. */
export function placesOf(config: Config): Place[] {
  const listeners = listenersOf<ListenConfig>(config);
  const ofCallers = listeners.flatMap(({ host, port, regions }, index) => {
    const path = listeners.length > 1 ? `listen.${index}` : 'listen';
    return [
      { setting: `${path}.port`, host, port },
      ...Object.entries(regions).map(([region, at]) => ({
        setting: `${path}.regions.${region}`,
        host,
        port: at,
      })),
    ];
  });
  const { host, port } = config.admin;
  return [...ofCallers, { setting: 'admin.port', host, port }];
}

/** Listens for a moment. @returns why it cannot; undefined: it can */
export function tryListen({ host, port }: Place): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'unknown reason'));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}

const REASONS: Readonly<Record<string, readonly [message: string, advice: string]>> = {
  EADDRINUSE: [
    'another process listens there',
    'stop that process (`ss -ltnp` names it), or set another port',
  ],
  EACCES: [
    'is reserved to the system',
    'set a port from 1024 up, or give AmbientCapabilities=CAP_NET_BIND_SERVICE',
  ],
  EADDRNOTAVAIL: ['is no address of this machine', 'set the host to one that is, or to 0.0.0.0'],
  ENOTFOUND: ['is no known host name', 'set the host to an address of this machine'],
};

/** What that means. Pure. @param isServed a Sluice answers at the operators' listener of this configuration */
export function judgePort(
  { setting, host, port }: Place,
  problem: string | undefined,
  isServed: boolean,
): Finding {
  const at = about('ports', setting);
  const where = `port ${port} of ${host}`;
  if (problem === undefined) return at.ok(port === 0 ? `a free port of ${host}` : `${where} is free`);
  if (problem === 'EADDRINUSE' && isServed) return at.ok(`${where} is in use: a Sluice serves here already`);
  const [message, advice] = REASONS[problem] ?? ['cannot be listened on', 'set another host or port'];
  return at.fault(`${where}: ${message} (${problem})`, advice);
}
