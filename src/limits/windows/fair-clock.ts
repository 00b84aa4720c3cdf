import type { Client } from '../client.ts';

/**
 * Whose turn it is at one window: start-time fair queueing. Each client has a tag that moves on by 1/share with every slot it
 * gets while others want one; the smallest tag goes first. A client that comes back from idling starts at the current
 * virtual time, so that idling earns no credit.
 */
export class FairClock {
  #virtualTime = 0;
  readonly #tags: number[] = [];
  readonly #waiting: number[] = [];

  /** One more request of the client waits for the window. */
  join(client: Client): void {
    const waiting = this.#waiting[client.index] ?? 0;
    if (waiting === 0) this.#tags[client.index] = Math.max(this.tag(client), this.#virtualTime);
    this.#waiting[client.index] = waiting + 1;
  }

  /** One request of the client waits no longer. */
  leave(client: Client): void {
    this.#waiting[client.index]!--;
  }

  /** The client's tag; smaller goes first. */
  tag(client: Client): number {
    return this.#tags[client.index] ?? this.#virtualTime;
  }

  /** How far the client is ahead of what is being served: comparable between windows. */
  lead(client: Client): number {
    return this.tag(client) - this.#virtualTime;
  }

  /** The client's share was another: what it is ahead by counts in turns of the new one. */
  reshare(client: Client, before: number): void {
    const tag = this.#tags[client.index];
    if (tag === undefined) return;
    this.#tags[client.index] = this.#virtualTime + ((tag - this.#virtualTime) * before) / client.share;
  }

  /** The client got a slot. */
  served(client: Client): void {
    const start = this.tag(client);
    this.#virtualTime = Math.max(this.#virtualTime, start);
    this.#tags[client.index] = start + 1 / client.share;
  }
}
