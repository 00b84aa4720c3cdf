import { Fault } from '../faults/faults.ts';
import { ExchangeError } from './exchange.ts';

const READS = new Set(['GET', 'HEAD']);

/**
 * The fault a caller gets when there is no answer. A read that timed out is a 504, an unreachable or broken region a
 * 503. A write that may have arrived is always a 500: some clients take 502 and 504 for success, others repeat a 503 by
 * themselves, which could do it twice; docs/exact-creates.md has the table.
 */
export function failureFault(error: ExchangeError, method: string, region: string): Fault {
  const cause = { cause: error };
  if (error.kind === 'aborted')
    return new Fault('computeFault', 'The caller left before the answer was here.', { code: 499, ...cause });
  if (error.sent && !READS.has(method)) {
    return new Fault('computeFault', lostText(region, method, error.message), cause);
  }
  if (error.kind === 'timeout') {
    return new Fault('computeFault', `Region ${region} did not answer in time.`, { code: 504, ...cause });
  }
  if (isLasting(error))
    return new Fault('serviceUnavailable', `Region ${region} cannot be reached: ${error.message}.`, cause);
  const what = error.sent ? 'did not give a whole answer' : 'cannot be reached';
  return new Fault(
    'serviceUnavailable',
    `Region ${region} ${what}: ${error.message}. Try again in a moment.`,
    cause,
  );
}

/** What a gateway before a region answers when it has not heard the region: a write may have been done. */
export function isLost(status: number): boolean {
  return status === 502 || status === 504;
}

/** The fault for a write that was answered so, see `isLost`. */
export function lostFault(status: number, method: string, region: string): Fault {
  const why = `it said ${status}`;
  return new Fault('computeFault', lostText(region, method, why), { cause: new LostAnswer(why) });
}

/**
 * The fault for a request whose answer has not come when the process ends: a read is for another instance, a write may have been
 * done.
 *
 * @param region empty: none was asked yet
 */
export function cutFault(method: string, region: string, isWrite: boolean): Fault {
  const why = 'this instance of Sluice stops';
  if (isWrite && region !== '')
    return new Fault('computeFault', lostText(region, method, why), { reason: 'stopping' });
  return new Fault('serviceUnavailable', 'Sluice is shutting down. Send the request again.', {
    reason: 'stopping',
    headers: { 'retry-after': '1' },
  });
}

/** A request was sent, and what became of it is not known. */
export class LostAnswer extends Error {
  override readonly name = 'LostAnswer';
}

const lostText = (region: string, method: string, why: string): string =>
  `Region ${region} did not answer this ${method} (${why}); it may have been done. Look before you send it again.`;

/** Whether there will be no answer until somebody changes something, so that an operator has to hear of it. */
export function isLasting(error: unknown): boolean {
  return error instanceof ExchangeError && (error.kind === 'certificate' || error.kind === 'proxy');
}

/** Whether a write that ended in this error may have been done all the same: what it would make untrue is then dropped. */
export function mayHaveArrived(error: unknown): boolean {
  const cause = error instanceof Fault ? error.cause : undefined;
  return cause instanceof LostAnswer || (cause instanceof ExchangeError && cause.sent);
}

/** How long whoever cannot be served for a refused token should stay away: a login takes less, s. */
const RENEWAL_SECONDS = 2;

/** What a caller gets whose body went up with a token that the region then refused. */
export function renewalFault(region: string): Fault {
  return new Fault(
    'serviceUnavailable',
    `Region ${region} refused the token of this gateway, which is being replaced. The body has been sent on and is not here any more: send the request again after Retry-After.`,
    { headers: { 'retry-after': String(RENEWAL_SECONDS) } },
  );
}

/** How long whoever meets a region that refuses new tokens should stay away: no sooner is there another one, s. */
const REFUSED_SECONDS = 5;

/**
 * What a caller gets where the region has refused a new token, too. Never a 401: the caller's own credentials are good, and
 * it would throw them away. A 503 says that nothing was done, and may be repeated.
 */
export function refusedFault(region: string): Fault {
  return new Fault(
    'serviceUnavailable',
    `Region ${region} refuses the tokens of this gateway, new ones too. Nothing was done; send the request again after Retry-After.`,
    { reason: 'refused-token', headers: { 'retry-after': String(REFUSED_SECONDS) } },
  );
}
