import { createServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';

/** A proxy that opens tunnels, on a free port of the loopback interface. */
export interface ConnectProxy {
  readonly port: number;
  /** The tunnels that were asked for, in order: `127.0.0.1:8080`. */
  readonly asked: readonly string[];
  /** Those that are open. */
  open(): number;
  /** Refuses tunnels with this status from now on; undefined: opens them again. */
  refuse(status: number | undefined): void;
  close(): Promise<void>;
}

/** @param options `credentials`: `user:password` without which it answers 407; `tls`: it is reached over TLS */
export async function startConnectProxy(
  options: { credentials?: string; tls?: ServerOptions } = {},
): Promise<ConnectProxy> {
  const asked: string[] = [];
  const tunnels = new Set<Socket>();
  let refusal: number | undefined;
  const wanted = options.credentials && `Basic ${Buffer.from(options.credentials).toString('base64')}`;
  const server: Server = options.tls ? createTlsServer(options.tls) : createServer();
  server.on('connect', (request: IncomingMessage, socket: Socket) => {
    const authority = request.url ?? '';
    asked.push(authority);
    const isKnown = wanted === undefined || request.headers['proxy-authorization'] === wanted;
    const status = isKnown ? refusal : 407;
    if (status !== undefined) return socket.end(`HTTP/1.1 ${status} No\r\nContent-Length: 0\r\n\r\n`);
    const [host, port] = authority.split(':');
    const tunnel = connect(Number(port), host!, () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      tunnel.pipe(socket).pipe(tunnel);
    });
    tunnels.add(socket);
    for (const end of [socket, tunnel])
      end
        .on('error', () => end.destroy())
        .on('close', () => {
          tunnels.delete(socket);
          socket.destroy();
          tunnel.destroy();
        });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    asked,
    open: () => tunnels.size,
    refuse: (status) => {
      refusal = status;
    },
    close: () =>
      new Promise((resolve) => {
        for (const socket of tunnels) socket.destroy();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
