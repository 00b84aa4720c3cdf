/**
 * The version documents clients probe before and after they log in. Two styles: identity's list is an object
 * with `values`, Compute's an array; clients crash on the wrong one. None announces microversions, because
 * clients would begin to send them, and all have `links`, without which some die (the guide's Example 1.32 has
 * none).
 */
import type { JsonObject } from '../json.ts';
import { regionSegment } from '../links/region-segment.ts';

/** When the identity versions were declared stable here; clients only print it. */
const IDENTITY_UPDATED = '2026-01-01T00:00:00Z';

/** `GET /`: the identity versions there are, the newest first. Status 200. */
export function identityVersionsDocument(baseUrl: string): JsonObject {
  return { versions: { values: [identityV3(baseUrl), identityV2(baseUrl)] } };
}

/** `GET /v2.0`: its details. Status 200. */
export function identityVersionDocument(baseUrl: string): JsonObject {
  return { version: identityV2(baseUrl) };
}

/** `GET /v3`: its details. Status 200. */
export function identityV3VersionDocument(baseUrl: string): JsonObject {
  return { version: identityV3(baseUrl) };
}

function identityV2(baseUrl: string): JsonObject {
  const links = [{ rel: 'self', href: `${trim(baseUrl)}/v2.0/` }];
  return { id: 'v2.0', status: 'stable', updated: IDENTITY_UPDATED, links };
}

/** The minor version is the last one that changed something Sluice has: clients look for nothing newer there. */
function identityV3(baseUrl: string): JsonObject {
  return {
    id: 'v3.14',
    status: 'stable',
    updated: IDENTITY_UPDATED,
    links: [{ rel: 'self', href: `${trim(baseUrl)}/v3/` }],
    'media-types': [{ base: 'application/json', type: 'application/vnd.openstack.identity-v3+json' }],
  };
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
 * @param region as the catalog spells it; null for a base URL that is one region's own
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
  const root = region === null ? trim(baseUrl) : `${trim(baseUrl)}/${regionSegment(region)}`;
  return {
    id,
    status: status === 'SUPPORTED' ? status : 'CURRENT',
    ...(updated === undefined ? {} : { updated }),
    links: [{ rel: 'self', href: `${root}/${id}/` }],
  };
}

function trim(baseUrl: string): string {
  return baseUrl.replace(/\/+$/, '');
}
