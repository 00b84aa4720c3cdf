import { completing } from '../complete.ts';
import { ServiceLimitsSchema, type ServiceLimitsSettings } from './service-schema.ts';

type Limit = ServiceLimitsSettings['limits'][number];

/** Limits as somebody writes them: whatever is left out has its default. */
export type ServiceLimitsInput = Partial<Omit<ServiceLimitsSettings, 'limits'>> & {
  limits?: (Partial<Limit> & Pick<Limit, 'value'>)[];
};

const complete = completing(ServiceLimitsSchema);

/**
 * Completes limits with their defaults.
 *
 * @throws Error that names what is wrong with them
 */
export function serviceLimitsSettings(input: unknown): ServiceLimitsSettings {
  const settings: unknown = structuredClone(input);
  const errors = complete(settings);
  if (errors.length === 0) return settings as ServiceLimitsSettings;
  const problems = errors.map(
    ({ instancePath, message }) => `${instancePath.slice(1).replaceAll('/', '.') || 'limits'} ${message}`,
  );
  throw new Error(`the limits are wrong: ${problems.join('; ')}`);
}
