/** Up to this many bytes the copy goes through one buffer that all share. */
const SCRATCH_BYTES = 12_288;

const scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES);

/** A short Latin-1 text of its own: one put together from parts, or cut out of a longer one, keeps all of those alive. */
export const flat = (text: string): string => scratch.toString('latin1', 0, scratch.write(text, 'latin1'));

/** The same for any text. */
export function owned(text: string): string {
  const bytes = Buffer.byteLength(text);
  if (bytes === text.length && bytes <= SCRATCH_BYTES) return flat(text);
  return bytes === text.length
    ? Buffer.from(text, 'latin1').toString('latin1')
    : Buffer.from(text, 'utf16le').toString('utf16le');
}

/** V8 keeps a string in one byte a character while all of them are Latin-1, else in two. */
export function heldBy(text: string): number {
  return Buffer.byteLength(text) === text.length ? text.length : 2 * text.length;
}
