import type { ChaosRuleInput } from '../../src/simulator/chaos/complete.ts';
import { createRandom, derivedSeed, type Random } from '../../src/simulator/chaos/random.ts';

/** What is done to the world, and when: made of a seed alone, so that a run can be had again. */

/** One disturbance; times are ms from the start of the run. */
export type Step = { readonly atMs: number; readonly untilMs: number } & Deed;

/** What happens. */
export type Deed =
  | { readonly lane: 'cloud'; readonly kind: 'rule'; readonly rule: ChaosRuleInput }
  | { readonly lane: 'cloud'; readonly kind: 'regionDown'; readonly region: string }
  | {
      readonly lane: 'cloud';
      readonly kind: 'identityDown' | 'tokensRevoked' | 'tokensRevokedWhileIdentityDown';
    }
  | { readonly lane: 'redis'; readonly kind: 'killed' | 'frozen' | 'failover' | 'failoverToReadonly' }
  | {
      readonly lane: 'instance';
      readonly kind: 'killed' | 'frozen' | 'restarted' | 'reloaded';
      readonly instance: number;
    };

/** Turmoil and quiet follow each other; what is checked in quiet is checked more strictly. */
const TURMOIL_MS = 14_000;
const QUIET_MS = 7_000;
const OPENING_MS = 2_000;

const RULES: readonly ChaosRuleInput[] = [
  { service: 'compute', latency: { distribution: 'uniform', ms: 200, spreadMs: 200 } },
  { service: 'compute', probability: 0.2, latency: { ms: 1_500 } },
  { service: 'compute', probability: 0.3, effect: 'status', status: 503 },
  { service: 'compute', probability: 0.3, effect: 'status', status: 500 },
  { service: 'compute', probability: 0.3, effect: 'status', status: 502 },
  { service: 'compute', probability: 0.3, effect: 'status', status: 504 },
  { service: 'compute', probability: 0.3, effect: 'reset' },
  { service: 'compute', probability: 0.3, effect: 'resetAfter' },
  { service: 'compute', method: 'POST', effect: 'resetAfter' },
  { service: 'compute', method: 'POST', probability: 0.6, effect: 'hangAfter' },
  { service: 'compute', method: 'POST', latency: { ms: 1_200 } },
  { service: 'compute', probability: 0.1, effect: 'hang' },
  { service: 'compute', probability: 0.3, effect: 'truncate' },
  { service: 'compute', probability: 0.3, effect: 'brokenJson' },
  { service: 'compute', probability: 0.02, effect: 'revokeTokens' },
  { service: 'identity', latency: { ms: 1_000 } },
];

/** @param instances how many there are @param regions their names */
export function planOf(
  seed: number,
  durationMs: number,
  { instances, regions }: { instances: number; regions: readonly string[] },
): Step[] {
  const steps: Step[] = [];
  for (const lane of ['cloud', 'redis', 'instance'] as const) {
    const random = createRandom(derivedSeed(seed, lane));
    const draw = (): Deed => drawDeed(lane, random, { instances, regions });
    for (let cycle = OPENING_MS; cycle < durationMs - QUIET_MS; cycle += TURMOIL_MS + QUIET_MS) {
      const end = Math.min(cycle + TURMOIL_MS, durationMs - QUIET_MS);
      let at = cycle + between(random, 0, 3_000);
      while (at + 1_000 < end) {
        const untilMs = Math.round(Math.min(end, at + between(random, 1_000, 6_000)));
        steps.push({ atMs: Math.round(at), untilMs, ...draw() });
        at = untilMs + between(random, 500, 3_000);
      }
    }
  }
  return steps.sort((a, b) => a.atMs - b.atMs);
}

function drawDeed(
  lane: Deed['lane'],
  random: Random,
  { instances, regions }: { instances: number; regions: readonly string[] },
): Deed {
  if (lane === 'redis')
    return { lane, kind: pick(random, ['killed', 'frozen', 'failover', 'failoverToReadonly'] as const) };
  if (lane === 'instance') {
    const kind = pick(random, ['killed', 'frozen', 'restarted', 'reloaded'] as const);
    return { lane, kind, instance: Math.floor(random() * instances) };
  }
  const kind = pick(random, [
    ...(['rule', 'rule', 'rule', 'rule', 'regionDown', 'identityDown'] as const),
    ...(['tokensRevoked', 'tokensRevokedWhileIdentityDown'] as const),
  ]);
  if (kind === 'rule') return { lane, kind, rule: pick(random, RULES) };
  if (kind === 'regionDown') return { lane, kind, region: pick(random, regions) };
  return { lane, kind };
}

const pick = <T>(random: Random, from: readonly T[]): T => from[Math.floor(random() * from.length)]!;
const between = (random: Random, low: number, high: number): number => low + random() * (high - low);

/** A step in a line for people. */
export function describeDeed(deed: Deed): string {
  if (deed.kind === 'rule') return `cloud rule ${JSON.stringify(deed.rule)}`;
  if (deed.kind === 'regionDown') return `region ${deed.region} down`;
  return deed.lane === 'instance' ? `instance ${deed.instance} ${deed.kind}` : `${deed.lane} ${deed.kind}`;
}
