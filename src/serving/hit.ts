import type { Socket } from 'node:net';
import type { Answerer } from '../http/fast-path.ts';
import type { PlainGet } from '../http/plain-get.ts';
import type { Response } from '../http/reply.ts';
import { RequestFacts } from '../http/request-facts.ts';
import type { Router } from '../routing/route.ts';
import { countResult } from './cache-result.ts';
import { findHit } from './cached.ts';
import { negotiate } from './render.ts';
import { responseOf } from './response.ts';
import type { Services } from './services.ts';
import { clientOf } from './wait.ts';

/** What answers plain GETs from memory: fresh hits of the cache, nothing that would wait, fail or ask anybody. */
export function createMemoryAnswerer(options: {
  services: () => Services;
  router: Router;
  rootRegion: string | undefined;
  /** How long an idle connection is kept, ms. */
  keepAliveMs: number;
}): Answerer {
  const tail = `Connection: keep-alive\r\nKeep-Alive: timeout=${Math.floor(options.keepAliveMs / 1000)}\r\n`;
  return (get, socket) => {
    const services = options.services();
    const facts = factsOf(get, socket, options, services);
    const response = facts && answerFromMemory(facts, services);
    if (!response) return undefined;
    services.finished(facts, response.status);
    const head = `${response.head.text}${tail}X-Compute-Request-Id: ${facts.requestId}\r\n\r\n`;
    return { head, body: response.body };
  };
}

/** The facts of a request that the cache may know, or undefined. */
function factsOf(
  { url, headers }: PlainGet,
  socket: Socket,
  { router, rootRegion }: { router: Router; rootRegion: string | undefined },
  { publicUrl, clock, clients }: Services,
): RequestFacts | undefined {
  const route = router('GET', url);
  const { match } = route;
  if (match?.kind !== 'operation' || match.operation.cache === null) return undefined;
  const context = { publicUrl, rootRegion, now: clock.monotonic() };
  const facts = new RequestFacts({ method: 'GET', headers, route, socket }, context);
  facts.client = clientOf(facts, clients);
  return facts;
}

/** @returns undefined for whatever is no fresh hit, faults included: they are told where all the others are */
function answerFromMemory(facts: RequestFacts, services: Services): Response | undefined {
  const { target, match, asked: query } = facts.route;
  if (target.kind !== 'compute' || match?.kind !== 'operation') return undefined;
  try {
    negotiate(facts, target.format);
    const { operation, params } = match;
    facts.operation = operation.name;
    const hints = facts.regionHints(target.region);
    const place = services.directory.find(target.tenant, hints);
    if (place === undefined) return undefined;
    facts.account = place.account.name;
    facts.region = place.endpoint.region;
    const read = { call: facts, target, operation, params, place, query };
    const found = findHit(read, services);
    if (found === undefined) return undefined;
    countResult(read, found, services);
    return responseOf(read, found, services);
  } catch {
    return undefined;
  }
}
