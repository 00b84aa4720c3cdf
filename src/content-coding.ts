import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate, inflateRaw } from 'node:zlib';

/**
 * The one decoder of every answer that Sluice reads (RFC 9110, section 8.4). It asks for no coding, but a proxy in front
 * of a server may apply one all the same, or several.
 */

/** A body that cannot be decoded. */
export class CodingError extends Error {
  override readonly name = 'CodingError';
}

/** Most codings that one body may have; each costs a pass. */
const MAX_CODINGS = 4;

type Decode = (body: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>;

const unzip = promisify(gunzip) as Decode;
const unwrap = promisify(inflate) as Decode;
const unwrapRaw = promisify(inflateRaw) as Decode;
const unbrotli = promisify(brotliDecompress) as Decode;

const DECODERS: ReadonlyMap<string, Decode> = new Map([
  ['gzip', unzip],
  ['x-gzip', unzip],
  // The zlib format by the RFC; some servers leave its wrapping off.
  ['deflate', (body, options) => (isWrapped(body) ? unwrap : unwrapRaw)(body, options)],
  ['br', unbrotli],
]);

/** The codings of a body in the order they were applied; empty for nearly every one. */
export function codingsOf(header: string | string[] | undefined): string[] {
  if (header === undefined) return [];
  return String(header)
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '' && name !== 'identity');
}

/**
 * The bytes that were coded. An empty body is empty in any coding. The work is done off the event loop.
 *
 * @param header the `Content-Encoding` of the answer
 * @param maxBytes most bytes that it may unfold to
 * @throws {CodingError} a coding that is unknown, does not decode, or unfolds to more
 */
export async function decodeContent(
  body: Buffer,
  header: string | string[] | undefined,
  maxBytes: number,
): Promise<Buffer> {
  const codings = codingsOf(header);
  if (body.length === 0) return body;
  if (codings.length > MAX_CODINGS) throw new CodingError(`the body has ${codings.length} codings`);
  let bytes = body;
  for (const coding of codings.reverse()) {
    const decode = DECODERS.get(coding);
    if (!decode) throw new CodingError(`the body is coded as "${coding.slice(0, 40)}"`);
    try {
      bytes = await decode(bytes, { maxOutputLength: maxBytes });
    } catch (cause) {
      const isTooLarge = (cause as { code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE';
      const what = isTooLarge ? `unfolds to more than ${maxBytes} bytes` : `does not decode as ${coding}`;
      throw new CodingError(`the body ${what}`, { cause });
    }
  }
  return bytes;
}

/** The zlib header: method 8, and a check sum over both of its bytes (RFC 1950, section 2.2). */
function isWrapped(body: Buffer): boolean {
  return body.length >= 2 && (body[0]! & 0x0f) === 8 && body.readUInt16BE(0) % 31 === 0;
}

/** Bytes without the mark that some editors and servers put before UTF-8; it is no part of the text (RFC 8259, section 8.1). */
export function withoutByteOrderMark(bytes: Buffer): Buffer {
  const isMarked = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  return isMarked ? bytes.subarray(3) : bytes;
}
