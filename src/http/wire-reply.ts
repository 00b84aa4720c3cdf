import { STATUS_CODES } from 'node:http';
import { contentTypeOf } from '../translation/format.ts';
import { commonHead } from './common-head.ts';
import { dateNow } from './date.ts';
import { textOf } from './head.ts';
import type { Reply } from './reply.ts';
import type { RequestFacts } from './request-facts.ts';
import type { WireAnswer } from './response-writer.ts';

/** What all answers of the fast path say of their connection. @param keepAliveMs how long it is kept when it is idle */
export const keptAlive = (keepAliveMs: number): string =>
  `Connection: keep-alive\r\nKeep-Alive: timeout=${Math.floor(keepAliveMs / 1000)}\r\n`;

/**
 * An answer with a body, as Node would write it.
 *
 * @param connection see `keptAlive`
 */
export function wireReply(
  facts: RequestFacts,
  reply: Reply & { body: string },
  connection: string,
): WireAnswer {
  const { status, format, contentType = contentTypeOf(format) } = reply;
  const body = asBytes(reply.body);
  const fields = textOf([...commonHead(facts), ...reply.headers]);
  return {
    head: `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Unknown'}\r\nDate: ${dateNow()}\r\n${fields}Content-Type: ${contentType}\r\nContent-Length: ${body.length}\r\n${connection}X-Compute-Request-Id: ${facts.requestId}\r\n\r\n`,
    body,
  };
}

/** A text of which each character is a byte. */
export const asBytes = (text: string): string =>
  Buffer.byteLength(text) === text.length ? text : Buffer.from(text).toString('latin1');
