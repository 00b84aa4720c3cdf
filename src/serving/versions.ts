import { Fault } from '../faults/faults.ts';
import type { Endpoint } from '../identity/catalog.ts';
import { regionVersionDocument, regionVersionsDocument } from '../identity/facade-documents.ts';
import type { Account } from '../routing/directory.ts';
import type { Target } from '../routing/target.ts';
import { renderXml } from '../translation/write-xml.ts';
import type { Call } from './call.ts';
import { negotiate } from './render.ts';
import type { Services } from './services.ts';

/**
 * The version documents of a region (guide, section 1.9). They describe what Sluice serves there, so they are Sluice's
 * own: with links, which the guide's example lacks and clients crash without, and without microversions, which clients
 * would begin to send. No token is asked for.
 */
export async function serveVersions(
  call: Call,
  target: Target & { kind: 'versions' | 'version' },
  services: Services,
): Promise<void> {
  call.operation = target.kind === 'versions' ? 'listVersions' : 'getVersion';
  negotiate(call, target.format);
  if (call.method !== 'GET' && call.method !== 'HEAD') {
    throw new Fault('badMethod', `${call.method} is not possible here; possible: GET, HEAD.`, {
      headers: { allow: 'GET, HEAD' },
    });
  }
  const { account, endpoint } = await findRegion(call, target.region, services);
  call.account = account.name;
  call.region = endpoint.region;
  // On a port that serves one region at its root, links need not name the region.
  const region = call.rootRegion === undefined ? endpoint.region : null;
  const value =
    target.kind === 'versions'
      ? regionVersionsDocument(call.publicBase, region, ['v2'])
      : regionVersionDocument(call.publicBase, region, target.version);
  const body = call.format === 'json' ? JSON.stringify(value) : renderXml(target.kind, value);
  services.reply(call, { status: 200, body, format: call.format, headers: [] });
}

/** The first account that has the region; the faults are those of the first account. */
async function findRegion(
  call: Call,
  region: string | undefined,
  services: Services,
): Promise<{ account: Account; endpoint: Endpoint }> {
  const hints = { path: region, header: call.header('x-region'), host: call.headers.host };
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
