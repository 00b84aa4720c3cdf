import { type Call, type Handler, param } from './call.ts';
import { flavorFilter } from './filters.ts';
import { badMarker, type Page, pageDocument, readLimit, readMarker, takePage } from './pagination.ts';
import { findFlavor } from './references.ts';
import { renderBrief, renderFlavor } from './rendering.ts';
import type { Flavor } from './state.ts';

const flavor = (
  id: string,
  name: string,
  ram: number,
  disk: number,
  vcpus: number,
  swap: number,
  rxtxFactor: number,
): Flavor => ({ id, name, ram, disk, vcpus, swap, rxtxFactor, disabled: false });

/** The seven flavors of the guide (section 2.5.1). */
export const DEFAULT_FLAVORS: readonly Flavor[] = [
  flavor('2', '512MB Standard Instance', 512, 20, 1, 512, 2),
  flavor('3', '1GB Standard Instance', 1024, 40, 1, 1024, 3),
  flavor('4', '2GB Standard Instance', 2048, 80, 2, 2048, 6),
  flavor('5', '4GB Standard Instance', 4096, 160, 2, 2048, 10),
  flavor('6', '8GB Standard Instance', 8192, 320, 4, 2048, 15),
  flavor('7', '15GB Standard Instance', 15360, 620, 6, 2048, 20),
  flavor('8', '30GB Standard Instance', 30720, 1200, 8, 2048, 30),
];

/** `GET /flavors`: a flavor has no time of creation, so they come by id (guide section 1.6). */
export const listFlavors: Handler = (call) => ({
  status: 200,
  body: pageDocument(call, 'flavors', pageOf(call), (item) => renderBrief(call, 'flavors', item)),
});

/** `GET /flavors/detail` */
export const listFlavorsDetail: Handler = (call) => ({
  status: 200,
  body: pageDocument(call, 'flavors', pageOf(call), (item) => renderFlavor(call, item)),
});

/** `GET /flavors/{id}` */
export const getFlavor: Handler = (call) => ({
  status: 200,
  body: { flavor: renderFlavor(call, findFlavor(call, param(call, 'flavor_id'))) },
});

function pageOf(call: Call): Page<Flavor> {
  const marker = readMarker(call);
  if (marker !== null && !call.state.flavors.has(marker)) throw badMarker(marker);
  const flavors = [...call.state.flavors.values()].sort((a, b) => compareIds(a.id, b.id));
  const rest = marker === null ? flavors : flavors.filter((item) => compareIds(item.id, marker) > 0);
  return takePage(rest, readLimit(call), flavorFilter(call.request.query));
}

/** Numeric ids in the order of their numbers, others by their letters. */
function compareIds(a: string, b: string): number {
  const difference = Number(a) - Number(b);
  if (!Number.isNaN(difference) && difference !== 0) return difference;
  return a < b ? -1 : a > b ? 1 : 0;
}
