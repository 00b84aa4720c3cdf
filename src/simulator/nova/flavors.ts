import type { JsonObject } from '../../json.ts';
import { isJsonObject } from '../../json.ts';
import { novaError } from './errors.ts';
import {
  askRegion,
  linksOf,
  type NovaHandler,
  type NovaVisit,
  nextLinks,
  pageOf,
  parameter,
} from './visit.ts';

/** Flavors: the region's, in the shape of the microversion. */

/** Every flavor as the region has it, in the order of the list. */
export function allFlavors(visit: NovaVisit): JsonObject[] {
  const { body } = askRegion(visit, { method: 'GET', path: '/flavors/detail' });
  return (body as JsonObject)['flavors'] as JsonObject[];
}

/** The flavor of that id as the region has it. */
export function findFlavor(visit: NovaVisit, id: string): JsonObject {
  const found = allFlavors(visit).find((flavor) => flavor['id'] === id);
  if (!found) throw novaError(404, `Flavor ${id} could not be found.`);
  return found;
}

/** What operators have said of a flavor beside its sizes: none of it here. */
export const extraSpecs = (_flavor: JsonObject): JsonObject => ({});

/** A flavor in full. From 2.55 on with a description, from 2.61 on with extra specs, from 2.75 on `swap` is a number. */
export function flavorDocument(visit: NovaVisit, flavor: JsonObject): JsonObject {
  const id = String(flavor['id']);
  const swap = Number(flavor['swap']);
  const document: JsonObject = {
    id,
    name: flavor['name']!,
    ram: flavor['ram']!,
    disk: flavor['disk']!,
    swap: swap === 0 && visit.minor < 75 ? '' : swap,
    'OS-FLV-EXT-DATA:ephemeral': 0,
    'OS-FLV-DISABLED:disabled': flavor['OS-FLV-DISABLED:disabled']!,
    vcpus: flavor['vcpus']!,
    'os-flavor-access:is_public': true,
    rxtx_factor: flavor['rxtx_factor']!,
    links: linksOf(visit, 'flavors', id),
  };
  if (visit.minor >= 55) document['description'] = null;
  if (visit.minor >= 61) document['extra_specs'] = extraSpecs(flavor);
  return document;
}

/** What a server shows of its flavor from 2.47 on: no id, no links. */
export function embeddedFlavor(visit: NovaVisit, id: string): JsonObject {
  const flavor = allFlavors(visit).find((item) => item['id'] === id) ?? {};
  return {
    vcpus: flavor['vcpus'] ?? 0,
    ram: flavor['ram'] ?? 0,
    disk: flavor['disk'] ?? 0,
    ephemeral: 0,
    swap: Number(flavor['swap'] ?? 0),
    original_name: flavor['name'] ?? '',
    extra_specs: extraSpecs(flavor),
  };
}

function list(visit: NovaVisit, render: (flavor: JsonObject) => JsonObject): JsonObject {
  const { query } = visit.incoming;
  const minimum = (key: string): number => {
    const text = query.get(key);
    if (text === null) return 0;
    if (!/^\d+$/.test(text)) throw novaError(400, `Invalid ${key} filter [${text}]`);
    return Number(text);
  };
  const [ram, disk] = [minimum('minRam'), minimum('minDisk')];
  const wanted = sorted(allFlavors(visit), query).filter(
    (flavor) => Number(flavor['ram']) >= ram && Number(flavor['disk']) >= disk,
  );
  const { page, next } = pageOf(visit, wanted, (flavor) => String(flavor['id']));
  const links = nextLinks(visit, next);
  return { flavors: page.map(render), ...(links && { flavors_links: links }) };
}

const SORT_KEYS: Record<string, string> = {
  flavorid: 'id',
  memory_mb: 'ram',
  root_gb: 'disk',
  name: 'name',
  vcpus: 'vcpus',
  swap: 'swap',
};

function sorted(flavors: readonly JsonObject[], query: URLSearchParams): JsonObject[] {
  const key = SORT_KEYS[query.get('sort_key') ?? 'flavorid'] ?? 'id';
  const sign = query.get('sort_dir') === 'desc' ? -1 : 1;
  const compare = (a: JsonObject, b: JsonObject): number => {
    const [left, right] = [a[key]!, b[key]!];
    return typeof left === 'number' ? left - Number(right) : String(left).localeCompare(String(right));
  };
  return [...flavors].sort((a, b) => sign * compare(a, b));
}

export const listFlavors: NovaHandler = (visit) => ({
  status: 200,
  document: list(visit, ({ id, name }) => {
    const brief: JsonObject = { id: id!, name: name!, links: linksOf(visit, 'flavors', String(id)) };
    if (visit.minor >= 55) brief['description'] = null;
    return brief;
  }),
});

export const listFlavorsDetail: NovaHandler = (visit) => ({
  status: 200,
  document: list(visit, (flavor) => flavorDocument(visit, flavor)),
});

export const showFlavor: NovaHandler = (visit) => ({
  status: 200,
  document: { flavor: flavorDocument(visit, findFlavor(visit, parameter(visit, 'id'))) },
});

export const showExtraSpecs: NovaHandler = (visit) => ({
  status: 200,
  document: { extra_specs: extraSpecs(findFlavor(visit, parameter(visit, 'id'))) },
});

export const showExtraSpec: NovaHandler = (visit) => {
  const [id, key] = [parameter(visit, 'id'), parameter(visit, 'key')];
  const specs = extraSpecs(findFlavor(visit, id));
  const value = isJsonObject(specs) ? specs[key] : undefined;
  if (value === undefined) throw novaError(404, `Flavor ${id} has no extra specs with key ${key}.`);
  return { status: 200, document: { [key]: value } };
};
