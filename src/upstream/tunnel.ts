import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Socket } from 'node:net';
import type { buildConnector } from 'undici';
import { ConnectFailure, connectFailureOf } from '../connect-failure.ts';

const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 };

/**
 * Makes connections through a proxy's tunnel (`CONNECT`, RFC 9110, section 9.3.6): one each, which is then used as if it
 * were direct, TLS with the server itself included.
 *
 * @param connect makes the connection's own TLS over what it is given as `httpSocket`
 * @param timeoutMs how long the tunnel may take
 */
export function tunnelConnector(
  proxy: URL,
  connect: buildConnector.connector,
  timeoutMs: number,
): buildConnector.connector {
  return (options, callback) => {
    openTunnel(proxy, authorityOf(options), timeoutMs).then(
      (socket) => {
        if (options.protocol === 'https:') connect({ ...options, httpSocket: socket }, callback);
        else callback(null, socket);
      },
      (error: Error) => callback(error, null),
    );
  };
}

function authorityOf({ host, hostname, port, protocol }: buildConnector.Options): string {
  return port ? (host ?? `${hostname}:${port}`) : `${host ?? hostname}:${DEFAULT_PORTS[protocol]}`;
}

/** @throws {ConnectFailure} there is no tunnel */
function openTunnel(proxy: URL, authority: string, timeoutMs: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const request = ask(proxy, authority);
    const timer = setTimeout(() => {
      request.destroy(Object.assign(new Error('no tunnel in time'), { code: 'ETIMEDOUT' }));
    }, timeoutMs);
    request.once('error', (error) => {
      clearTimeout(timer);
      reject(proxyAway(error));
    });
    request.once('connect', (response: IncomingMessage, socket: Socket, first: Buffer) => {
      clearTimeout(timer);
      const { statusCode = 0 } = response;
      if (statusCode < 200 || statusCode > 299) {
        socket.on('error', () => {}).destroy();
        reject(refusal(statusCode));
        return;
      }
      if (first.length > 0) socket.unshift(first);
      resolve(socket);
    });
    request.end();
  });
}

function ask(proxy: URL, authority: string): ClientRequest {
  const { protocol, hostname, port } = proxy;
  const options = {
    method: 'CONNECT',
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port || DEFAULT_PORTS[protocol],
    path: authority,
    headers: { host: authority, ...authorization(proxy) },
    agent: false,
  } as const;
  return protocol === 'https:' ? httpsRequest(options) : httpRequest(options);
}

function authorization({ username, password }: URL): Record<string, string> {
  if (username === '' && password === '') return {};
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { 'proxy-authorization': `Basic ${Buffer.from(pair).toString('base64')}` };
}

function proxyAway(error: Error & { code?: unknown }): ConnectFailure {
  const code = typeof error.code === 'string' ? error.code : error.name;
  return (
    connectFailureOf(error, 'proxy') ??
    new ConnectFailure('proxy-away', `no connection to the proxy on the way (${code})`, error)
  );
}

/** A proxy that cannot reach the server may do so in a moment; one that does not want to stays at that. */
function refusal(status: number): ConnectFailure {
  if (status >= 500)
    return new ConnectFailure('proxy-away', `the proxy on the way got no connection (${status})`);
  const why = status === 407 ? 'wants other credentials' : 'does not let this gateway through';
  const advice = 'see HTTPS_PROXY, HTTP_PROXY and NO_PROXY of this gateway';
  return new ConnectFailure('proxy', `the proxy on the way ${why} (${status}); ${advice}`);
}
