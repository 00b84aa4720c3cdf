import { readLongDocument, rewriteInTurns } from '../links/long-document.ts';
import type { ProxiedAnswer } from '../upstream/region.ts';
import type { Holding } from '../upstream/stream-exchange.ts';

/** Longest document whose links are looked for, bytes: it is held for that. A longer one goes on as it is. */
const LONGEST_DOCUMENT = 8 * 1024 * 1024;

/** Statuses whose bodies are no whole document. */
const WITHOUT_DOCUMENT = new Set([204, 206, 304]);

/** Which answers are held for their links. */
export const holdingDocuments =
  (method: string): Holding =>
  (answer) =>
    isDocument(answer, method) ? LONGEST_DOCUMENT : 0;

/**
 * An answer whose links lead through Sluice, where it is a JSON document: next pages are followed as they stand, token
 * included. What has none that lead to a known endpoint keeps every byte, and what is no document streams on.
 *
 * @param rewrite see `rewriteInTurns`
 */
export async function withLinks(
  answer: ProxiedAnswer,
  method: string,
  rewrite: Parameters<typeof rewriteInTurns>[1],
): Promise<ProxiedAnswer> {
  const { body } = answer;
  if (!Buffer.isBuffer(body) || !isDocument(answer, method)) return answer;
  const document = await readLongDocument(body);
  if (document === undefined) return answer;
  const rewritten = await rewriteInTurns(document, rewrite);
  const headers = { ...answer.headers, 'content-length': String(rewritten.length) };
  return { ...answer, headers, body: rewritten };
}

function isDocument({ status, headers }: Pick<ProxiedAnswer, 'status' | 'headers'>, method: string): boolean {
  return (
    method !== 'HEAD' &&
    !WITHOUT_DOCUMENT.has(status) &&
    /^application\/json\b/i.test(headers['content-type'] ?? '') &&
    (headers['content-encoding'] ?? 'identity') === 'identity' &&
    !(Number(headers['content-length']) > LONGEST_DOCUMENT)
  );
}
