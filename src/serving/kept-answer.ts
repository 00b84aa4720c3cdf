import type { Fault } from '../faults/faults.ts';
import type { KeyScope } from '../idempotency/key.ts';
import { type KeptAnswer, openAnswer, sealAnswer } from '../idempotency/record.ts';
import type { RegionAnswer } from '../upstream/region.ts';
import { unreadableFault } from './idempotent-faults.ts';

/** Headers of an answer that are given again with it. */
const KEPT_HEADERS = [
  'location',
  'x-compute-request-id',
  'x-openstack-request-id',
  'openstack-api-version',
  'x-openstack-nova-api-version',
  'vary',
] as const;

/** Whose answer it is: what it is remembered by, and what it is sealed with. */
export interface KeptFor {
  readonly name: string;
  readonly scope: KeyScope;
}

/** An answer as a record has it: what is given again of it, sealed. */
export function keep({ status, text, headers }: RegionAnswer, { name, scope }: KeptFor): string {
  const kept: Record<string, string> = {};
  for (const header of KEPT_HEADERS) {
    const value = headers[header];
    if (typeof value === 'string') kept[header] = value;
  }
  return sealAnswer({ status, headers: kept, text }, name, scope);
}

/** The answer again, marked as one that was given before; a fault where it cannot be read any more. */
export function replayed(answer: string, { name, scope }: KeptFor): RegionAnswer | Fault {
  const kept: KeptAnswer | undefined = openAnswer(answer, name, scope);
  if (kept === undefined) return unreadableFault();
  return { ...NOTHING_SPENT, ...kept, headers: { ...kept.headers, 'idempotent-replayed': 'true' } };
}

const NOTHING_SPENT = { hrefs: undefined, charges: [], attempts: 0, waitedMs: 0, upstreamMs: 0 };
