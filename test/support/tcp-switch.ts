import { createServer, connect as openSocket, type Socket } from 'node:net';

/** An address that leads to another port from some moment on, as a name or a virtual address does after a failover. */
export interface TcpSwitch {
  readonly port: number;
  /** New connections lead there; open ones stay where they are. */
  leadTo(port: number): void;
  close(): Promise<void>;
}

/** @param first where connections lead until `leadTo` */
export async function startTcpSwitch(first: number): Promise<TcpSwitch> {
  let target = first;
  const sockets = new Set<Socket>();
  const server = createServer((caller) => {
    const onward = openSocket(target, '127.0.0.1');
    for (const [one, other] of [
      [caller, onward],
      [onward, caller],
    ] as const) {
      sockets.add(one);
      one.pipe(other);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as { port: number }).port,
    leadTo(port) {
      target = port;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
