import { Fault } from '../../faults/faults.ts';
import type { JsonObject } from '../../json.ts';
import { type Handler, param } from './call.ts';
import { findServer } from './references.ts';
import { renderAddresses } from './rendering.ts';

/** `GET /servers/{id}/ips` (guide section 2.2.1) */
export const listAddresses: Handler = (call) => ({
  status: 200,
  body: { addresses: renderAddresses(findServer(call, param(call, 'server_id'))) },
});

/** `GET /servers/{id}/ips/{network}`: `{"public": […]}`, or the guide's form (section 2.2.2) by a switch. */
export const listNetworkAddresses: Handler = (call) => {
  const server = findServer(call, param(call, 'server_id'));
  const network = param(call, 'network_id');
  const addresses = renderAddresses(server)[network];
  if (addresses === undefined)
    throw new Fault('itemNotFound', `The server ${server.id} is on no network ${network}.`);
  const body: JsonObject =
    call.settings.networkForm === 'named'
      ? { [network]: addresses }
      : { network: { id: network, ip: addresses } };
  return { status: 200, body };
};
