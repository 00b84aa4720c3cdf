import type { Timer } from '../clock.ts';
import { Fault, methodFault } from '../faults/faults.ts';
import type { Call } from '../http/call.ts';
import type { Endpoint } from '../identity/catalog.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../json.ts';
import { operationNamed } from '../operations/match.ts';
import type { Account } from '../routing/directory.ts';
import { EVERYWHERE, type Target } from '../routing/target.ts';
import { renderXml } from '../translation/write-xml.ts';
import type { CacheResult } from './cache-result.ts';
import { findAnswer, sendResult } from './cached.ts';
import type { OperationRequest } from './operation-request.ts';
import { negotiate } from './render.ts';
import type { Services } from './services.ts';
import { type RegionVersion, regionVersionDocument, regionVersionsDocument } from './version-documents.ts';

type VersionTarget = Target & { kind: 'versions' | 'version' };

const OPERATION = { versions: operationNamed('listVersions'), version: operationNamed('getVersion') };

/** How long a region may take to say which versions it has before Sluice says what it serves without it, ms. */
const PATIENCE_MS = 2000;

/**
 * The version documents of a region (guide, section 1.9). They describe what Sluice serves there: v2, with the status
 * the region gives it, with links (the guide's example lacks them, and clients crash without) and without microversions
 * (clients would begin to send them). Clients probe them before they log in, so no token is asked for, and a region that
 * does not answer is no reason for a fault.
 */
export async function serveVersions(call: Call, target: VersionTarget, services: Services): Promise<void> {
  const operation = OPERATION[target.kind];
  call.operation = operation.name;
  negotiate(call, target.format);
  requireRead(call);
  if (isEverywhere(target.region, call)) {
    call.region = EVERYWHERE;
    return sendOwnVersion(call, target.kind, target.kind === 'version' ? target.version : 'v2', services);
  }
  const { account, endpoint } = await findRegion(call, target.region, services);
  call.account = account.name;
  call.region = endpoint.region;
  // On a port that serves one region at its root, links need not name the region; below a public URL they do.
  const isOwnPort = call.rootRegion !== undefined && services.settings.publicUrl === null;
  const region = isOwnPort ? null : endpoint.region;
  const describe = (text: string | undefined) => describeVersions(target, call.publicBase, region, text);
  const request: OperationRequest = {
    call,
    target: { path: '/' },
    operation,
    params: {},
    place: { account, endpoint },
    query: call.route.asked,
    adapt: (text) => JSON.stringify(describe(text)),
    rendition: `${target.kind === 'version' ? target.version : ''} ${region ?? ''}`,
  };
  const found = await askedInTime(findAnswer(request, services), services);
  if (found?.entry.status === 200) return sendResult(request, found, services);
  const value = describe(undefined);
  const body = call.format === 'json' ? JSON.stringify(value) : renderXml(target.kind, value);
  services.reply(call, { status: 200, body, format: call.format, headers: [] });
}

/** @throws {Fault} 405 for what is no read */
export function requireRead(call: Call): void {
  if (call.method === 'GET' || call.method === 'HEAD') return;
  throw methodFault(call.method, ['GET', 'HEAD']);
}

const isEverywhere = (region: string | undefined, call: Call): boolean =>
  region?.toLowerCase() === EVERYWHERE && region !== call.rootRegion;

/** The documents of every region at once: no single region is asked. */
export function sendOwnVersion(
  call: Call,
  kind: VersionTarget['kind'],
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

/**
 * The endpoint itself, which clients ask for its version: the details of the version it has. A tenant that nobody owns
 * has no endpoint.
 */
export async function serveEndpoint(
  call: Call,
  target: Target & { kind: 'compute' },
  services: Services,
): Promise<void> {
  const { region, version = 'v2', tenant, format } = target;
  negotiate(call, format);
  const hints = call.regionHints(region);
  const { directory } = services;
  if (directory.find(tenant, hints) === undefined) await directory.wait(tenant, hints, call.signal);
  return serveVersions(call, { kind: 'version', region, version, format }, services);
}

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

/** Sluice's own document, with what the region says of the version it serves. */
function describeVersions(
  target: VersionTarget,
  base: string,
  region: string | null,
  text: string | undefined,
) {
  const version = target.kind === 'version' ? target.version : 'v2';
  const said = saidOf(text === undefined ? undefined : (JSON.parse(text) as JsonValue), version);
  return target.kind === 'versions'
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

/** The first account that has the region; the faults are those of the first account. */
async function findRegion(
  call: Call,
  region: string | undefined,
  services: Services,
): Promise<{ account: Account; endpoint: Endpoint }> {
  const hints = call.regionHints(region);
  const accounts = services.directory.accounts;
  for (const account of accounts) {
    if (!account.token()) await account.ready(call.signal).catch(() => undefined);
    if (region !== undefined && !account.endpoints().has(region.toUpperCase())) continue;
    if (account.token()) return { account, endpoint: services.directory.endpoint(account, hints) };
  }
  const first = services.directory.first();
  await first.ready(call.signal);
  return { account: first, endpoint: services.directory.endpoint(first, hints) };
}
