import { Fault } from '../../faults/faults.ts';
import { isJsonObject, type JsonValue } from '../../json.ts';
import { badRequest } from './body.ts';
import { checkLimit } from './quotas.ts';

const MAX_PATH_BYTES = 255;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/**
 * Checks the files to be injected (guide section 2.1.2.3); they are forgotten, the simulator has no disks.
 * Throws badRequest for a wrong shape or broken base64, overLimit for too many, too long or too large.
 */
export function checkPersonality(limits: Record<string, number>, value: JsonValue | undefined): void {
  if (value === undefined || value === null) return;
  if (!Array.isArray(value)) throw badRequest('personality must be a list of {"path", "contents"}.');
  checkLimit(limits, 'maxPersonality', value.length, 'personality files');
  for (const file of value) checkFile(limits, file);
}

function checkFile(limits: Record<string, number>, file: JsonValue): void {
  const path = isJsonObject(file) ? file['path'] : undefined;
  const contents = isJsonObject(file) ? file['contents'] : undefined;
  if (typeof path !== 'string' || path === '' || typeof contents !== 'string')
    throw badRequest('Each personality file needs a "path" and base64 "contents".');
  if (Buffer.byteLength(path) > MAX_PATH_BYTES)
    throw new Fault(
      'overLimit',
      `A personality path is longer than ${MAX_PATH_BYTES} bytes: ${path.slice(0, 40)}…`,
    );
  checkLimit(limits, 'maxPersonalitySize', decodedBytes(path, contents), `bytes in ${path}`);
}

/** Size of the decoded data: what the limit is about. Line breaks inside base64 are legal. */
function decodedBytes(path: string, contents: string): number {
  const text = contents.replace(/\s+/g, '');
  if (!BASE64.test(text) || text.length % 4 === 1)
    throw badRequest(`The contents of the personality file ${path} are not base64.`);
  return Buffer.from(text, 'base64').length;
}
