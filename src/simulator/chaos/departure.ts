import { type Clock, sleep } from '../../clock.ts';
import { FAULTS, Fault, type FaultName } from '../../faults/faults.ts';
import { type BodyFormat, renderFault } from '../body.ts';
import type { Answer } from '../exchange.ts';
import type { Departure } from '../listener.ts';
import type { ChaosPlan } from './chaos.ts';

/** What the plan does to the simulator beside one request. */
export interface ChaosTargets {
  clock: Clock;
  revokeTokens(): void;
  regionDown(): void;
}

/** Carries a plan out around the making of an answer. */
export async function departWith(
  plan: ChaosPlan,
  targets: ChaosTargets,
  format: BodyFormat,
  answer: () => Answer,
): Promise<Departure> {
  if (plan.delayMs > 0) await sleep(targets.clock, plan.delayMs);
  switch (plan.effect) {
    case 'none':
      return { kind: 'answer', answer: answer() };
    case 'status':
      return { kind: 'answer', answer: renderFault(chaosFault(plan), format) };
    case 'reset':
    case 'hang':
      return { kind: plan.effect };
    case 'resetAfter':
      answer();
      return { kind: 'reset' };
    case 'hangAfter':
      answer();
      return { kind: 'hang' };
    case 'truncate':
      return { kind: 'truncate', answer: answer() };
    case 'brokenJson':
      return { kind: 'answer', answer: brokenAnswer(answer()) };
    case 'revokeTokens':
      targets.revokeTokens();
      return { kind: 'answer', answer: answer() };
    case 'regionDown':
      targets.regionDown();
      return { kind: 'reset' };
  }
}

/** A whole, well-framed answer whose body does not parse. */
function brokenAnswer(answer: Answer): Answer {
  const half = answer.body.subarray(0, Math.floor(answer.body.length / 2));
  return { ...answer, body: Buffer.concat([half, Buffer.from(' <broken')]) };
}

function chaosFault({ status, retryAfter }: ChaosPlan): Fault {
  const found = Object.entries(FAULTS).find(([, code]) => code === status);
  const name = (found?.[0] ?? 'computeFault') as FaultName;
  return new Fault(name, 'A chaos rule of the simulator made this request fail.', {
    code: status,
    headers: retryAfter === null ? {} : { 'retry-after': String(retryAfter) },
  });
}
