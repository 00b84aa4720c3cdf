/**
 * Callers of the guide's version at a region that speaks 2.1. Nova checks bodies strictly there and refuses members that it
 * does not know, which the guide lets clients send and which some do; below `/v2` the same server ignores them. Whoever
 * speaks XML speaks the guide's version, too, whatever its path: 2.1 has none.
 */
import { speaksMicroversions } from '../identity/catalog.ts';
import { requestFormat } from '../translation/negotiate.ts';
import { microversionOf } from '../upstream/microversion.ts';
import type { RegionAnswer } from '../upstream/region.ts';
import { askRegion, type Sending } from './ask-region.ts';
import type { OperationRequest } from './operation-request.ts';
import type { Services } from './services.ts';

/** What nova says of members that it does not know; nothing was done then. */
const UNKNOWN_MEMBERS = /Additional properties are not allowed/;

/**
 * Sends a write; one that a region refuses for unknown members goes once more to its `/v2`, for callers of that version.
 *
 * @throws {Fault} see `askRegion`
 */
export async function askRelaxed(
  request: OperationRequest,
  body: Buffer | string | undefined,
  services: Services,
  sending: Sending = {},
): Promise<RegionAnswer> {
  const answered = await askRegion(request, body, services, sending);
  if (answered.status !== 400 || !UNKNOWN_MEMBERS.test(answered.text)) return answered;
  if (!speaksMicroversions(request.place.endpoint) || !isOfGuide(request)) return answered;
  const relaxed = await askRegion(inRelaxedVersion(request), body, services, sending);
  // A region without it has said all there is to say.
  return relaxed.status === 404 || relaxed.status === 300 ? answered : relaxed;
}

function isOfGuide({ call }: OperationRequest): boolean {
  const { target } = call.route;
  if (microversionOf(call.headers) !== '') return false;
  const isXml = requestFormat(call.headers['content-type']) === 'xml';
  return isXml || (target.kind === 'compute' && (target.version ?? 'v2') === 'v2');
}

/** The same request below the region's `/v2`. */
function inRelaxedVersion(request: OperationRequest): OperationRequest {
  const { endpoint } = request.place;
  const versionPath = endpoint.versionPath.replace(/[^/]+$/, 'v2');
  const basePath = versionPath + endpoint.basePath.slice(endpoint.versionPath.length);
  return { ...request, place: { ...request.place, endpoint: { ...endpoint, versionPath, basePath } } };
}
