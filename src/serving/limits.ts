import { speaksMicroversions } from '../identity/catalog.ts';
import { isJsonObject } from '../json.ts';
import { parseJson, stringifyJson } from '../translation/json.ts';
import { FIRST_MICROVERSION, microversionHeaders, microversionOf } from '../upstream/microversion.ts';
import { answer } from './answer.ts';
import { askRegion } from './ask-region.ts';
import type { OperationRequest } from './operation-request.ts';
import { renderAnswer } from './render.ts';
import type { Services } from './services.ts';

/**
 * `GET /limits` (guide, section 1.8.3) costs the account nothing: the rates are Sluice's own view of its windows, the
 * absolute limits what the region last said, seconds old at most. Which of these there are depends on the microversion,
 * and for whom on the query: for another than the first, or with a query, the region is asked, and the rates put in.
 */
export async function serveLimits(request: OperationRequest, services: Services): Promise<void> {
  const { call, operation, place, query } = request;
  const asked = microversionOf(call.headers);
  const isPlain = query === '' && (asked === '' || asked === FIRST_MICROVERSION);
  if (!isPlain && speaksMicroversions(place.endpoint)) return serveAsked(request, services);
  const document = await services.limits.document(place);
  const body = renderAnswer(call, place, operation, JSON.stringify(document), services);
  const headers = [...ownHeaders(request, services), ...versionFields(request)];
  services.reply(call, { status: 200, body, format: call.format, headers });
}

async function serveAsked(request: OperationRequest, services: Services): Promise<void> {
  const answered = await askRegion(request, undefined, services);
  if (answered.status !== 200) return answer(request, answered, services);
  const asked = parseJson(answered.text, Number.POSITIVE_INFINITY);
  const { limits: own } = await services.limits.document(request.place);
  const limits = isJsonObject(asked) ? asked['limits'] : undefined;
  if (!isJsonObject(limits) || !isJsonObject(own) || !('rate' in limits))
    return answer(request, answered, services);
  const text = stringifyJson({ ...(asked as object), limits: { ...limits, rate: own['rate']! } });
  const told = { ...answered, text, hrefs: undefined, long: undefined };
  await answer(request, told, services, ownHeaders(request, services));
}

const ownHeaders = ({ call, place }: OperationRequest, { limits }: Services): string[] => [
  ...limits.shareHeaders(place, call.client).flat(),
  'Cache-Control',
  'no-store',
];

/** What a region that knows of microversions says of the first, which was not asked for this answer. */
function versionFields({ place }: OperationRequest): string[] {
  if (!speaksMicroversions(place.endpoint)) return [];
  return Object.entries(microversionHeaders(FIRST_MICROVERSION)).flat();
}
