import type { Socket } from 'node:net';
import type { ListenerTerms } from '../http/caller.ts';
import type { Answerer } from '../http/fast-path.ts';
import type { PlainGet } from '../http/plain-get.ts';
import type { Response } from '../http/reply.ts';
import { RequestFacts } from '../http/request-facts.ts';
import type { Router } from '../routing/route.ts';
import { countResult } from './cache-result.ts';
import { findHit } from './cached.ts';
import { locateNow } from './locate.ts';
import { mayHaveCached } from './own-token.ts';
import { responseOf } from './response.ts';
import type { Services } from './services.ts';

/** What answers plain GETs from memory: fresh hits of the cache, nothing that would wait, fail or ask anybody. */
export function createMemoryAnswerer(options: {
  services: () => Services;
  terms: () => ListenerTerms;
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
    services.finished(facts, response.status, response.body?.length ?? 0);
    const head = `${response.head.text}${tail}X-Compute-Request-Id: ${facts.requestId}\r\n\r\n`;
    return { head, body: response.body };
  };
}

/** The facts of a request that the cache may know, or undefined. */
function factsOf(
  { url, headers }: PlainGet,
  socket: Socket,
  {
    router,
    rootRegion,
    terms,
  }: { router: Router; rootRegion: string | undefined; terms: () => ListenerTerms },
  { clock }: Services,
): RequestFacts | undefined {
  const route = router('GET', url);
  const { match } = route;
  if (match?.kind !== 'operation' || match.operation.cache === null) return undefined;
  const context = { terms: terms(), rootRegion, now: clock.monotonic() };
  return new RequestFacts({ method: 'GET', headers, route, socket }, context);
}

/** @returns undefined for whatever is no fresh hit, faults included: they are told where all the others are */
function answerFromMemory(facts: RequestFacts, services: Services): Response | undefined {
  try {
    const located = locateNow(facts, services);
    if (located?.kind !== 'operation') return undefined;
    if (!mayHaveCached(facts, services)) return undefined;
    const found = findHit(located, services);
    if (found === undefined) return undefined;
    countResult(located, found, services);
    return responseOf(located, found, services);
  } catch {
    return undefined;
  }
}
