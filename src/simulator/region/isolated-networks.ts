import { Fault } from '../../faults/faults.ts';
import type { JsonObject } from '../../json.ts';
import { badRequest, readDocument, readText } from './body.ts';
import type { Call } from './call.ts';
import { isVisible, renderNetwork } from './networks.ts';
import { limitsOf, networksOf, quotaExceeded } from './quotas.ts';
import { newUuid } from './random.ts';
import { type Network, tenantOf } from './state.ts';

/**
 * Isolated networks (guide section 1.1), made and deleted through `os-networksv2`. `maxTotalPrivateNetworks` says how many a
 * tenant may have; 0 means that Cloud Networks is disabled for it (Table 1.4).
 */

const CIDR = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/;

/** The network that was made. Throws badRequest, forbidden where Cloud Networks is disabled, overLimit when there are enough. */
export function createNetwork(call: Call): JsonObject {
  const { state, request, settings } = call;
  const document = readDocument(call.request.body, 'network');
  const [label, cidr] = [readText(document, 'label'), readText(document, 'cidr').trim()];
  if (!isCidr(cidr)) throw badRequest(`cidr is "${cidr}"; give an IPv4 block such as 192.168.0.0/24.`);
  const most = limitsOf(settings, request.tenantId)['maxTotalPrivateNetworks'] ?? 0;
  if (most === 0)
    throw new Fault(
      'forbidden',
      `Cloud Networks is not enabled for ${request.tenantId} in ${settings.name}.`,
    );
  if (most > 0 && networksOf(state, request.tenantId).length >= most)
    throw quotaExceeded(`Quota exceeded for networks: maxTotalPrivateNetworks is ${most}.`);
  // Addresses of a server stand under the labels of its networks.
  const isTaken = [...state.networks.values()].some(
    (other) => other.label === label && isVisible(other, request.tenantId),
  );
  if (isTaken) throw badRequest(`There is a network ${label} already; take another label.`);
  const network: Network = { id: newUuid(state.random), label, cidr, tenantId: request.tenantId };
  state.networks.set(network.id, network);
  return { network: renderNetwork(network) };
}

/** Deletes a network of the tenant's own that no server is on. Throws itemNotFound, or forbidden. */
export function deleteNetwork({ state, request, settings }: Call, id: string): void {
  const network = state.networks.get(id);
  if (network === undefined || !isVisible(network, request.tenantId))
    throw new Fault('itemNotFound', `There is no network ${id} in ${settings.name}.`);
  if (network.tenantId === undefined)
    throw new Fault(
      'forbidden',
      `The network ${network.label} is everybody's; only your own can be deleted.`,
    );
  for (const server of tenantOf(state, request.tenantId).servers.records())
    if (server.status !== 'DELETED' && network.label in server.addresses)
      throw new Fault(
        'forbidden',
        `The server ${server.id} is on the network ${network.label}; delete it first.`,
      );
  state.networks.delete(id);
}

function isCidr(text: string): boolean {
  const [, ...numbers] = CIDR.exec(text) ?? [];
  return numbers.length === 5 && numbers.every((part, index) => Number(part) <= (index === 4 ? 30 : 255));
}
