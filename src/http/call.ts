import { setMaxListeners } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Fault } from '../faults/faults.ts';
import type { Cancellation } from '../upstream/cancellation.ts';
import type { PlainResponse } from './plain-response.ts';
import { type RequestContext, RequestFacts, type RequestHead } from './request-facts.ts';
import type { ResponseWriter } from './response-writer.ts';

/** What a request came in by, and what its answer goes out by: Node's, or those of the fast path, whose requests have no body. */
export type Ends =
  | { readonly req: IncomingMessage; readonly res: ServerResponse }
  | { readonly req: undefined; readonly res: PlainResponse };

/** One request that is answered: its facts, its body, and whether its caller is still there. */
export class Call extends RequestFacts implements Cancellation {
  readonly ends: Ends;
  /** undefined: a plain GET that Node has not read, which has no body. */
  readonly req: IncomingMessage | undefined;
  readonly res: ResponseWriter;

  /** What its caller is told when the process ends before its answer is here; undefined: what holds for any request. */
  ifCut: (() => Fault) | undefined;

  #controller: AbortController | undefined;
  #watcher: (() => void) | undefined;
  #isListening = false;
  #isCut = false;

  constructor(head: RequestHead, ends: Ends, context: RequestContext) {
    super(head, context);
    this.ends = ends;
    this.req = ends.req;
    this.res = ends.res;
  }

  /** True once the caller has left before its answer was out, or has been told that none will come. */
  get gone(): boolean {
    return this.#isCut || (this.res.destroyed && !this.res.writableFinished);
  }

  /** The process ends and its caller has been told so: nobody waits for the answer any more. */
  cut(): void {
    this.#isCut = true;
    this.#left();
  }

  get isCut(): boolean {
    return this.#isCut;
  }

  /** Aborted when the caller leaves before its answer is out. Made on first use: most requests need none. */
  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      // A request to all regions, or to many accounts, waits in as many places at once.
      setMaxListeners(0, this.#controller.signal);
      if (this.gone) this.#controller.abort(new Error('the caller left'));
      this.#listen();
    }
    return this.#controller.signal;
  }

  watch(callback: (() => void) | undefined): void {
    this.#watcher = callback;
    if (callback) this.#listen();
  }

  #listen(): void {
    if (this.#isListening) return;
    this.#isListening = true;
    this.res.once('close', () => {
      if (this.gone && !this.#isCut) this.#left();
    });
  }

  #left(): void {
    this.#controller?.abort(new Error('the caller left'));
    this.#watcher?.();
  }
}
