import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { Fault } from '../faults/faults.ts';
import { refusalFault } from '../routing/route.ts';
import { renderFault } from '../serving/render.ts';

/** Request heads beyond this are refused by Node itself, bytes; long pagination URLs and tokens fit easily. */
export const MAX_HEADER_BYTES = 32 * 1024;

/** What Node says of a request that it could not read. */
type ParserError = Error & { code?: string; rawPacket?: unknown };

/** Answers what Node could not read at all: there is no call, only a socket. */
export function refuseMalformed(error: ParserError, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) {
    socket.destroy();
    return;
  }
  const packet = error.rawPacket instanceof Buffer ? error.rawPacket : Buffer.alloc(0);
  const fault = faultOf(error, packet);
  const body = renderFault(fault, 'json');
  const head = `HTTP/1.1 ${fault.code} ${STATUS_CODES[fault.code]}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nVia: 1.1 sluice\r\nConnection: close\r\n\r\n`;
  const isHead = packet.subarray(0, 5).toString() === 'HEAD ';
  socket.end(isHead ? head : head + body);
}

function faultOf({ code }: ParserError, packet: Buffer): Fault {
  if (code !== 'HPE_HEADER_OVERFLOW') return new Fault('badRequest', 'The request is no valid HTTP.');
  // A request line that has no end yet: its URL alone is longer than any head may be.
  if (/^[A-Z]+ \/[^\r\n]*$/.test(packet.toString('latin1'))) return refusalFault('tooLong');
  return new Fault('badRequest', `The request's headers are larger than ${MAX_HEADER_BYTES} bytes.`);
}
