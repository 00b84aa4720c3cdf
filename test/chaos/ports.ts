import { createServer } from 'node:net';

/** Below where machines take the ports of outgoing connections from: what is free stays free while its owner is dead. */
const LOWEST = 12_000;
const HIGHEST = 32_000;

/** So many ports of the loopback interface that nobody listens at, for programs that come and go. */
export async function lastingPorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST));
    if (!ports.has(port) && (await isFree(port))) ports.add(port);
  }
  return [...ports];
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
