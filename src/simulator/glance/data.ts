import { statSync } from 'node:fs';
import { type Answer, headerOf, type Incoming } from '../exchange.ts';
import type { ImageRecord } from '../region/state.ts';
import { GlanceError } from './errors.ts';
import { glanceExtras, glanceStatus, inventedData } from './image.ts';

/** `/v2/images/{id}/file`: an image's data up (once, in any framing) and down (whole, or a range of it). */
export function answerFile(incoming: Incoming, method: string, image: ImageRecord, now: number): Answer {
  if (method === 'PUT') return upload(incoming, image, now);
  if (method === 'GET') return download(incoming, image);
  throw new GlanceError(405, 'The method is not allowed.', { allow: 'GET, PUT' });
}

function upload({ body, headers }: Incoming, image: ImageRecord, now: number): Answer {
  const type = headers['content-type'] ?? '';
  if (type !== 'application/octet-stream')
    throw new GlanceError(415, `The request media type ${type} is not supported by this server.`);
  const status = glanceStatus(image);
  if (status !== 'queued')
    throw new GlanceError(409, `Image status transition from ${status} to saving is not allowed`);
  const extras = glanceExtras(image);
  if (extras.diskFormat === null || extras.containerFormat === null)
    throw new GlanceError(400, 'Properties disk_format, container_format must be set prior to saving data.');
  if (body.kind !== 'file') throw new GlanceError(400, 'There is no data in the request body.');
  const { path, bytes, md5, sha512 } = body.file;
  body.keep();
  Object.assign(extras, { status: 'active', size: bytes, checksum: md5, sha512, file: path });
  Object.assign(image, { status: 'ACTIVE', progress: 100, updated: now });
  return { status: 204, headers: { 'content-type': 'text/html; charset=UTF-8' }, body: Buffer.alloc(0) };
}

function download(incoming: Incoming, image: ImageRecord): Answer {
  const { size, checksum, file } = glanceExtras(image);
  const status = glanceStatus(image);
  if (status === 'deactivated')
    throw new GlanceError(403, 'The requested image has been deactivated. Image data download is forbidden.');
  if (size === null || checksum === null || (file !== null && !isThere(file)))
    return { status: 204, headers: {}, body: Buffer.alloc(0) };
  const headers = { 'content-type': 'application/octet-stream', 'content-md5': checksum };
  const range = readRange(headerOf(incoming, 'range'), size);
  const [start, end] = range ?? [0, size - 1];
  const told: Record<string, string> = range
    ? { ...headers, 'content-range': `bytes ${start}-${end}/${size}` }
    : headers;
  const answer = { status: range ? 206 : 200, headers: told };
  if (file !== null) return { ...answer, body: Buffer.alloc(0), file: { path: file, start, end } };
  return { ...answer, body: inventedData(image.id).subarray(start, end + 1) };
}

function isThere(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false }) !== undefined;
}

/** First and last byte of the one range that is asked for; undefined: everything. */
function readRange(header: string | undefined, size: number): [number, number] | undefined {
  const found = /^bytes=(\d*)-(\d*)$/.exec(header ?? '');
  if (!found || (found[1] === '' && found[2] === '')) return undefined;
  const start = found[1] === '' ? Math.max(0, size - Number(found[2])) : Number(found[1]);
  const end = found[1] === '' || found[2] === '' ? size - 1 : Math.min(size - 1, Number(found[2]));
  if (start >= size || start > end)
    throw new GlanceError(
      416,
      `The Range requested is not available. Start position MUST be in the inclusive range [0, ${size - 1}].`,
    );
  return [start, end];
}
