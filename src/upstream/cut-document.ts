import type { IncomingHttpHeaders } from 'node:http';
import { readLongDocument } from '../links/long-document.ts';
import { ExchangeError } from './exchange.ts';
import type { StreamedAnswer } from './stream-exchange.ts';

/**
 * What is wrong with a held success that ended with its connection: nothing but its document tells a cut one from a whole
 * one. Where a length was announced, or chunks were, a cut answer has failed by now. An empty one is cut only where a
 * document was read.
 */
export function cutDocument(
  { status, headers, body }: StreamedAnswer,
  method: string,
): Promise<ExchangeError | undefined> | ExchangeError | undefined {
  const isFramed = headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined;
  if (!Buffer.isBuffer(body) || isFramed || status >= 300 || status === 204) return undefined;
  if (!isPlainJson(headers) || method === 'HEAD') return undefined;
  if (body.length === 0) return method === 'GET' ? cut() : undefined;
  return readLongDocument(body).then((document) => (document === undefined ? cut() : undefined));
}

/** Whether a body is a JSON document, in no coding. */
export const isPlainJson = (headers: IncomingHttpHeaders): boolean =>
  /^application\/json\b/i.test(headers['content-type'] ?? '') &&
  (headers['content-encoding'] ?? 'identity') === 'identity';

const cut = (): ExchangeError =>
  new ExchangeError('broken', true, 'the body ended with its connection and is no whole JSON document');
