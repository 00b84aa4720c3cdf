import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** A body that was written to disk as it came. */
export interface SpooledFile {
  readonly path: string;
  readonly bytes: number;
  /** Hexadecimal. */
  readonly md5: string;
  readonly sha512: string;
}

/** Where bodies of any length go, so that an image costs no memory. Its folder is gone when it is closed. */
export interface Spool {
  /** Writes a body away, no faster than the disk takes it. @throws Error when the sender breaks off */
  take(body: Readable): Promise<SpooledFile>;
  /** Forgets one file. */
  drop(file: SpooledFile): Promise<void>;
  close(): Promise<void>;
}

export function createSpool(): Spool {
  let folder: Promise<string> | undefined;
  let count = 0;
  return {
    async take(body) {
      folder ??= mkdtemp(join(tmpdir(), 'sluice-simulator-'));
      const path = join(await folder, String(count++));
      const [md5, sha512] = [createHash('md5'), createHash('sha512')];
      let bytes = 0;
      const counted = async function* (source: AsyncIterable<Buffer>) {
        for await (const chunk of source) {
          bytes += chunk.length;
          md5.update(chunk);
          sha512.update(chunk);
          yield chunk;
        }
      };
      try {
        await pipeline(body, counted, createWriteStream(path));
      } catch (error) {
        await rm(path, { force: true });
        throw error;
      }
      return { path, bytes, md5: md5.digest('hex'), sha512: sha512.digest('hex') };
    },
    drop: ({ path }) => rm(path, { force: true }),
    async close() {
      if (folder) await rm(await folder, { recursive: true, force: true });
      folder = undefined;
    },
  };
}
