import type { Fault } from '../faults/faults.ts';
import type { Reply } from '../http/reply.ts';
import type { RequestFacts } from '../http/request-facts.ts';
import { faultFormat, renderFault } from './render.ts';

/** A fault in the caller's format. */
export function faultReply(call: RequestFacts, fault: Fault): Reply & { body: string } {
  const format = faultFormat(call);
  const headers = Object.entries(fault.headers).flat();
  return { status: fault.code, body: renderFault(fault, format), format, headers };
}

/** Writes into a request's facts which fault it ends in, for its line of the log. */
export function noteFault(call: RequestFacts, fault: Fault): void {
  call.errorType = call.refusedFor || fault.reason || fault.fault;
  call.errorMessage = fault.message;
}
