import { Ajv } from 'ajv';
import { type ChaosLatency, type ChaosRule, ChaosRuleSchema } from './rule.ts';

/** A rule as somebody writes it: whatever is left out has its default. */
export type ChaosRuleInput = Partial<Omit<ChaosRule, 'latency'>> & { latency?: Partial<ChaosLatency> | null };

const validate = new Ajv({ useDefaults: true, allErrors: true, strict: false }).compile<ChaosRule>(
  ChaosRuleSchema,
);

/**
 * Completes a rule with its defaults.
 *
 * @throws Error that names what is wrong with it
 */
export function chaosRule(input: unknown): ChaosRule {
  const rule: unknown = structuredClone(input);
  if (validate(rule)) return rule;
  const problems = (validate.errors ?? []).map(
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
