import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Fault } from '../faults/faults.ts';
import { commonHead } from '../http/common-head.ts';
import { dateNow } from '../http/date.ts';
import type { Answerer } from '../http/fast-path.ts';
import { textOf } from '../http/head.ts';
import type { PlainGet } from '../http/plain-get.ts';
import type { Response } from '../http/reply.ts';
import type { RequestFacts } from '../http/request-facts.ts';
import type { WireAnswer } from '../http/response-writer.ts';
import { asBytes, keptAlive } from '../http/wire-reply.ts';
import { contentTypeOf, type Format } from '../translation/format.ts';
import { countResult } from './cache-result.ts';
import { findHit } from './cached.ts';
import { type FastTerms, fastFacts } from './fast-facts.ts';
import { noteFault } from './fault-reply.ts';
import { locateNow } from './locate.ts';
import { mayHaveCached } from './own-token.ts';
import { faultFormat, renderFault } from './render.ts';
import { isPrepared, responseOf } from './response.ts';
import { nobody, refusalReasonOf } from './rights.ts';
import type { Services } from './services.ts';
import { mayAwait } from './until.ts';

/**
 * What answers plain GETs from memory: fresh hits of the cache, nothing that would wait or ask anybody; and whoever shows what
 * is nobody's key, so that a flood of those costs no more than a hit.
 */
export function createMemoryAnswerer(options: FastTerms): Answerer {
  const refusals = new Map<string, Refusal>();
  const tail = keptAlive(options.keepAliveMs);
  return (get, socket) => {
    const services = options.services();
    const facts = factsOf(get, socket, options, services);
    if (facts === undefined) return undefined;
    const response = answerFromMemory(facts, services);
    if (response === undefined)
      return facts.identity?.kind === 'refused' ? refuse(facts, tail, refusals, services) : undefined;
    services.finished(facts, response.status, response.body?.length ?? 0);
    const head = `${response.head.text}${tail}X-Compute-Request-Id: ${facts.requestId}\r\n\r\n`;
    return { head, body: response.body };
  };
}

/** What is the same whenever a caller is nobody for one reason, and is told so in one format. */
interface Refusal {
  readonly fault: Fault;
  /** Status line, and the fields behind the date. */
  readonly status: string;
  readonly fields: string;
  /** Each character a byte. */
  readonly body: string;
}

/**
 * What Node's path tells a caller who is nobody, for which nothing has to be asked.
 *
 * @param known refusals that were told before: they are few, and those who are refused may be many
 */
function refuse(
  facts: RequestFacts,
  tail: string,
  known: Map<string, Refusal>,
  services: Services,
): WireAnswer {
  const format = faultFormat(facts);
  facts.refusedFor = refusalReasonOf(facts);
  const key = `${facts.refusedFor} ${format}`;
  let refusal = known.get(key);
  if (refusal === undefined) {
    refusal = refusalFor(facts, format);
    known.set(key, refusal);
  }
  const { fault, status, fields, body } = refusal;
  noteFault(facts, fault);
  services.finished(facts, fault.code, body.length);
  const head = `${status}Date: ${dateNow()}\r\n${fields}${tail}X-Compute-Request-Id: ${facts.requestId}\r\n\r\n`;
  return { head, body, isRefusal: true };
}

function refusalFor(facts: RequestFacts, format: Format): Refusal {
  const fault = nobody(facts);
  const body = asBytes(renderFault(fault, format));
  const lines = [...commonHead(facts), ...Object.entries(fault.headers).flat()];
  lines.push('Content-Type', contentTypeOf(format), 'Content-Length', `${body.length}`);
  return {
    fault,
    status: `HTTP/1.1 ${fault.code} ${STATUS_CODES[fault.code]}\r\n`,
    fields: textOf(lines),
    body,
  };
}

/** The facts of a request that the cache may know, or undefined. */
function factsOf(
  { url, headers }: PlainGet,
  socket: Socket,
  options: FastTerms,
  services: Services,
): RequestFacts | undefined {
  const route = options.router('GET', url);
  const { match } = route;
  if (match?.kind !== 'operation' || match.operation.cache === null || mayAwait(route)) return undefined;
  return fastFacts({ method: 'GET', headers, route, socket }, options, services);
}

/** @returns undefined for whatever is no fresh hit, faults included: they are told where all the others are */
function answerFromMemory(facts: RequestFacts, services: Services): Response | undefined {
  try {
    const located = locateNow(facts, services);
    if (located?.kind !== 'operation') return undefined;
    if (!mayHaveCached(facts, services)) return undefined;
    const found = findHit(located, services);
    if (found === undefined || !isPrepared(located, found)) return undefined;
    countResult(located, found, services);
    return responseOf(located, found, services);
  } catch {
    return undefined;
  }
}
