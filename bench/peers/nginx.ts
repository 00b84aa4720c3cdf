import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CertificateFiles, certificateFiles } from '../certificate.ts';
import { PATHS } from '../documents.ts';
import type { BenchContext, Peer, Running } from '../peer.ts';
import { CORES, freePort, isInstalled, pinned, start } from '../program.ts';

const missing = (): string | undefined =>
  isInstalled('nginx') ? undefined : 'nginx is not installed (apt-get install nginx)';

/** A proxy_cache hit, the bytes of Sluice's hit in it. */
export const nginxCache: Peer = {
  name: 'nginx proxy_cache hit',
  missing,
  start: (context) =>
    startNginx(context, 'nginx-cache', PATHS.copy, 'proxy_cache hits; proxy_cache_valid 200 1h;'),
};

/** Plain proxy_pass with kept-alive connections to the upstream. */
export const nginxProxy: Peer = {
  name: 'nginx proxy_pass',
  missing,
  start: (context) => startNginx(context, 'nginx-proxy', PATHS.uncached, ''),
};

/** The same for a path that Sluice streams. */
export const nginxStreamed: Peer = {
  name: 'nginx proxy_pass, streamed',
  missing,
  start: (context) => startNginx(context, 'nginx-streamed', PATHS.streamed, ''),
};

/** The hit over TLS. */
export const nginxCacheTls: Peer = {
  name: 'nginx proxy_cache hit over TLS',
  missing,
  start: (context) =>
    startNginx(context, 'nginx-tls', PATHS.copy, 'proxy_cache hits; proxy_cache_valid 200 1h;', true),
};

async function startNginx(
  context: BenchContext,
  name: string,
  path: string,
  cache: string,
  isTls = false,
): Promise<Running> {
  const port = await freePort();
  const folder = join(context.folder, name);
  for (const each of ['cache', 'body', 'temp']) mkdirSync(join(folder, each), { recursive: true });
  const file = join(folder, 'nginx.conf');
  const tls = isTls ? certificateFiles(context.folder) : undefined;
  const listen = tls === undefined ? `listen 127.0.0.1:${port};` : secured(port, tls);
  writeFileSync(file, configuration(folder, listen, new URL(context.upstreamOrigin).host, cache));
  const url = `${isTls ? 'https' : 'http'}://127.0.0.1:${port}${path}`;
  const command = pinned(CORES.server, 'nginx', ['-p', folder, '-c', file, '-e', join(folder, 'error.log')]);
  return { url, program: await start(command, url) };
}

const secured = (port: number, { certFile, keyFile }: CertificateFiles): string =>
  `listen 127.0.0.1:${port} ssl; ssl_certificate ${certFile}; ssl_certificate_key ${keyFile};`;

/** One worker, no access log, connections kept alive on both sides. */
const configuration = (folder: string, listen: string, upstream: string, cache: string): string => `
daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
events { worker_connections 1024; }
http {
  access_log off;
  sendfile on;
  open_file_cache max=100;
  keepalive_requests 100000000;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/temp;
  fastcgi_temp_path ${folder}/temp/fastcgi;
  uwsgi_temp_path ${folder}/temp/uwsgi;
  scgi_temp_path ${folder}/temp/scgi;
  proxy_cache_path ${folder}/cache keys_zone=hits:10m;
  upstream compute { server ${upstream}; keepalive 64; keepalive_requests 100000000; }
  server {
    ${listen}
    location / {
      proxy_pass http://compute;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      ${cache}
    }
  }
}
`;
