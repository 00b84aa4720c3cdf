/**
 * The version documents of a region, which clients probe before and after they log in. What a region says of its versions and
 * microversions is what callers hear, since clients choose by it. Of a region of the guide's kind, which knows none, they
 * are written anew: they announce nothing, and all have `links`, without which some clients die (the guide's Example 1.32
 * has none).
 */
import { isJsonObject, type JsonObject, type JsonValue } from '../json.ts';
import { regionSegment } from '../links/region-segment.ts';

/** Where a region's versions are under Sluice: `/dfw`, or nothing at a base URL that is one region's own. */
const rootOf = (baseUrl: string, region: string | null): string =>
  region === null ? baseUrl : `${baseUrl}/${regionSegment(region)}`;

/** A version that callers can ask for here, and the path that it has; nova calls `/v2/` v2.0. */
const SERVED = /^v2(?:\.\d+)?$/;
const pathOfVersion = (id: string): string => (id === 'v2.0' ? 'v2' : id);

/**
 * What a region that knows of microversions says of its versions, all of them, with their ranges: its own document with
 * links that lead to Sluice; undefined for a region that knows of none.
 */
export function ownVersionsDocument(
  baseUrl: string,
  region: string | null,
  document: JsonValue,
): JsonObject | undefined {
  if (!isJsonObject(document)) return undefined;
  const { versions, version } = document;
  const all = (Array.isArray(versions) ? versions : [version ?? null]).filter(isServed);
  if (!all.some((one) => typeof one['version'] === 'string')) return undefined;
  const described = all.map((one) => withOwnLink(rootOf(baseUrl, region), one));
  return Array.isArray(versions)
    ? { ...document, versions: described }
    : { ...document, version: described[0]! };
}

const isServed = (one: JsonValue): one is JsonObject & { id: string } =>
  isJsonObject(one) && typeof one['id'] === 'string' && SERVED.test(one['id']);

function withOwnLink(root: string, version: JsonObject & { id: string }): JsonObject {
  const self = { rel: 'self', href: `${root}/${pathOfVersion(version.id)}/` };
  const { links } = version;
  const others = (Array.isArray(links) ? links : []).filter(
    (link) => isJsonObject(link) && link['rel'] !== 'self',
  );
  return { ...version, links: [self, ...others] };
}

/** A version as a region's own documents tell of it. */
export interface RegionVersion {
  /** `v2` */
  readonly id: string;
  /** What the region says it is; anything but CURRENT and SUPPORTED would turn clients away from what works. */
  readonly status?: string;
  /** ISO 8601. */
  readonly updated?: string;
}

/**
 * `GET /{region}/`: the versions a region has (guide, section 1.9.1).
 *
 * @param baseUrl Sluice's own, without a slash at its end
 * @param region as it stands in the caller's path; null for a base URL that is one region's own
 */
export function regionVersionsDocument(
  baseUrl: string,
  region: string | null,
  versions: readonly RegionVersion[],
): JsonObject {
  return { versions: versions.map((version) => describe(baseUrl, region, version)) };
}

/** `GET /{region}/v2` and `/{region}/v2/`: one version's details (guide, section 1.9.2, with `links`). */
export function regionVersionDocument(
  baseUrl: string,
  region: string | null,
  version: RegionVersion,
): JsonObject {
  return { version: describe(baseUrl, region, version) };
}

function describe(
  baseUrl: string,
  region: string | null,
  { id, status, updated }: RegionVersion,
): JsonObject {
  return {
    id,
    status: status === 'SUPPORTED' ? status : 'CURRENT',
    ...(updated === undefined ? {} : { updated }),
    links: [{ rel: 'self', href: `${rootOf(baseUrl, region)}/${id}/` }],
  };
}
