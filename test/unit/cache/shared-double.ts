import type { EntryFields } from '../../../src/cache/entry.ts';
import { type Change, EVERYTHING } from '../../../src/cache/invalidation.ts';
import { lastUseAt } from '../../../src/cache/policy.ts';
import type { SharedListener, SharedStore } from '../../../src/cache/shared-store.ts';
import type { Clock } from '../../../src/clock.ts';

/**
 * A second level in this process that can be away: what several caches of one test share. Plain maps, no locks: it
 * models what Redis promises, not how.
 */
export class SharedDouble {
  #isAway = false;
  readonly #clock: Clock;
  readonly #entries = new Map<string, { entry: EntryFields; generation: number }>();
  readonly #generations = new Map<string, number>();
  readonly #members = new Set<{ listener: SharedListener; pending: Map<string, Change> }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Away: nothing is read, stored or told. Back: whatever was waiting to be told is. */
  setAway(isAway: boolean): void {
    this.#isAway = isAway;
    if (isAway) return;
    for (const member of this.#members) {
      for (const scope of member.pending.keys()) this.#tell(member, scope, EVERYTHING);
      member.pending.clear();
    }
  }

  open = (listener: SharedListener): SharedStore => {
    const member = { listener, pending: new Map<string, Change>() };
    this.#members.add(member);
    return {
      begin: async ({ key, scope }, { accept }) => {
        if (this.#isAway || member.pending.has(scope)) return { state: 'away' };
        const generation = this.#generationOf(scope);
        const entry = this.#read(key, scope);
        const until = { fresh: entry?.freshUntil, stale: entry?.staleUntil, none: undefined }[accept];
        if (entry && until !== undefined && this.#clock.now() < until) return { state: 'found', entry };
        return { state: 'fetch', key, scope, generation: String(generation), lock: '', previous: entry };
      },
      peek: async ({ key, scope }) => (this.#isAway ? undefined : this.#read(key, scope)),
      commit: async (ticket, entry) => {
        if (this.#isAway || ticket.state !== 'fetch' || member.pending.has(ticket.scope)) return;
        const generation = this.#generationOf(ticket.scope);
        if (String(generation) === ticket.generation) this.#entries.set(ticket.key, { entry, generation });
      },
      abandon: async (ticket, remove) => {
        if (!this.#isAway && remove && ticket.state === 'fetch') this.#entries.delete(ticket.key);
      },
      announce: async (scope, change) => {
        if (this.#isAway) member.pending.set(scope, change);
        else this.#tell(member, scope, change);
        return !this.#isAway;
      },
      scopes: async () => (this.#isAway ? [] : [...this.#generations.keys()]),
      close: async () => void this.#members.delete(member),
    };
  };

  #tell(from: unknown, scope: string, change: Change): void {
    this.#generations.set(scope, this.#generationOf(scope) + 1);
    for (const member of this.#members) if (member !== from) member.listener.onChange(scope, change);
  }

  #generationOf(scope: string): number {
    return this.#generations.get(scope) ?? 0;
  }

  #read(key: string, scope: string): EntryFields | undefined {
    const found = this.#entries.get(key);
    if (!found || found.generation !== this.#generationOf(scope)) return undefined;
    return this.#clock.now() < lastUseAt(found.entry) ? found.entry : undefined;
  }
}
