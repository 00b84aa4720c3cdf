import type { JsonObject } from '../json.ts';
import type { SimulatorSettings } from './config.ts';
import { versionV2 } from './identity/v2.ts';
import { versionV3 } from './identity/v3.ts';

/** Version documents: of the regions (guide section 1.9) and of the identity service at the root. */

/** `GET /` of a region (Example 1.27). @param root no trailing slash */
export function versionList(root: string): JsonObject {
  return { versions: [{ id: 'v2', status: 'CURRENT', links: [{ rel: 'self', href: `${root}/v2` }] }] };
}

/**
 * `GET /v2/` of a region. Clients fail on the guide's bare form (Example 1.32): it is a switch. No microversions: clients
 * would begin to send them.
 */
export function versionDetails(root: string, form: SimulatorSettings['versionDocument']): JsonObject {
  if (form === 'guide') return { version: { id: 'v2', status: 'CURRENT' } };
  return { version: { id: 'v2', status: 'CURRENT', links: [{ rel: 'self', href: `${root}/v2/` }] } };
}

/** The answer (300) to a path without a version: where the same resource is with one. @param path begins with a slash */
export function versionChoices(root: string, path: string): JsonObject {
  return {
    choices: [
      {
        id: 'v2',
        status: 'CURRENT',
        'media-types': [
          { base: 'application/json', type: 'application/vnd.openstack.compute+json;version=2' },
          { base: 'application/xml', type: 'application/vnd.openstack.compute+xml;version=2' },
        ],
        links: [{ rel: 'self', href: `${root}/v2${path}` }],
      },
    ],
  };
}

/** `GET /` of the simulator: the identity service's versions, which clients probe before they log in. */
export function identityVersions(origin: string): JsonObject {
  return { versions: { values: [versionV3(origin), versionV2(origin)] } };
}

/** The same of a cloud of today: Keystone speaks v3 alone. @param root no trailing slash */
export function keystoneVersions(root: string): JsonObject {
  return { versions: { values: [versionV3(root)] } };
}
