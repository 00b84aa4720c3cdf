/**
 * Which services of a catalog may be reached with an account's token: an explicit list, since a type that nobody knows can
 * lead anywhere. Types are compared by their meaning: without case, `_` as `-`, and without a version at the end
 * (`volumev3`, `image_v2`). Pure.
 */
import type { Service } from '../operations/operation.ts';
import { canonicalServiceType } from '../operations/service-type.ts';

export { canonicalServiceType } from '../operations/service-type.ts';

/** `facade.services`: every known type, none at all, or the types that are named (`all` among them: those beside the known). */
export type ServedServices = 'all' | 'none' | readonly string[];

/** OpenStack's service types authority with its aliases, and what a Rackspace catalog lists beside them. */
const KNOWN = new Set([
  'accelerator',
  'alarm',
  'alarming',
  'application-catalog',
  'application-container',
  'backup',
  'baremetal',
  'bare-metal',
  'block-storage',
  'block-store',
  'cloudformation',
  'clustering',
  'container',
  'container-infra',
  'container-infrastructure',
  'container-infrastructure-management',
  'container-service',
  'data-processing',
  'data-protection-orchestration',
  'database',
  'dns',
  'event',
  'events',
  'ha',
  'image',
  'infra-optim',
  'instance-ha',
  'key-manager',
  'load-balancer',
  'message',
  'messaging',
  'metering',
  'metric',
  'monitoring',
  'monitoring-events',
  'monitoring-log-api',
  'monitoring-logging',
  'network',
  'nfv-orchestration',
  'object-storage',
  'object-store',
  'orchestration',
  'placement',
  'rating',
  'rca',
  'reservation',
  'resource-cluster',
  'resource-optimization',
  'root-cause-analysis',
  'search',
  'share',
  'shared-file-system',
  'telemetry',
  'volume',
  'workflow',
  'workload-optimization',
  'rax:autoscale',
  'rax:backup',
  'rax:bigdata',
  'rax:cdn',
  'rax:cloudmetrics',
  'rax:database',
  'rax:dns',
  'rax:feeds',
  'rax:load-balancer',
  'rax:monitor',
  'rax:object-cdn',
  'rax:queues',
  'rax:rackconnect',
  'rax:sites',
]);

/** Names under which an identity service is listed, as they read without what is no letter or digit. */
const IDENTITY_WORD = /identity|keystone/;
const IDENTITY_NAMES = new Set([
  'auth',
  'iam',
  'idm',
  'sso',
  'oauth',
  'federation',
  'token',
  'tokens',
  'raxauth',
]);

/** True for every spelling under which a catalog may list the identity service: `identityv3`, `identity_v3`, `Keystone`. */
export function isIdentityType(type: string): boolean {
  const plain = type.toLowerCase().replace(/[^a-z0-9]/g, '');
  return IDENTITY_WORD.test(plain) || IDENTITY_NAMES.has(plain.replace(/v\d+$/, ''));
}

/** True for Compute under one of its names, legacy ones too (`compute_legacy`, `computev21`, `nova`). */
export function isComputeType(type: string): boolean {
  return /^(?:compute|nova)/i.test(type);
}

/** The services that operations are known of, under the names that catalogs have for them. */
const SERVICES: Readonly<Record<string, Service>> = {
  image: 'image',
  network: 'network',
  volume: 'block-storage',
  'block-storage': 'block-storage',
  'block-store': 'block-storage',
};

/** The service that a type means, as operations have it; undefined: none of them. */
export function serviceOf(type: string): Service | undefined {
  if (isComputeType(type)) return 'compute';
  const meant = canonicalServiceType(type);
  return Object.hasOwn(SERVICES, meant) ? SERVICES[meant] : undefined;
}

/**
 * Whether callers may reach a service of this type. Neither the identity service, which tells with an account's token
 * that account's credentials, nor Compute, which has paths and limits of its own, whatever is named.
 */
export function isServedType(type: string, served: ServedServices): boolean {
  if (type === '' || served === 'none' || isIdentityType(type) || isComputeType(type)) return false;
  const meant = canonicalServiceType(type);
  const names = served === 'all' ? [served] : served.map((name) => name.toLowerCase());
  return (
    (names.includes('all') && KNOWN.has(meant)) || names.includes(type.toLowerCase()) || names.includes(meant)
  );
}
