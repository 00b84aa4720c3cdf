import { Fault } from '../../faults/faults.ts';
import { isJsonObject, type JsonValue } from '../../json.ts';
import { badRequest } from './body.ts';
import { checkLimit } from './quotas.ts';
import type { Metadata } from './state.ts';

const MAX_BYTES = 255;

/**
 * Metadata as given: an object of texts (numbers and booleans become texts). Throws badRequest for other shapes and
 * overLimit for a key or value above 255 bytes (guide section 2.1.2.2); that is a size, so it carries no Retry-After.
 */
export function readMetadata(value: JsonValue | undefined): Metadata {
  if (value === undefined || value === null) return {};
  if (!isJsonObject(value)) throw badRequest('metadata must be an object of strings.');
  const items: [string, string][] = [];
  for (const [key, item] of Object.entries(value)) {
    const text = typeof item === 'number' || typeof item === 'boolean' ? String(item) : item;
    if (typeof text !== 'string') throw badRequest(`The metadata value of "${key}" must be a string.`);
    checkItem(key, text);
    items.push([key, text]);
  }
  // Not by assignment: a key such as `__proto__` is an item like any other.
  return Object.fromEntries(items);
}

function checkItem(key: string, value: string): void {
  if (key === '') throw badRequest('A metadata key is empty; give it a name.');
  for (const [what, text] of [
    ['key', key],
    ['value', value],
  ] as const)
    if (Buffer.byteLength(text) > MAX_BYTES)
      throw new Fault(
        'overLimit',
        `The metadata ${what} "${text.slice(0, 40)}…" is ${Buffer.byteLength(text)} bytes; ${MAX_BYTES} are allowed.`,
      );
}

/** Throws overLimit when there are more items than `maxServerMeta` or `maxImageMeta` allow. */
export function checkMetadataCount(
  limits: Record<string, number>,
  name: 'maxServerMeta' | 'maxImageMeta',
  metadata: Metadata,
): void {
  checkLimit(limits, name, Object.keys(metadata).length, 'metadata items');
}
