import { Readable } from 'node:stream';
import { readLongDocument, rewriteInTurns } from '../links/long-document.ts';
import { joinInTurns } from '../turns.ts';
import type { ProxiedAnswer } from '../upstream/region.ts';

/** Longest document whose links are looked for, bytes: it is held for that. A longer one goes on as it is. */
const LONGEST_DOCUMENT = 8 * 1024 * 1024;

type Rewrite = Parameters<typeof rewriteInTurns>[1];

/** Statuses whose bodies are no whole document. */
const WITHOUT_DOCUMENT = new Set([204, 206, 304]);

/**
 * An answer whose links lead through Sluice, where it is a JSON document: next pages are followed as they stand, token
 * included. What has none that lead to a known endpoint keeps every byte, and what is no document streams on.
 *
 * @param rewrite see `rewriteInTurns`
 * @throws {ExchangeError} the answer breaks
 */
export async function withLinks(
  answer: ProxiedAnswer,
  method: string,
  rewrite: Rewrite,
): Promise<ProxiedAnswer> {
  if (!isDocument(answer, method)) return answer;
  const source = answer.body[Symbol.asyncIterator]();
  const chunks: Buffer[] = [];
  let size = 0;
  for (;;) {
    const { done, value } = await source.next();
    if (done === true) return rewritten(answer, await joinInTurns(chunks), rewrite);
    chunks.push(value as Buffer);
    size += (value as Buffer).length;
    if (size > LONGEST_DOCUMENT) return { ...answer, body: continued(answer.body, chunks, source) };
  }
}

function isDocument({ status, headers }: ProxiedAnswer, method: string): boolean {
  return (
    method !== 'HEAD' &&
    !WITHOUT_DOCUMENT.has(status) &&
    /^application\/json\b/i.test(headers['content-type'] ?? '') &&
    (headers['content-encoding'] ?? 'identity') === 'identity' &&
    !(Number(headers['content-length']) > LONGEST_DOCUMENT)
  );
}

async function rewritten(answer: ProxiedAnswer, bytes: Buffer, rewrite: Rewrite): Promise<ProxiedAnswer> {
  const document = await readLongDocument(bytes);
  const body = document === undefined ? bytes : await rewriteInTurns(document, rewrite);
  const headers = { ...answer.headers, 'content-length': String(body.length) };
  return { ...answer, headers, body: Readable.from([body], { objectMode: false }) };
}

/** What was held, and all that follows. */
function continued(body: Readable, held: readonly Buffer[], rest: AsyncIterator<Buffer>): Readable {
  async function* chunks() {
    try {
      yield* held;
      for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
    } finally {
      body.destroy();
    }
  }
  return Readable.from(chunks(), { objectMode: false });
}
