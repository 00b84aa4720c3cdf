/**
 * The version documents of a region, which clients probe before and after they log in. They announce no microversions,
 * because clients would begin to send them, and all have `links`, without which some die (the guide's Example 1.32 has
 * none).
 */
import type { JsonObject } from '../json.ts';
import { regionSegment } from '../links/region-segment.ts';

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
  const root = region === null ? baseUrl : `${baseUrl}/${regionSegment(region)}`;
  return {
    id,
    status: status === 'SUPPORTED' ? status : 'CURRENT',
    ...(updated === undefined ? {} : { updated }),
    links: [{ rel: 'self', href: `${root}/${id}/` }],
  };
}
