import { Fault } from '../faults/faults.ts';
import { isJsonObject } from '../json.ts';
import { parseJson } from '../translation/json.ts';
import { LostAnswer } from '../upstream/failure.ts';
import type { RegionAnswer } from '../upstream/region.ts';
import type { OperationRequest } from './operation-request.ts';

/** What callers are told of keyed requests that are not answered by the region. */

/** 409: the first one has no answer yet, and may be waited for no longer. */
export const runningFault = (): Fault =>
  new Fault(
    'conflictingRequest',
    'The first request with this Idempotency-Key is still under way: send it again in a moment.',
    { headers: { 'retry-after': '1' } },
  );

/** 422: the key is another request's. */
export const mismatchFault = (): Fault =>
  new Fault(
    'badRequest',
    'This Idempotency-Key was used for another request: another path, query or body. Use a new key for it.',
    { code: 422 },
  );

/** 500: the answer that was kept was lost, or changed by somebody. */
export const unreadableFault = (): Fault =>
  new Fault('computeFault', 'The answer to this Idempotency-Key was kept and cannot be read any more.');

/** What a region answers that has not done the request, and may do it another time. */
export const NOT_DONE: ReadonlySet<number> = new Set([401, 408, 413, 429, 503]);

/** A request, as far as its faults tell of it. */
export interface Asked {
  readonly place: OperationRequest['place'];
  readonly operation: Pick<OperationRequest['operation'], 'name'>;
}

/** What is known of a request whose answer is not. */
export interface Unknown {
  /** What it makes can be known again, so that the same request once more finds out. */
  readonly mayFind: boolean;
  /** What the region has said of it. */
  readonly answered?: Pick<RegionAnswer, 'status' | 'text'> | undefined;
  /** The gateway's own, if that is why. */
  readonly reason?: 'stopping';
}

/** 500: it was sent, and nobody knows what became of it. */
export function unknownFault(request: Asked, { mayFind, answered, reason }: Unknown): Fault {
  const { region } = request.place.endpoint;
  const { name } = request.operation;
  const said = answered && `${answered.status}${wordsOf(answered.text)}`;
  const next = mayFind
    ? 'Send it again with the same Idempotency-Key: that finds out, and never does it twice.'
    : 'That cannot be found out: look, and use a new key to have it done again.';
  return new Fault(
    'computeFault',
    said === undefined
      ? `Region ${region} has not answered this ${name}; it may have been done. ${next}`
      : `Region ${region} has answered this ${name} with ${said}; it may have been done. ${next}`,
    {
      cause: new LostAnswer(`no answer to ${name}`),
      ...(reason === undefined ? {} : { reason }),
      ...(mayFind ? { headers: { 'retry-after': '5' } } : {}),
    },
  );
}

/** Most characters of a region's words that are told. */
const MOST_WORDS = 200;

/** The message of a fault, in brackets; nothing where it has none. */
function wordsOf(text: string): string {
  const document = text === '' ? undefined : parseJson(text);
  const [fault] = isJsonObject(document) ? Object.values(document) : [];
  const message = isJsonObject(fault) ? fault['message'] : undefined;
  return typeof message === 'string' && message !== '' ? ` (${message.slice(0, MOST_WORDS)})` : '';
}
