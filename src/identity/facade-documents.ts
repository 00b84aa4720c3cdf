/**
 * The version documents clients probe before and after they log in. Two styles: identity's list is an object
 * with `values`, Compute's an array; clients crash on the wrong one. None announces microversions, because
 * clients would begin to send them, and all have `links`, without which some die (the guide's Example 1.32 has
 * none).
 */
import type { JsonObject } from '../json.ts';

/** When Identity v2.0 was declared stable here; clients only print it. */
const IDENTITY_UPDATED = '2026-01-01T00:00:00Z';

/** `GET /`: the identity versions there are. Status 200. */
export function identityVersionsDocument(baseUrl: string): JsonObject {
  return { versions: { values: [identityVersion(baseUrl)] } };
}

/** `GET /v2.0`: its details. Status 200. */
export function identityVersionDocument(baseUrl: string): JsonObject {
  return { version: identityVersion(baseUrl) };
}

function identityVersion(baseUrl: string): JsonObject {
  const links = [{ rel: 'self', href: `${trim(baseUrl)}/v2.0/` }];
  return { id: 'v2.0', status: 'stable', updated: IDENTITY_UPDATED, links };
}

/**
 * `GET /{region}/`: the versions a region has (guide, section 1.9.1).
 *
 * @param region as it stands in the caller's path; null for a base URL that is one region's own
 * @param versionIds `['v2']`, or several; the first is the current one
 */
export function regionVersionsDocument(
  baseUrl: string,
  region: string | null,
  versionIds: readonly [string, ...string[]],
): JsonObject {
  const [current] = versionIds;
  const versions = versionIds.map((id) => regionVersion(baseUrl, region, id, id === current));
  return { versions };
}

/** `GET /{region}/v2` and `/{region}/v2/`: one version's details (guide, section 1.9.2, with `links`). */
export function regionVersionDocument(baseUrl: string, region: string | null, versionId: string): JsonObject {
  return { version: regionVersion(baseUrl, region, versionId, true) };
}

function regionVersion(baseUrl: string, region: string | null, id: string, isCurrent: boolean): JsonObject {
  const root =
    region === null ? trim(baseUrl) : `${trim(baseUrl)}/${encodeURIComponent(region.toLowerCase())}`;
  const links = [{ rel: 'self', href: `${root}/${id}/` }];
  return { id, status: isCurrent ? 'CURRENT' : 'SUPPORTED', links };
}

function trim(baseUrl: string): string {
  return baseUrl.replace(/\/+$/, '');
}
