import { createRandom, derivedSeed, type Random } from './random.ts';
import type { ChaosEffect, ChaosLatency, ChaosRule } from './rule.ts';

/** A request as the rules see it. */
export interface ChaosRequest {
  readonly service: 'identity' | 'compute' | 'image' | 'network' | 'volume';
  readonly region: string | null;
  readonly method: string;
  readonly path: string;
}

/** What is to be done to a request. */
export interface ChaosPlan {
  delayMs: number;
  effect: ChaosEffect;
  status: number;
  /** Seconds, or null. */
  retryAfter: number | null;
}

/** The rules in force. Pure but for its own random streams: the same seed, rules and requests give the same plans. */
export interface Chaos {
  /** Delays of all rules that hit add up; the first effect wins. */
  plan(request: ChaosRequest): ChaosPlan;
  /** Adds a rule behind the others. @returns its id. @throws Error when its id is taken, or its path no regular expression */
  add(rule: ChaosRule): string;
  /** @returns false when no rule has that id */
  remove(id: string): boolean;
  clear(): void;
  list(): { rule: ChaosRule; seen: number; hits: number }[];
}

interface ActiveRule {
  id: string;
  rule: ChaosRule;
  path: RegExp | null;
  random: Random;
  seen: number;
  hits: number;
}

/** Throws an Error for a rule whose path is no regular expression. @param seed decides every dice throw; each rule has a stream of its own, so that one more rule changes no other */
export function createChaos(seed: number, rules: readonly ChaosRule[]): Chaos {
  const active: ActiveRule[] = [];
  let added = 0;

  const add = (rule: ChaosRule): string => {
    added += 1;
    const id = rule.id ?? `rule-${added}`;
    if (active.some((entry) => entry.id === id))
      throw new Error(`there is a chaos rule ${id} already: remove it first, or take another id`);
    const random = createRandom(derivedSeed(seed, id));
    active.push({
      id,
      rule,
      path: compilePath(id, rule.path),
      random,
      seen: 0,
      hits: 0,
    });
    return id;
  };
  for (const rule of rules) add(rule);

  return {
    plan(request) {
      const plan: ChaosPlan = { delayMs: 0, effect: 'none', status: 503, retryAfter: null };
      for (const entry of active) if (isHit(entry, request)) applyRule(entry, plan);
      return plan;
    },
    add,
    remove(id) {
      const index = active.findIndex((entry) => entry.id === id);
      if (index !== -1) active.splice(index, 1);
      return index !== -1;
    },
    clear: () => void active.splice(0),
    list: () => active.map(({ id, rule, seen, hits }) => ({ rule: { ...rule, id }, seen, hits })),
  };
}

function compilePath(id: string, path: string | null): RegExp | null {
  try {
    return path === null ? null : new RegExp(path);
  } catch (error) {
    throw new Error(`the path of the chaos rule ${id} is no regular expression: ${(error as Error).message}`);
  }
}

function isHit(entry: ActiveRule, request: ChaosRequest): boolean {
  const { rule } = entry;
  if (rule.service !== 'any' && rule.service !== request.service) return false;
  if (rule.region !== null && rule.region.toUpperCase() !== request.region?.toUpperCase()) return false;
  if (rule.method !== null && rule.method.toUpperCase() !== request.method) return false;
  if (entry.path && !entry.path.test(request.path)) return false;
  entry.seen += 1;
  if (entry.seen <= rule.skip || (rule.times !== null && entry.hits >= rule.times)) return false;
  if (rule.probability < 1 && entry.random() >= rule.probability) return false;
  entry.hits += 1;
  return true;
}

function applyRule({ rule, random }: ActiveRule, plan: ChaosPlan): void {
  if (rule.latency) plan.delayMs += drawLatency(rule.latency, random);
  if (plan.effect !== 'none' || rule.effect === 'none') return;
  plan.effect = rule.effect;
  plan.status = rule.status;
  plan.retryAfter = rule.retryAfter;
}

/** One delay in ms out of a distribution. */
export function drawLatency(latency: ChaosLatency, random: Random): number {
  const { ms, spreadMs, maxMs } = latency;
  const clamp = (value: number) => Math.min(maxMs, Math.max(0, value));
  switch (latency.distribution) {
    case 'fixed':
      return clamp(ms);
    case 'uniform':
      return clamp(ms + (2 * random() - 1) * spreadMs);
    case 'exponential':
      return clamp(-ms * Math.log(1 - random()));
    case 'normal':
      // Box-Muller: two even draws make one normal one.
      return clamp(ms + spreadMs * Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()));
  }
}
