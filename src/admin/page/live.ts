import type { ServerResponse } from 'node:http';

/** How often a page may change, ms. */
const PACE_MS = 2_000;
/** Most pages that are kept up to date at once. */
const MOST_PAGES = 32;
/** A page that reads no more than this behind is sent nothing, bytes. */
const MOST_UNREAD = 1_000_000;

/** Pages that are open: all get the same, made once, and only while there are any (server-sent events). */
export class Live {
  readonly #render: () => string;
  readonly #pages = new Set<ServerResponse>();
  #timer: NodeJS.Timeout | undefined;

  /** @param render what is new, as markup */
  constructor(render: () => string) {
    this.#render = render;
  }

  get isFull(): boolean {
    return this.#pages.size >= MOST_PAGES;
  }

  add(page: ServerResponse): void {
    page.writeHead(200, { 'Content-Type': 'text/event-stream', 'X-Accel-Buffering': 'no' });
    page.write(`retry: ${PACE_MS}\n\n${eventOf(this.#render())}`);
    this.#pages.add(page);
    page.once('close', () => this.#remove(page));
    this.#timer ??= setInterval(() => this.#send(), PACE_MS).unref();
  }

  close(): void {
    for (const page of [...this.#pages]) {
      page.end();
      this.#remove(page);
    }
  }

  #send(): void {
    const event = eventOf(this.#render());
    for (const page of this.#pages) if (page.writableLength < MOST_UNREAD) page.write(event);
  }

  #remove(page: ServerResponse): void {
    this.#pages.delete(page);
    if (this.#pages.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

const eventOf = (text: string): string => `event: status\n${text.replace(/^/gm, 'data: ')}\n\n`;
