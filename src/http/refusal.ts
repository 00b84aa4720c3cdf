import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import { Fault } from '../faults/faults.ts';

/** Request heads beyond this are refused, bytes; long pagination URLs and tokens fit easily. */
export const MAX_HEAD_BYTES = 32 * 1024;

/** What Node says when it cannot read a request. */
export interface ReadError extends Error {
  readonly code?: string;
  /** What its parser was at, and how far it came. */
  readonly rawPacket?: Buffer;
  readonly bytesParsed?: number;
}

/** So much of a line tells a request line from a field. */
const LINE_START = 24;
const REQUEST_LINE = /^[A-Z-]{1,20} /;

/** How the line begins that is under way after these bytes, when it began like `line` before them. */
export function lineAfter(line: string, bytes: Buffer): string {
  const lineEnd = bytes.lastIndexOf(0x0a);
  if (lineEnd < 0 && line.length >= LINE_START) return line;
  const more = bytes.toString('latin1', lineEnd + 1, lineEnd + 1 + LINE_START);
  return lineEnd < 0 ? line + more : more;
}

/**
 * The fault for a request that Node could not read.
 *
 * @param line how the line before the bytes at hand began
 */
export function readFault(error: ReadError, line: string): Fault {
  const wire = (code: number, message: string) => new Fault('computeFault', message, { code, cause: error });
  switch (error.code) {
    case 'HPE_HEADER_OVERFLOW':
      return REQUEST_LINE.test(lineAfter(line, parsedOf(error)))
        ? wire(414, `The request's target is longer than ${MAX_HEAD_BYTES} bytes.`)
        : new Fault('badRequest', `The request's headers are larger than ${MAX_HEAD_BYTES} bytes.`, {
            cause: error,
          });
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return new Fault('overLimit', 'The extensions of a chunk of the body are too long.', { cause: error });
    default:
      return new Fault('badRequest', 'The request is no valid HTTP.', { cause: error });
  }
}

const parsedOf = ({ rawPacket, bytesParsed }: ReadError): Buffer =>
  rawPacket?.subarray(0, bytesParsed ?? 0) ?? Buffer.alloc(0);

/** Names and values in turn, and the body, of a fault where nothing is known of the caller's format. */
export function plainFault(fault: Fault): { head: string[]; body: string } {
  const body = JSON.stringify(fault.toDocument());
  const head = [
    ...['X-Compute-Request-Id', `req-${randomUUID()}`, 'Via', '1.1 sluice'],
    ...['Content-Type', 'application/json', 'Content-Length', String(Buffer.byteLength(body))],
    ...['Connection', 'close'],
  ];
  return { head, body };
}

/**
 * A whole answer for a request that was never read.
 *
 * @param isHead true when it was a HEAD, whose answer has no body
 */
export function wireFault(fault: Fault, isHead: boolean): string {
  const { head, body } = plainFault(fault);
  let text = `HTTP/1.1 ${fault.code} ${STATUS_CODES[fault.code] ?? 'Unknown'}\r\n`;
  for (let at = 0; at < head.length; at += 2) text += `${head[at]}: ${head[at + 1]}\r\n`;
  return `${text}\r\n${isHead ? '' : body}`;
}
