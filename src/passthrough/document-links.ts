import { hrefsOf } from '../links/json-hrefs.ts';
import { readLongDocument, rewriteInTurns } from '../links/long-document.ts';
import { MOST_AT_ONCE } from '../turns.ts';
import { isPlainJson } from '../upstream/cut-document.ts';
import type { ProxiedAnswer } from '../upstream/region.ts';
import type { Holding } from '../upstream/stream-exchange.ts';

type Rewrite = Parameters<typeof rewriteInTurns>[1];

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
export function withLinks(
  answer: ProxiedAnswer,
  method: string,
  rewrite: Rewrite,
): ProxiedAnswer | Promise<ProxiedAnswer> {
  const { body } = answer;
  if (!Buffer.isBuffer(body) || !isDocument(answer, method)) return answer;
  if (body.length > MOST_AT_ONCE) return withLinksInTurns(answer, body, rewrite);
  const text = body.toString();
  const hrefs = hrefsOf(body, text);
  const rewritten = hrefs === undefined ? text : rewrite(text, hrefs);
  return rewritten === text ? answer : withBody(answer, Buffer.from(rewritten));
}

async function withLinksInTurns(
  answer: ProxiedAnswer,
  body: Buffer,
  rewrite: Rewrite,
): Promise<ProxiedAnswer> {
  const document = await readLongDocument(body);
  return document === undefined ? answer : withBody(answer, await rewriteInTurns(document, rewrite));
}

function withBody(answer: ProxiedAnswer, body: Buffer): ProxiedAnswer {
  return { ...answer, headers: { ...answer.headers, 'content-length': String(body.length) }, body };
}

function isDocument({ status, headers }: Pick<ProxiedAnswer, 'status' | 'headers'>, method: string): boolean {
  return (
    method !== 'HEAD' &&
    !WITHOUT_DOCUMENT.has(status) &&
    isPlainJson(headers) &&
    !(Number(headers['content-length']) > LONGEST_DOCUMENT)
  );
}
