/**
 * Work that is long is cut into pieces, each done in a turn of the event loop of its own, so that everybody else is served
 * in between, however long what a region sends is.
 */

/** What is up to this long is dealt with at once, characters or bytes: it takes a few ms. */
export const MOST_AT_ONCE = 256 * 1024;

/** Bytes that are copied in one turn: the system may have to find memory for them. */
const COPIED_PER_TURN = 1024 * 1024;

/** Lets everybody else have their turn of the event loop. */
export const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Chunks of so many bytes in one piece: at once unless they are long, one alone as it is. */
export function joined(chunks: readonly Buffer[], size: number): Buffer | Promise<Buffer> {
  if (chunks.length === 1) return chunks[0]!;
  return size > MOST_AT_ONCE ? joinInTurns(chunks) : Buffer.concat(chunks, size);
}

/** The chunks in one piece, however short. */
export async function joinInTurns(chunks: readonly Buffer[]): Promise<Buffer> {
  const size = chunks.reduce((sum, { length }) => sum + length, 0);
  // Its memory is found as it is filled.
  const whole = Buffer.allocUnsafeSlow(size);
  let at = 0;
  let copied = 0;
  for (const chunk of chunks) {
    for (let from = 0; from < chunk.length; from += MOST_AT_ONCE) {
      const bytes = chunk.copy(whole, at, from, from + MOST_AT_ONCE);
      at += bytes;
      copied += bytes;
      if (copied < COPIED_PER_TURN) continue;
      copied = 0;
      await nextTurn();
    }
  }
  return whole;
}
