/**
 * A catalog of Identity v3 in the form that Identity v2.0 has, which the rest of Sluice reads: an endpoint has the URLs of
 * all its interfaces (`publicURL`, `internalURL`, `adminURL`) where v3 has an endpoint each. Pure.
 */
import { isJsonObject, type JsonObject, type JsonValue } from '../json.ts';
import type { CatalogService } from './token.ts';

/**
 * The services of a `catalog`. Keystone lists services and endpoints in another order each time: here they are in one order,
 * so that what is chosen because it is the first stays the same from login to login.
 */
export function catalogOfV3(value: JsonValue | undefined): CatalogService[] {
  if (!Array.isArray(value)) return [];
  const services = value.filter(isJsonObject).map((service) => ({
    ...service,
    name: text(service['name']),
    type: text(service['type']),
    endpoints: endpointsOf(service['endpoints']),
  }));
  return services.sort(
    (a, b) => compare(a.type, b.type) || compare(a.name, b.name) || compare(idOf(a), idOf(b)),
  );
}

/** One of each region; the second of the same region and interface goes into another, behind it, and so on. */
function endpointsOf(value: JsonValue | undefined): JsonObject[] {
  if (!Array.isArray(value)) return [];
  const all = value.filter(isJsonObject).flatMap(readEndpoint);
  all.sort((a, b) => compare(a.region, b.region) || compare(a.url, b.url));
  const byRegion = new Map<string, JsonObject[]>();
  const taken = new Map<string, number>();
  for (const { region, member, url } of all) {
    const rows = byRegion.get(region) ?? [];
    byRegion.set(region, rows);
    const key = `${member} ${region}`;
    const index = taken.get(key) ?? 0;
    taken.set(key, index + 1);
    rows[index] ??= region === '' ? {} : { region };
    rows[index][member] = url;
  }
  return [...byRegion.values()].flat();
}

interface V3Endpoint {
  readonly region: string;
  readonly member: string;
  readonly url: string;
}

const MEMBERS: Readonly<Record<string, string>> = {
  public: 'publicURL',
  internal: 'internalURL',
  admin: 'adminURL',
};

/** `publicURL` for `public` is what the clients of v2.0 say, and some catalogs do. */
function readEndpoint(endpoint: JsonObject): V3Endpoint[] {
  const face = text(endpoint['interface']).toLowerCase().replace(/url$/, '');
  const member = MEMBERS[face];
  const url = text(endpoint['url']);
  if (member === undefined || url === '') return [];
  const region = text(endpoint['region_id']).trim() || text(endpoint['region']).trim();
  return [{ region, member, url }];
}

const text = (value: JsonValue | undefined): string => (typeof value === 'string' ? value : '');

const idOf = (service: JsonObject): string => text(service['id']);

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
