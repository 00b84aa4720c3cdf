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
    ({ instancePath, message }) => `${instancePath || 'rule'} ${message}`,
  );
  throw new Error(`the chaos rule is wrong: ${problems.join('; ')}`);
}
