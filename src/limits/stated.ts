import { DEFAULT_LIMITS, limitKey, type PublishedLimit } from './published/limit.ts';
import type { LimitScope, LimitsSettings, StatedLimit } from './settings.ts';

/** The service whose limits GET /limits publishes, and the one that logs in. */
export const COMPUTE = 'compute';
export const IDENTITY = 'identity';

/** The scope of limits about which nobody says whose requests they count together. */
export function usualScope(service: string, ofAccount: LimitScope): LimitScope {
  return service === IDENTITY ? 'user' : ofAccount;
}

/** The scopes of a service: the usual one first, in which limits are published and found out, then others that are stated. */
export function scopesOf(settings: LimitsSettings, service: string, usual: LimitScope): LimitScope[] {
  const stated = [...settings.presetLimits, ...settings.static].filter((row) => isAbout(row, service));
  return [...new Set([usual, ...stated.map(({ scope }) => scope ?? usual)])];
}

/** What the configuration and its preset say of one service and scope. */
export interface StatedLimits {
  readonly preset: readonly PublishedLimit[];
  readonly configured: readonly PublishedLimit[];
}

/** @param usual the scope of those that name none */
export function statedLimits(
  settings: LimitsSettings,
  service: string,
  scope: LimitScope,
  usual: LimitScope,
): StatedLimits {
  const read = (rows: readonly StatedLimit[], origin: 'preset' | 'configured') =>
    rows
      .filter((row) => isAbout(row, service) && (row.scope ?? usual) === scope)
      .map(({ service: _service, scope: _scope, ...row }) => ({
        ...row,
        verb: row.verb.toUpperCase(),
        origin,
      }));
  return { preset: read(settings.presetLimits, 'preset'), configured: read(settings.static, 'configured') };
}

/** What holds where nothing is published, or before it is. */
export function initialLimits({ preset, configured }: StatedLimits, isPublished: boolean): PublishedLimit[] {
  if (!isPublished || preset.length + configured.length > 0) return distinct([...preset, ...configured]);
  return DEFAULT_LIMITS.map((limit) => ({ ...limit, origin: 'default' }));
}

/** What holds when the region has published a list: the preset beside it, and what is configured when it is empty. */
export function withPublished(
  { preset, configured }: StatedLimits,
  published: readonly PublishedLimit[],
): PublishedLimit[] {
  const own =
    published.length > 0
      ? published.map((limit) => ({ ...limit, origin: 'published' as const }))
      : configured;
  return distinct([...preset, ...own]);
}

/** Of limits that say the same twice the later one holds. */
function distinct(limits: readonly PublishedLimit[]): PublishedLimit[] {
  return [...new Map(limits.map((limit) => [limitKey(limit), limit])).values()];
}

const isAbout = (row: StatedLimit, service: string): boolean =>
  row.service === '*' || row.service === service;
