import { deflateRawSync, inflateRawSync } from 'node:zlib';

/** deflate looks back this far: what lies further ahead in a dictionary is no use to it (RFC 1951). */
const LONGEST_DICTIONARY = 32_768;

/**
 * An answer's source, which is needed again only for another format or base URL, told by how it differs from what it
 * was rendered to. The two are nearly the same text, so that a few dozen bytes are left of it.
 *
 * @param rendered what it was rendered to; needed again to unpack
 * @returns Latin-1, a character a byte: a short string takes far less room than a short Buffer
 */
export function packText(text: string, rendered: string | Buffer): string {
  return deflateRawSync(text, { level: 1, ...dictionaryOf(rendered) }).toString('latin1');
}

/** The text again. */
export function unpackText(packed: string, rendered: string | Buffer): string {
  return inflateRawSync(Buffer.from(packed, 'latin1'), dictionaryOf(rendered)).toString();
}

/** Only for a text it covers: a longer one is better packed against itself. */
function dictionaryOf(rendered: string | Buffer): { dictionary?: Buffer } {
  return rendered.length > LONGEST_DICTIONARY ? {} : { dictionary: Buffer.from(rendered as string) };
}
