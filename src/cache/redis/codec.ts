import { isUtf8 } from 'node:buffer';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { isJsonObject, type JsonValue } from '../../json.ts';
import { hrefsOf } from '../../links/json-hrefs.ts';
import { SEAL_PATTERN, type Seal } from '../../redis/seal.ts';
import { type EntryFields, type EntryIdentity, isKeptHeader } from '../entry.ts';
import { scopeParts } from '../key.ts';
import { LONGEST_ENTRY } from './scripts.ts';

/**
 * Entries as Redis holds them: one line of facts that the scripts read, too (version, generation, status, the four times,
 * packing, seal), then the headers and the body, deflated when that pays.
 *
 * Redis is not trusted. What an entry is about is never read: whoever asks knows it, and the seal is made over it. What is
 * read goes out to callers, so whatever does not read back exactly, or could not have been written by an instance, is
 * rubbish and nobody's answer.
 */

/** The layout's version; an instance ignores entries of any other. */
const CODEC_VERSION = '2';

const PURPOSE = 'cache entry';
const SMALLEST_PACKED_BYTES = 1024;
/** Longer answers stay in the process that has them: unpacking and checking one takes the event loop for that long. */
const MOST_UNPACKED_BYTES = 4 * 1024 * 1024;
const LINE = new RegExp(
  `^(${CODEC_VERSION} (\\d{1,16}) (\\d{3}) (\\d{1,16}) (\\d{1,16}) (\\d{1,16}) (\\d{1,16}) ([pz])) (${SEAL_PATTERN})$`,
);
const LONGEST_LINE = 200;
/** By how much another instance's clock may be ahead of ours (ms). */
const MOST_AHEAD_MS = 5 * 60_000;

/**
 * @param generation of the scope when the upstream was asked
 * @returns null for an entry that is too long to be shared
 */
export function encodeEntry(entry: EntryFields, generation: string, seal: Seal): Buffer | null {
  const plain = Buffer.from(`${JSON.stringify(entry.headers)}\n${entry.body}`);
  if (plain.length > MOST_UNPACKED_BYTES) return null;
  const isPacked = plain.length >= SMALLEST_PACKED_BYTES;
  const payload = isPacked ? deflateRawSync(plain, { level: 1 }) : plain;
  const times = [entry.storedAt, entry.freshUntil, entry.staleUntil, entry.errorUntil].map(Math.round);
  const facts = [CODEC_VERSION, generation, entry.status, ...times, isPacked ? 'z' : 'p'].join(' ');
  const line = `${facts} ${seal.of(PURPOSE, entry.key, entry.scope, facts, payload)}\n`;
  const bytes = Buffer.concat([Buffer.from(line), payload]);
  return bytes.length > LONGEST_ENTRY ? null : bytes;
}

/**
 * The entry, or null for rubbish.
 *
 * @param identity what was asked for
 * @param now wall ms
 */
export function decodeEntry(
  bytes: Buffer,
  identity: EntryIdentity,
  seal: Seal,
  now: number,
): EntryFields | null {
  if (bytes.length > LONGEST_ENTRY) return null;
  const end = bytes.subarray(0, LONGEST_LINE).indexOf(0x0a);
  const line = LINE.exec(bytes.toString('latin1', 0, Math.max(0, end)));
  if (!line) return null;
  const [, facts, , , , , , , packing, given] = line;
  const payload = bytes.subarray(end + 1);
  if (!seal.matches(given!, PURPOSE, identity.key, identity.scope, facts!, payload)) return null;
  const [status, storedAt, freshUntil, staleUntil, errorUntil] = line.slice(3, 8).map(Number);
  const times = {
    storedAt: storedAt!,
    freshUntil: freshUntil!,
    staleUntil: staleUntil!,
    errorUntil: errorUntil!,
  };
  if (!isKeptStatus(status!, identity) || !isPossible(times, now)) return null;
  const content = readPayload(payload, packing === 'z');
  return content && { ...identity, status: status!, ...content, ...times };
}

/** Only these answers are kept at all, see `decideFreshness`. */
function isKeptStatus(status: number, { subject, scope }: EntryIdentity): boolean {
  if (status === 300) return scopeParts(scope).resource === 'versions';
  return status === 200 || (status === 404 && subject !== undefined);
}

type Times = Pick<EntryFields, 'storedAt' | 'freshUntil' | 'staleUntil' | 'errorUntil'>;

function isPossible({ storedAt, freshUntil, staleUntil, errorUntil }: Times, now: number): boolean {
  return (
    storedAt <= now + MOST_AHEAD_MS &&
    storedAt <= freshUntil &&
    freshUntil <= Math.min(staleUntil, errorUntil)
  );
}

type Content = Pick<EntryFields, 'headers' | 'body' | 'hrefs'>;

function readPayload(payload: Buffer, isPacked: boolean): Content | null {
  try {
    const plain = isPacked ? inflateRawSync(payload, { maxOutputLength: MOST_UNPACKED_BYTES }) : payload;
    const end = plain.indexOf(0x0a);
    const headers: JsonValue = JSON.parse(plain.toString('utf8', 0, end));
    if (!isKept(headers)) return null;
    const document = readDocument(plain.subarray(end + 1));
    return document && { headers, ...document };
  } catch {
    return null;
  }
}

/** One whole JSON document in UTF-8, with its links. */
function readDocument(bytes: Buffer): Pick<Content, 'body' | 'hrefs'> | null {
  if (!isUtf8(bytes)) return null;
  const body = bytes.toString();
  const hrefs = hrefsOf(bytes, body);
  return hrefs === undefined ? null : { body, hrefs };
}

function isKept(headers: JsonValue): headers is Record<string, string> {
  return isJsonObject(headers) && Object.entries(headers).every(([name, value]) => isKeptHeader(name, value));
}
