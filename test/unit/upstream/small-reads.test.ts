import { Readable } from 'node:stream';
import { errors } from 'undici';
import { expect, it } from 'vitest';
import { readInSlices, SLICE_BYTES } from '../../../src/upstream/small-reads.ts';

it('what came in at once is read in slices, all of it and in its order', () => {
  const stream = new Readable({ read: () => {} });
  const bytes = Buffer.from(Array.from({ length: 3 * SLICE_BYTES + 5 }, (_, at) => at % 251));
  readInSlices(stream);
  stream.push(bytes);
  const read: Buffer[] = [];
  for (let chunk = stream.read(); chunk !== null; chunk = stream.read()) read.push(chunk);
  expect(Buffer.concat(read).equals(bytes)).toBe(true);
  expect(read.map(({ length }) => length)).toEqual([SLICE_BYTES, SLICE_BYTES, SLICE_BYTES, 5]);
});

it('whoever asks for so many bytes gets them', () => {
  const stream = new Readable({ read: () => {} });
  readInSlices(stream);
  stream.push(Buffer.alloc(3 * SLICE_BYTES));
  expect(stream.read(2 * SLICE_BYTES)).toHaveLength(2 * SLICE_BYTES);
});

it('nothing more is read once a head was refused for its size', async () => {
  const stream = new Readable({ read: () => {} });
  stream.on('error', () => {});
  readInSlices(stream);
  stream.push(Buffer.alloc(3 * SLICE_BYTES));
  expect(stream.read()).toHaveLength(SLICE_BYTES);
  stream.destroy(new errors.HeadersOverflowError());
  expect(stream.read()).toBeNull();
});
