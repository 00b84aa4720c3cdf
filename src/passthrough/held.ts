import type { LocatedPassthrough } from '../serving/located.ts';
import type { Services } from '../serving/services.ts';
import type { Asked } from './proxy.ts';
import { findProxyTarget, headOf } from './target.ts';

/**
 * Asks a region for a read that goes through, and answers it where the answer is held: a document needs no proxy, which would cost
 * more than all else that is done for it.
 *
 * @returns what is left to hand over, its answer a stream; undefined: it is answered
 * @throws {Fault} see `Regions.stream`
 */
export async function answerHeld(
  located: LocatedPassthrough,
  services: Services,
): Promise<Asked | undefined> {
  const { call } = located;
  const target = await findProxyTarget(located, services);
  const answer = await target.send();
  const { status, body } = answer;
  if (!Buffer.isBuffer(body)) return { located, begun: { target, answer } };
  const headers = headOf(answer, call, target);
  headers['content-length'] = String(body.length);
  services.pass(call, { status, headers, body });
  return undefined;
}
