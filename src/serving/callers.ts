/**
 * Who calls, for one configuration: joins what a caller shows (access/identify.ts) to what is there for it. A reload makes
 * another one, so that a key that was removed, and a grant that was changed, are gone with the next request.
 */
import type { ClientRegistry, KnownClient } from '../access/clients.ts';
import { FULL_GRANT } from '../access/grants.ts';
import type { Identifier, Identity } from '../access/identify.ts';
import type { UpstreamGate } from '../access/upstream-gate.ts';
import type { Clock } from '../clock.ts';
import type { Caller } from '../http/caller.ts';
import type { RequestFacts } from '../http/request-facts.ts';
import type { LiveAccount } from '../routing/account.ts';
import { type Account, Directory } from '../routing/directory.ts';
import { createOwnCallers, type OwnCallers } from './own-callers.ts';
import { ANONYMOUS } from './wait.ts';

export class Callers {
  /** Whoever calls an open listener and gives no name that is known. */
  readonly guest: Caller;
  /** Those who have credentials of the accounts' own identity services. */
  readonly own: OwnCallers;
  readonly #identifier: Identifier;
  readonly #clients: ReadonlyMap<KnownClient, Caller>;
  /** Those who call an open listener, by the name they give themselves. */
  readonly #guests: ReadonlyMap<string, Caller>;

  constructor(options: {
    accounts: readonly LiveAccount[];
    directory: Directory;
    registry: ClientRegistry;
    identifier: Identifier;
    gate: UpstreamGate;
    clock: Clock;
  }) {
    const { accounts, directory, registry, identifier, gate, clock } = options;
    this.#identifier = identifier;
    this.guest = { client: ANONYMOUS, isKnown: false, grant: FULL_GRANT, directory };
    this.own = createOwnCallers({ accounts, stranger: this.guest, gate, clock });
    this.#clients = new Map(
      registry.all.map((client) => [client, callerOf(client, accounts, directory)] as const),
    );
    this.#guests = new Map(registry.all.map(({ name }) => [name, { ...this.guest, client: name }] as const));
  }

  /** Finds out who calls, and writes it into the request. @returns false: nobody who may */
  identify(call: RequestFacts): boolean {
    const { headers, terms } = call;
    const identity = this.#identifier.identify(headers, terms.access, call.socket, terms.certified);
    call.identity = identity;
    const caller = this.callerOf(identity, call);
    if (caller === undefined) return false;
    call.caller = caller;
    call.client = caller.client;
    return true;
  }

  /** What is there for whoever this is; undefined: nothing, or nothing that is known yet (an upstream token). */
  callerOf(identity: Identity, call: RequestFacts): Caller | undefined {
    switch (identity.kind) {
      case 'client':
        return this.#clients.get(identity.client);
      case 'guest': {
        const name = call.headers['x-sluice-client'];
        return (name === undefined ? undefined : this.#guests.get(String(name))) ?? this.guest;
      }
      case 'upstream':
        return this.own.find(identity.token)?.owner.caller;
      case 'refused':
        return undefined;
    }
  }

  /** The same for a client that has logged in. */
  callerOfClient(client: KnownClient): Caller {
    return this.#clients.get(client)!;
  }
}

function callerOf(client: KnownClient, accounts: readonly Account[], whole: Directory): Caller {
  const { name, grant } = client;
  const { accounts: granted } = grant;
  const own = granted && new Directory(accounts.filter((account) => granted.has(account.name)));
  const lastGranted = { facts: undefined };
  return { client: name, isKnown: true, grant, lastGranted, directory: own ?? whole };
}
