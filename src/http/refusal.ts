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

/**
 * The fault for a request that Node could not read.
 *
 * @param isInRequestLine true when it is the request line that could not be read
 */
export function readFault(error: ReadError, isInRequestLine: boolean): Fault {
  const wire = (code: number, message: string) => new Fault('computeFault', message, { code, cause: error });
  switch (error.code) {
    case 'HPE_HEADER_OVERFLOW':
      return isInRequestLine
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

/** Names and values in turn, and the body, of a fault where nothing is known of the caller's format. */
export function plainFault(fault: Fault): { head: string[]; body: string } {
  const body = JSON.stringify(fault.toDocument());
  return { head: headOf(body, Object.entries(fault.headers).flat()), body };
}

/**
 * A whole answer for a request that was never read.
 *
 * @param mayBeHead true when it may have been a HEAD, to which a body would not belong; an empty one belongs to all
 */
export function wireFault(fault: Fault, mayBeHead: boolean): string {
  const { head, body } = mayBeHead ? { head: headOf('', []), body: '' } : plainFault(fault);
  let text = `HTTP/1.1 ${fault.code} ${STATUS_CODES[fault.code] ?? 'Unknown'}\r\n`;
  for (let at = 0; at < head.length; at += 2) text += `${head[at]}: ${head[at + 1]}\r\n`;
  return `${text}\r\n${body}`;
}

const headOf = (body: string, own: readonly string[]): string[] => [
  ...['X-Compute-Request-Id', `req-${randomUUID()}`, 'Via', '1.1 sluice', ...own],
  ...['Content-Type', 'application/json', 'Content-Length', String(Buffer.byteLength(body))],
  ...['Connection', 'close'],
];
