/** A caller's place in the fair queue. */
export interface Client {
  readonly name: string;
  /** Small and dense: what is counted per client stands in arrays at this index. */
  readonly index: number;
  /** Weight; twice the share, twice the slots when all want more than there is. A reload may change it. */
  share: number;
  /** Requests that wait, in all queues. */
  waiting: number;
}

/** The name under which Sluice's own GET /limits waits; no caller can bear it (configured names have no blank). */
export const CONTROL_CLIENT = ' limits';

export function isControl(name: string): boolean {
  return name === CONTROL_CLIENT;
}

/** Names are configured ones, so a few; should a stream of invented ones come in, these many are told apart. */
const MOST_CLIENTS = 1024;
const LEAST_SHARE = 0.001;

/** Finds clients by name. */
export class Clients {
  readonly #byName = new Map<string, Client>();
  readonly #shareOf: (name: string) => number;

  constructor(shareOf: (name: string) => number) {
    this.#shareOf = shareOf;
  }

  find(name: string): Client {
    return this.#byName.get(name) ?? this.#add(this.#byName.size < MOST_CLIENTS ? name : 'other');
  }

  values(): Iterable<Client> {
    return this.#byName.values();
  }

  /** Asks for every share again; `changed` hears of those that differ, with the share they had. */
  reshare(changed: (client: Client, before: number) => void): void {
    for (const client of this.#byName.values()) {
      const before = client.share;
      client.share = this.#share(client.name);
      if (client.share !== before) changed(client, before);
    }
  }

  #share(name: string): number {
    return Math.max(LEAST_SHARE, this.#shareOf(name));
  }

  #add(name: string): Client {
    const known = this.#byName.get(name);
    if (known) return known;
    const client: Client = { name, index: this.#byName.size, share: this.#share(name), waiting: 0 };
    this.#byName.set(name, client);
    return client;
  }
}
