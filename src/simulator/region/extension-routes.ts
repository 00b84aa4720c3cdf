import type { JsonValue } from '../../json.ts';
import type { Call } from './call.ts';
import { getNetwork, listNetworks } from './networks.ts';
import { findFlavor } from './references.ts';
import type { RegionAnswer } from './region.ts';

/**
 * Routes that are no operation of the guide but that real clients call: they are in no table, so their paths stand
 * here. `flavors/{id}/os-extra_specs` kills the openstack command line when it is missing.
 */
export function handleExtensionRoute(call: Call): RegionAnswer | undefined {
  const [first = '', id = '', third = '', ...rest] = call.request.path
    .split('/')
    .filter((part) => part !== '');
  if (call.request.method !== 'GET' && call.request.method !== 'HEAD') return undefined;
  if (first === 'flavors' && third === 'os-extra_specs' && rest.length === 0) {
    findFlavor(call, id);
    return ok({ extra_specs: {} });
  }
  if (first !== 'os-networksv2' || third !== '') return undefined;
  const body = id === '' ? listNetworks(call) : getNetwork(call, id);
  return body && ok(body);
}

const ok = (body: JsonValue): RegionAnswer => ({ status: 200, body, operation: 'other' });
