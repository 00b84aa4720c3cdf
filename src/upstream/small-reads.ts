import type { Readable } from 'node:stream';
import { errors } from 'undici';

/** How much of an answer undici's parser gets at a time, bytes. */
export const SLICE_BYTES = 8 * 1024;

/**
 * Gives a connection's bytes out in slices. undici refuses a head that is too large once for each of its fields: for the
 * thousands of them in one read of 64 KiB that took more than 100 ms, in which nobody was served. So it gets a slice at a
 * time, and no more once it has refused.
 */
export function readInSlices(socket: Readable): void {
  const read = socket.read;
  socket.read = function (size?: number) {
    if (size !== undefined || this.readableLength <= SLICE_BYTES) return read.call(this, size);
    return this.errored instanceof errors.HeadersOverflowError ? null : read.call(this, SLICE_BYTES);
  };
}
