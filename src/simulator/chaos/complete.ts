import { completing } from '../complete.ts';
import { type ChaosLatency, type ChaosRule, ChaosRuleSchema } from './rule.ts';

/** A rule as somebody writes it: whatever is left out has its default. */
export type ChaosRuleInput = Partial<Omit<ChaosRule, 'latency'>> & { latency?: Partial<ChaosLatency> | null };

const complete = completing(ChaosRuleSchema);

/**
 * Completes a rule with its defaults.
 *
 * @throws Error that names what is wrong with it
 */
export function chaosRule(input: unknown): ChaosRule {
  const rule: unknown = structuredClone(input);
  const errors = complete(rule);
  if (errors.length === 0) return rule as ChaosRule;
  const problems = errors.map(
    ({ instancePath, message, params }) =>
      `${instancePath.slice(1).replaceAll('/', '.') || 'rule'} ${message}${detailOf(params)}`,
  );
  throw new Error(`the chaos rule is wrong: ${problems.join('; ')}`);
}

/** What the schema's own words leave out: which words are allowed, which key is too much. */
function detailOf(params: Record<string, unknown>): string {
  const { allowedValues, additionalProperty } = params;
  if (Array.isArray(allowedValues)) return `: ${allowedValues.join(', ')}`;
  if (additionalProperty === undefined) return '';
  return `: ${additionalProperty} (there are ${Object.keys(ChaosRuleSchema.properties).join(', ')})`;
}
