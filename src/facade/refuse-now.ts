/**
 * Logins that are refused from the bytes they came in, without a request of Node's: whoever guesses passwords is told 401 or 429
 * for as little as possible. What is answered, counted, logged and audited is what Node's path would have answered, by the same
 * code; whatever is more than a plain login that can be refused at once goes there.
 */
import type { Fault } from '../faults/faults.ts';
import type { PostAnswerer } from '../http/fast-path.ts';
import type { Reply } from '../http/reply.ts';
import type { RequestFacts } from '../http/request-facts.ts';
import { keptAlive, wireReply } from '../http/wire-reply.ts';
import type { Route } from '../routing/route.ts';
import { type FastTerms, fastFacts } from '../serving/fast-facts.ts';
import { faultReply, noteFault } from '../serving/fault-reply.ts';
import { locateNow } from '../serving/locate.ts';
import type { Services } from '../serving/services.ts';
import { refusedNow } from './logins.ts';
import type { Proof } from './proof.ts';
import { readV2Login, readV3Login } from './read-login.ts';
import { v3FaultReply } from './serve-v3.ts';
import { matchFacade } from './v2-login.ts';
import { matchV3 } from './v3-paths.ts';

/** Refuses logins at once, or leaves them alone. */
export function createLoginRefuser(options: FastTerms): PostAnswerer {
  const connection = keptAlive(options.keepAliveMs);
  return (post, socket) => {
    if (options.terms().access.mode === 'open') return undefined;
    const route = options.router('POST', post.url);
    if (!isLogin(route)) return undefined;
    const services = options.services();
    const facts = fastFacts({ method: 'POST', headers: post.headers, route, socket }, options, services);
    const reply = refusalOf(facts, post.body, services);
    if (reply === undefined) return undefined;
    const answer = wireReply(facts, reply, connection);
    services.finished(facts, reply.status, answer.body?.length ?? 0);
    return answer;
  };
}

function isLogin({ target, refusal }: Route): boolean {
  if (target.kind !== 'identity' || refusal !== undefined) return false;
  const match = target.isV3 ? matchV3('POST', target.path) : matchFacade('POST', target.path);
  return match.kind === 'login';
}

/** @returns undefined for a login that is not refused, or not yet, and for one that fails in any other way */
function refusalOf(
  facts: RequestFacts,
  body: Buffer,
  services: Services,
): (Reply & { body: string }) | undefined {
  try {
    const located = locateNow(facts, services);
    // Whoever shows a key beside is looked at again before it is answered (still-good.ts).
    if (located?.kind !== 'identity' || facts.identity?.kind === 'client') return undefined;
    if (located.isV3) facts.format = 'json';
    const fault = refusedNow(facts, proofOf(facts, located.isV3, body), services);
    return fault && replyTo(facts, fault, located.isV3);
  } catch {
    return undefined;
  }
}

const proofOf = (facts: RequestFacts, isV3: boolean, body: Buffer): Proof =>
  isV3 ? readV3Login(body).proof : readV2Login(body, facts.header('content-type')).credentials;

function replyTo(facts: RequestFacts, fault: Fault, isV3: boolean): Reply & { body: string } {
  if (isV3) return v3FaultReply(facts, fault);
  noteFault(facts, fault);
  return faultReply(facts, fault);
}
