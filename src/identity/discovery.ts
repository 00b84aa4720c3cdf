/** Which versions an identity service speaks, where its URL names none. */
import { isJsonObject, type JsonObject, type JsonValue } from '../json.ts';
import { askIdentity, type IdentityAnswer, type IdentityWay, isYes, refusedBy } from './identity-request.ts';
import { LoginError } from './login-error.ts';
import type { IdentityVersion } from './settings.ts';

/** The URL of each version that is spoken, without a slash at the end. */
export type IdentityVersions = Partial<Record<IdentityVersion, string>>;

/** Services redirect `/identity` to `/identity/`, seldom any further. */
const MOST_REDIRECTS = 3;

/** What is known of an identity service's versions. */
export interface Discovery {
  /**
   * Asks something in one of the versions there, which are asked for when nothing is known. What is not taken there any more
   * is a reason to ask for them anew the next time.
   *
   * @throws LoginError why nothing is known; what `ask` throws
   */
  use<T>(signal: AbortSignal, ask: (versions: IdentityVersions) => Promise<T>): Promise<T>;
}

export function createDiscovery(root: URL, way: IdentityWay, nowMs: () => number): Discovery {
  let known: IdentityVersions | undefined;
  return {
    async use(signal, ask) {
      known ??= await discoverVersions(root, way, nowMs, signal);
      try {
        return await ask(known);
      } catch (error) {
        if (error instanceof LoginError && error.reason === 'rejected') known = undefined;
        throw error;
      }
    },
  };
}

/**
 * Asks an identity service for its versions: at its root, and where nothing is told there, at `/v3`.
 *
 * @param root as it is configured
 * @throws LoginError why nothing is known: `rejected` when there is no version that Sluice speaks
 */
async function discoverVersions(
  root: URL,
  way: IdentityWay,
  nowMs: () => number,
  signal: AbortSignal,
): Promise<IdentityVersions> {
  const answer = await follow(root, way, signal);
  const found = versionsOf(answer, root);
  if (Object.keys(found).length > 0) return found;
  if (isNoRefusal(answer)) {
    const below = await follow(joined(root, '/v3'), way, signal);
    const { v3 } = versionsOf(below, root);
    if (v3 !== undefined) return { v3 };
    if (isNoRefusal(below)) throw nothingThere(answer.status);
    throw refusedBy(below, [], nowMs());
  }
  throw refusedBy(answer, [], nowMs());
}

/** Neither asked to wait nor broken, nor closed to everybody: it has something else there. */
const isNoRefusal = ({ status }: IdentityAnswer): boolean =>
  status < 500 && ![401, 403, 413, 429].includes(status);

function nothingThere(status: number): LoginError {
  return new LoginError(
    'rejected',
    `The identity service names no version that Sluice speaks (HTTP ${status}); write its URL with /v3 or /v2.0 at the end.`,
  );
}

/** Within the host that was configured: what it is sent to next is a password. */
async function follow(from: URL, way: IdentityWay, signal: AbortSignal): Promise<IdentityAnswer> {
  let url = from;
  for (let hop = 0; ; hop++) {
    const answer = await askIdentity({ method: 'GET', url }, way, signal);
    const { location } = answer;
    const isRedirect = [301, 302, 303, 307, 308].includes(answer.status) && location !== undefined;
    if (!isRedirect || hop === MOST_REDIRECTS || !URL.canParse(location, url.href)) return answer;
    const next = new URL(location, url);
    if (next.origin !== from.origin) return answer;
    url = next;
  }
}

function versionsOf(answer: IdentityAnswer, root: URL): IdentityVersions {
  // 300 is Keystone's at the root, 200 that of others and of a single version.
  if (answer.status !== 300 && !isYes(answer)) return {};
  try {
    return readVersions(JSON.parse(answer.text) as JsonValue, root);
  } catch {
    return {};
  }
}

/**
 * Reads a document of versions, `{"versions": {"values": […]}}`, `{"versions": […]}` or `{"version": {…}}`. Of their links
 * only the path is taken, and that only of links to the host that was asked: behind a load balancer a service may know itself
 * by a name, a scheme and a path that nobody else knows it by, and credentials go nowhere but where they were meant for.
 */
export function readVersions(document: JsonValue, root: URL): IdentityVersions {
  const found: IdentityVersions = {};
  for (const entry of entriesOf(document)) {
    const version = versionNamed(entry['id']);
    if (version !== undefined) found[version] ??= urlOf(entry, version, root);
  }
  return found;
}

function entriesOf(document: JsonValue): JsonObject[] {
  if (!isJsonObject(document)) return [];
  const { version, versions } = document;
  const listed = isJsonObject(versions) ? versions['values'] : versions;
  return [...(Array.isArray(listed) ? listed : []), version ?? null].filter(isJsonObject);
}

/** Minor versions of v3 are one API: `v3.14`. */
function versionNamed(id: JsonValue | undefined): IdentityVersion | undefined {
  if (typeof id !== 'string') return undefined;
  if (/^v?3(?:\.\d+)?$/i.test(id)) return 'v3';
  return /^v?2\.0$/i.test(id) ? 'v2.0' : undefined;
}

function urlOf({ links }: JsonObject, version: IdentityVersion, root: URL): string {
  const all = Array.isArray(links) ? links.filter(isJsonObject) : [];
  const href = all.find(({ rel }) => rel === 'self')?.['href'];
  const base = joined(root, '/');
  if (typeof href === 'string' && href.length <= 2048 && URL.canParse(href, base.href)) {
    const link = new URL(href, base);
    const path = link.pathname.replace(/(?<!\/)\/+$/, '');
    if (link.host === root.host && path.endsWith(`/${version}`)) return root.origin + path;
  }
  return joined(root, `/${version}`).href;
}

function joined(root: URL, path: string): URL {
  const url = new URL(root);
  url.pathname = root.pathname.replace(/(?<!\/)\/+$/, '') + path;
  return url;
}
