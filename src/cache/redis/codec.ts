import { createHash } from 'node:crypto';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { isJsonObject, type JsonValue } from '../../json.ts';
import type { EntryFields } from '../entry.ts';

/**
 * Entries as Redis holds them: one line of facts that the scripts read, too (version, generation, status, the four times,
 * packing, checksum), then the headers and the body, deflated when that pays. Whatever does not read back exactly is
 * rubbish and nobody's answer.
 */

/** The layout's version; an instance ignores entries of any other. */
export const CODEC_VERSION = '1';

const SMALLEST_PACKED_BYTES = 1024;
/** No answer about flavors or images comes near; a forged one shall not blow up memory. */
const MOST_UNPACKED_BYTES = 64 * 1024 * 1024;
const LINE = /^1 (\d+) (\d{3}) (\d+) (\d+) (\d+) (\d+) ([pz]) ([0-9a-f]{8})$/;

/** @param generation of the scope when the upstream was asked */
export function encodeEntry(entry: EntryFields, generation: string): Buffer {
  const facts = JSON.stringify([entry.tenant, entry.subject ?? null, entry.query, entry.headers]);
  const plain = Buffer.from(`${facts}\n${entry.body}`);
  const isPacked = plain.length >= SMALLEST_PACKED_BYTES;
  const payload = isPacked ? deflateRawSync(plain, { level: 1 }) : plain;
  const times = [entry.storedAt, entry.freshUntil, entry.staleUntil, entry.errorUntil].map(Math.round);
  const line = [
    CODEC_VERSION,
    generation,
    entry.status,
    ...times,
    isPacked ? 'z' : 'p',
    checksum(entry.key, payload),
  ];
  return Buffer.concat([Buffer.from(`${line.join(' ')}\n`), payload]);
}

/** The entry, or null for rubbish. */
export function decodeEntry(bytes: Buffer, key: string, scope: string): EntryFields | null {
  const end = bytes.indexOf(0x0a);
  const line = LINE.exec(bytes.toString('latin1', 0, Math.max(0, end)));
  if (!line) return null;
  const payload = bytes.subarray(end + 1);
  if (checksum(key, payload) !== line[8]) return null;
  const [status, storedAt, freshUntil, staleUntil, errorUntil] = line.slice(2, 7).map(Number);
  const content = readPayload(payload, line[7] === 'z');
  if (!content) return null;
  return {
    key,
    scope,
    ...content,
    status: status!,
    storedAt: storedAt!,
    freshUntil: freshUntil!,
    staleUntil: staleUntil!,
    errorUntil: errorUntil!,
  };
}

type Content = Pick<EntryFields, 'tenant' | 'subject' | 'query' | 'headers' | 'body'>;

function readPayload(payload: Buffer, isPacked: boolean): Content | null {
  try {
    const plain = isPacked ? inflateRawSync(payload, { maxOutputLength: MOST_UNPACKED_BYTES }) : payload;
    const end = plain.indexOf(0x0a);
    const facts: JsonValue = JSON.parse(plain.toString('utf8', 0, end));
    if (!Array.isArray(facts)) return null;
    const [tenant, subject, query, headers] = facts;
    if (typeof tenant !== 'string' || typeof query !== 'string' || !isHeaders(headers)) return null;
    if (subject !== null && typeof subject !== 'string') return null;
    return { tenant, subject: subject ?? undefined, query, headers, body: plain.toString('utf8', end + 1) };
  } catch {
    return null;
  }
}

function isHeaders(value: JsonValue | undefined): value is Record<string, string> {
  return isJsonObject(value) && Object.values(value).every((header) => typeof header === 'string');
}

/** Over the key as well: what was copied to another key is nobody's answer there. */
function checksum(key: string, payload: Buffer): string {
  return createHash('sha1').update(`${key}\n`).update(payload).digest('hex').slice(0, 8);
}
