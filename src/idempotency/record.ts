import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { isJsonObject } from '../json.ts';
import type { KeyScope } from './key.ts';

/**
 * What is remembered of a keyed request.
 *
 *     waiting → sent → done        it was answered
 *        │        └──→ lost        it was sent and nobody heard the answer
 *        └──→ (forgotten)          it was never sent
 */
export interface IdempotencyRecord {
  readonly state: 'waiting' | 'sent' | 'done' | 'lost';
  readonly fingerprint: string;
  /** The instance that runs it. */
  readonly owner: string;
  /** Wall ms: until then the owner says again that it is alive; from then on a request that waits or was sent is nobody's. */
  readonly leaseUntil: number;
  /** Wall ms: when it came. */
  readonly startedAt: number;
  /** Wall ms: when it was sent; 0: it has not been, or the region says that nothing came of it. */
  readonly sentAt: number;
  /** What it makes bears nothing by which it could be known again. */
  readonly isUnmarked?: true;
  /** Wall ms: when it is forgotten. */
  readonly expiresAt: number;
  /** The answer, sealed under the caller's key, see `sealAnswer`. */
  readonly answer?: string;
}

/** The answer of a region, as far as it is given again. */
export interface KeptAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON, or empty. */
  readonly text: string;
}

const STATES: ReadonlySet<unknown> = new Set(['waiting', 'sent', 'done', 'lost']);

/** A record out of what was kept; undefined: it is none. */
export function readRecord(text: string): IdempotencyRecord | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is IdempotencyRecord {
  if (!isJsonObject(value)) return false;
  const { state, fingerprint, owner, leaseUntil, startedAt, sentAt, expiresAt, answer } = value;
  return (
    STATES.has(state) &&
    [fingerprint, owner].every((text) => typeof text === 'string') &&
    [leaseUntil, startedAt, sentAt, expiresAt].every(Number.isFinite) &&
    (state === 'done') === (typeof answer === 'string')
  );
}

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * An answer as it is kept: a create's holds the new server's password, so it is encrypted (AES-256-GCM) with a key made of
 * the caller's own, which is not kept.
 */
export function sealAnswer(answer: KeptAnswer, name: string, scope: KeyScope): string {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', answerKey(name, scope), nonce);
  const parts = [nonce, cipher.update(JSON.stringify(answer)), cipher.final(), cipher.getAuthTag()];
  return Buffer.concat(parts).toString('base64');
}

/** The answer again; undefined: it was changed, or is none. */
export function openAnswer(sealed: string, name: string, scope: KeyScope): KeptAnswer | undefined {
  const bytes = Buffer.from(sealed, 'base64');
  if (bytes.length < NONCE_BYTES + TAG_BYTES) return undefined;
  try {
    const decipher = createDecipheriv('aes-256-gcm', answerKey(name, scope), bytes.subarray(0, NONCE_BYTES), {
      authTagLength: TAG_BYTES,
    });
    decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
    const plain = [decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()];
    return JSON.parse(Buffer.concat(plain).toString()) as KeptAnswer;
  } catch {
    return undefined;
  }
}

const answerKey = (name: string, { key }: KeyScope): Uint8Array =>
  new Uint8Array(hkdfSync('sha256', key, name, 'sluice idempotency answer', 32));
