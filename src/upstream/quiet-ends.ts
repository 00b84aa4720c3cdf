import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';

/**
 * Servers that end each answer with its connection and do not say so (uwsgi, as distributions set it up). After an answer
 * without a body nothing tells that its connection has ended, too: what is sent on it next is lost, which costs a POST
 * for good. An answer with a body shows what kind of server it is, since it has neither length nor chunks.
 */
const quiet = new WeakSet<Dispatcher>();

/** Looks at the head of an answer that has a body. @param dispatcher the connections to one origin */
export function learnEnds(dispatcher: Dispatcher, headers: IncomingHttpHeaders): void {
  if (headers['content-length'] === undefined && headers['transfer-encoding'] === undefined)
    quiet.add(dispatcher);
}

/** Whether an answer without a body from there ends its connection, whatever it looks like. */
export const endsQuietly = (dispatcher: Dispatcher | undefined): boolean =>
  dispatcher !== undefined && quiet.has(dispatcher);
