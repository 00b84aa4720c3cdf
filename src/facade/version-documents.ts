/**
 * The version documents of Identity, which clients probe before they log in. Its list is an object with `values`, unlike
 * Compute's (serving/version-documents.ts); clients crash on the wrong one.
 */
import type { JsonObject } from '../json.ts';

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

function trim(baseUrl: string): string {
  return baseUrl.replace(/(?<!\/)\/+$/, '');
}
