import { Fault } from '../../faults/faults.ts';
import type { JsonValue } from '../../json.ts';
import type { Call, RegionAnswer } from './call.ts';
import { createNetwork, deleteNetwork } from './isolated-networks.ts';
import { getNetwork, listNetworks } from './networks.ts';
import { findFlavor } from './references.ts';

/**
 * Routes that are no operation of the guide but that real clients call: they are in no table, so their paths stand
 * here. `flavors/{id}/os-extra_specs` kills the openstack command line when it is missing.
 */
export function handleExtensionRoute(call: Call): RegionAnswer | undefined {
  const [first = '', id = '', third = '', ...rest] = call.request.path
    .split('/')
    .filter((part) => part !== '');
  if (first === 'os-networksv2' && third === '') return answerNetworks(call, id);
  if (call.request.method !== 'GET') return undefined;
  if (first === 'flavors' && third === 'os-extra_specs' && rest.length === 0) {
    findFlavor(call, id);
    return ok({ extra_specs: {} });
  }
  return undefined;
}

/** What libcloud, fog and pkgcloud do with networks. */
function answerNetworks(call: Call, id: string): RegionAnswer | undefined {
  const isList = id === '';
  switch (call.request.method) {
    case 'GET': {
      const body = isList ? listNetworks(call) : getNetwork(call, id);
      return body && ok(body);
    }
    case 'POST':
      if (isList) return ok(createNetwork(call));
      break;
    case 'DELETE':
      if (isList) break;
      deleteNetwork(call, id);
      return { status: 202, operation: 'other' };
  }
  const allow = isList ? 'GET, HEAD, POST' : 'DELETE, GET, HEAD';
  throw new Fault('badMethod', `${call.request.method} is not possible here; ${allow} are.`, {
    headers: { allow },
  });
}

const ok = (body: JsonValue): RegionAnswer => ({ status: 200, body, operation: 'other' });
