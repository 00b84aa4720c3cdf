import type { Timer } from '../clock.ts';
import { Fault, methodFault } from '../faults/faults.ts';
import type { Call } from '../http/call.ts';
import { computeVersionOf, versionDocumentPath } from '../identity/catalog.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../json.ts';
import { operationNamed } from '../operations/match.ts';
import { EVERYWHERE } from '../routing/target.ts';
import { renderXml } from '../translation/write-xml.ts';
import type { CacheResult } from './cache-result.ts';
import { findAnswer, sendResult } from './cached.ts';
import type { LocatedVersions } from './located.ts';
import type { OperationRequest } from './operation-request.ts';
import type { Services } from './services.ts';
import {
  ownVersionsDocument,
  type RegionVersion,
  regionVersionDocument,
  regionVersionsDocument,
} from './version-documents.ts';

const OPERATION = { versions: operationNamed('listVersions'), version: operationNamed('getVersion') };

/** How long a region may take to say which versions it has before Sluice says what it serves without it, ms. */
const PATIENCE_MS = 2000;

/**
 * The version documents of a region (guide, section 1.9): what the region itself says where it knows of microversions, else
 * what Sluice serves there, see version-documents.ts. Clients probe them before they log in, so no token is asked for, and a region that
 * does not answer is no reason for a fault.
 */
export async function serveVersions(located: LocatedVersions, services: Services): Promise<void> {
  const { call, place, version } = located;
  const kind = version === undefined ? 'versions' : 'version';
  const operation = OPERATION[kind];
  call.operation = operation.name;
  requireRead(call);
  if (place === undefined) return sendOwnVersion(call, kind, version ?? 'v2', services);
  const { endpoint } = place;
  const served = version ?? computeVersionOf(endpoint);
  // On a port that serves one region at its root, links need not name the region; below a public URL they do.
  const isOwnPort = call.rootRegion !== undefined && services.settings.publicUrl === null;
  const region = isOwnPort ? null : endpoint.region;
  const describe = (text: string | undefined) =>
    describeVersions(kind, served, call.publicBase, region, text);
  const request: OperationRequest = {
    call,
    path: kind === 'version' ? versionDocumentPath(endpoint, version) : '/',
    operation,
    params: {},
    place,
    query: call.route.asked,
    adapt: (text) => JSON.stringify(describe(text)),
    rendition: `${version ?? ''} ${region ?? ''}`,
  };
  const found = await askedInTime(findAnswer(request, services), services);
  if (found?.entry.status === 200) return sendResult(request, found, services);
  const value = describe(undefined);
  const body = call.format === 'json' ? JSON.stringify(value) : renderXml(kind, value);
  services.reply(call, { status: 200, body, format: call.format, headers: [] });
}

/** @throws {Fault} 405 for what is no read */
export function requireRead(call: Call): void {
  if (call.method === 'GET' || call.method === 'HEAD') return;
  throw methodFault(call.method, ['GET', 'HEAD']);
}

/** The documents of every region at once: no single region is asked. */
export function sendOwnVersion(
  call: Call,
  kind: keyof typeof OPERATION,
  id: string,
  services: Services,
): void {
  call.operation = OPERATION[kind].name;
  const describe = kind === 'version' ? regionVersionDocument : listOne;
  const value = describe(call.publicBase, EVERYWHERE, { id });
  const body = call.format === 'json' ? JSON.stringify(value) : renderXml(kind, value);
  services.reply(call, { status: 200, body, format: call.format, headers: [] });
}

const listOne = (base: string, region: string, version: RegionVersion): JsonObject =>
  regionVersionsDocument(base, region, [version]);

/** What the region says, or undefined when it fails or takes too long; the fetch then goes on for the next caller. */
async function askedInTime(
  found: CacheResult | Promise<CacheResult>,
  services: Services,
): Promise<CacheResult | undefined> {
  let timer: Timer | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = services.clock.setTimer(() => resolve(undefined), PATIENCE_MS);
  });
  try {
    return await Promise.race([found, late]);
  } catch (error) {
    if (error instanceof Fault && error.code !== 499) return undefined;
    throw error;
  } finally {
    timer?.cancel();
  }
}

/** No region has so much to say of its versions, characters; a longer document is not read. */
const LONGEST_DOCUMENT = 256 * 1024;

/** A region's own document, or Sluice's with what the region says of the version that is served. */
function describeVersions(
  kind: keyof typeof OPERATION,
  id: string,
  base: string,
  region: string | null,
  text: string | undefined,
) {
  const document =
    text === undefined || text.length > LONGEST_DOCUMENT ? undefined : (JSON.parse(text) as JsonValue);
  const own = document === undefined ? undefined : ownVersionsDocument(base, region, document);
  if (own !== undefined && (kind === 'version') === 'version' in own) return own;
  const said = saidOf(document, id);
  return kind === 'versions'
    ? regionVersionsDocument(base, region, [said])
    : regionVersionDocument(base, region, said);
}

/** `v2.0` is nova's name for what everybody else calls `v2`. */
function saidOf(document: JsonValue | undefined, id: string): RegionVersion {
  if (!isJsonObject(document)) return { id };
  const { versions, version } = document;
  const all = Array.isArray(versions) ? versions : [version];
  const own = all.find((one) => isJsonObject(one) && (one['id'] === id || one['id'] === `${id}.0`));
  if (!isJsonObject(own)) return { id };
  const { status, updated } = own;
  return {
    id,
    ...(typeof status === 'string' ? { status } : {}),
    ...(typeof updated === 'string' ? { updated } : {}),
  };
}
