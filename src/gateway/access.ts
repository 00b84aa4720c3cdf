import { isLoopback, TrustedProxies } from '../access/addresses.ts';
import { clientOfCertificate } from '../access/certificates.ts';
import { ClientRegistry } from '../access/clients.ts';
import { Identifier } from '../access/identify.ts';
import { accessAt, listenersOf } from '../access/rules.ts';
import { passThroughOf } from '../access/settings.ts';
import type { TokenVerifier } from '../access/token.ts';
import type { Config } from '../config/schema.ts';
import type { ListenerTerms } from '../http/caller.ts';
import type { LiveAccount } from '../routing/account.ts';
import type { Directory } from '../routing/directory.ts';
import { Callers } from '../serving/callers.ts';
import type { Shared } from './shared.ts';

/** Who may call, and how, under one configuration. */
export interface Access {
  readonly registry: ClientRegistry;
  readonly identifier: Identifier;
  readonly callers: Callers;
  readonly tokens: TokenVerifier;
  /** By the listeners' places in the configuration. */
  readonly terms: readonly ListenerTerms[];
}

/** Joins up who may call. What is remembered of keys and tokens begins anew; what was given back or spent stays so. */
export function openAccess(
  config: Config,
  { clock, tokens: keeper, clientLimits, upstreamGate: gate }: Shared,
  { accounts, directory }: { accounts: readonly LiveAccount[]; directory: Directory },
): Access {
  const registry = new ClientRegistry(config.access.clients);
  const tokens = keeper.use(config);
  const identifier = new Identifier({ registry, tokens, revoked: keeper.revocations, clock });
  clientLimits.reload(registry.all);
  return {
    registry,
    identifier,
    callers: new Callers({ accounts, directory, registry, identifier, gate, clock }),
    tokens,
    terms: termsOf(config, registry),
  };
}

function termsOf(config: Config, registry: ClientRegistry): ListenerTerms[] {
  const { access, allowedHosts, publicUrl, trustProxy } = config;
  const trusted = new TrustedProxies(trustProxy);
  return listenersOf(config).map((listener) => {
    const { mode, passThrough } = accessAt(listener, access);
    const asksForCertificates = listener.tls !== null && listener.tls.clientCaFile !== null;
    return {
      access: { mode, passThrough: passThroughOf(passThrough) !== undefined },
      proofTtlMs: (passThroughOf(passThrough)?.proofTtl ?? 0) * 1_000,
      publicUrl: publicUrl?.replace(/(?<!\/)\/+$/, ''),
      allowedHosts,
      isLocal: isLoopback(listener.host),
      trusted,
      certified: asksForCertificates ? (connection) => certifiedClient(connection, registry) : undefined,
    };
  });
}

/** The client of a connection's certificate; one that nobody vouches for is none. */
function certifiedClient(connection: object, registry: ClientRegistry) {
  const { authorized, getPeerCertificate } = connection as Partial<import('node:tls').TLSSocket>;
  if (authorized !== true || getPeerCertificate === undefined) return undefined;
  return clientOfCertificate(getPeerCertificate.call(connection), registry);
}
