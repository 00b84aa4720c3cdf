import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { listenersOf } from '../access/rules.ts';
import type { TlsSettings } from '../access/settings.ts';
import { TlsFiles } from '../access/tls.ts';
import type { Clock } from '../clock.ts';
import type { Config, ListenConfig } from '../config/schema.ts';
import { urlHost } from '../http/request-facts.ts';
import type { Standings } from '../standing.ts';
import { redactText } from '../telemetry/redact.ts';
import type { Core } from './core.ts';
import { createListener, type Listener } from './listener.ts';

/** What listeners need of the gateway. */
export interface ListenerParts {
  readonly clock: Clock;
  readonly log: Logger;
  readonly standings: Standings;
}

/** One listener of the configuration: its port, and those of the regions that have one of their own. */
export interface ListeningPlace {
  readonly all: readonly Listener[];
  /** Opens the sockets. @returns the URL; those of regions go into `regionUrls` */
  bind(regionUrls: Record<string, string>): Promise<string>;
  /** Looks whether the certificate has changed. */
  look(): Promise<void>;
  /** Looks no more. */
  closeFiles(): void;
}

/**
 * The listeners of a configuration, not listening yet.
 *
 * @throws Error that says what is wrong with the certificate of one
 */
export function openListeners(
  config: Config,
  core: () => Core,
  parts: ListenerParts,
): Promise<ListeningPlace[]> {
  const all = listenersOf<ListenConfig>(config);
  return Promise.all(all.map((_listen, index) => openListener(index, core, config, parts)));
}

async function openListener(
  index: number,
  core: () => Core,
  config: Config,
  parts: ListenerParts,
): Promise<ListeningPlace> {
  const listenIn = (from: Config) => listenersOf<ListenConfig>(from)[index]!;
  const { host, port, regions, tls: settings } = listenIn(config);
  const tls = settings === null ? undefined : await openTls(settings, parts);
  const options = {
    services: () => core().services,
    terms: () => core().terms[index]!,
    listen: () => listenIn(core().services.settings),
    tls,
  };
  const main = createListener(options);
  const perRegion = Object.entries(regions).map(
    ([region, regionPort]) =>
      [region, regionPort, createListener({ ...options, rootRegion: region })] as const,
  );
  const scheme = tls === undefined ? 'http' : 'https';
  return {
    all: [main, ...perRegion.map(([, , listener]) => listener)],
    async bind(regionUrls) {
      const url = await bind(main.fastify, { host, port }, scheme);
      for (const [region, regionPort, listener] of perRegion)
        regionUrls[region] = await bind(listener.fastify, { host, port: regionPort }, scheme);
      return url;
    },
    look: async () => tls?.look(),
    closeFiles: () => tls?.close(),
  };
}

function openTls(settings: TlsSettings, { clock, log, standings }: ListenerParts): Promise<TlsFiles> {
  const { certFile } = settings;
  return TlsFiles.open(settings, clock, {
    loaded(validToMs) {
      standings.set(`certificate ${certFile}`, true);
      log.info({ certFile, validTo: new Date(validToMs).toISOString() }, 'a certificate is in force');
    },
    refused(reason) {
      standings.set(
        `certificate ${certFile}`,
        false,
        `The new certificate is refused: ${redactText(reason)}`,
      );
      log.error({ certFile, reason }, 'the certificate is refused, the one before stays');
    },
  });
}

/** Opens a listener's socket. @returns its base URL */
export async function bind(
  listener: FastifyInstance,
  { host, port }: { readonly host: string; readonly port: number },
  scheme = 'http',
): Promise<string> {
  await listener.listen({ host, port });
  const { port: bound } = listener.server.address() as AddressInfo;
  return `${scheme}://${urlHost(host)}:${bound}`;
}
