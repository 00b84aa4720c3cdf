import type { OperationRequest } from './operation-request.ts';
import { renderAnswer } from './render.ts';
import type { Services } from './services.ts';

/**
 * `GET /limits` (guide, section 1.8.3) costs the account nothing: the rates are Sluice's own view of its windows, the
 * absolute limits what the region last said, seconds old at most.
 */
export async function serveLimits(
  { call, operation, place }: OperationRequest,
  services: Services,
): Promise<void> {
  const document = await services.limits.document(place);
  const body = renderAnswer(call, place, operation, JSON.stringify(document), services);
  const headers = [...services.limits.shareHeaders(place, call.client).flat(), 'Cache-Control', 'no-store'];
  services.reply(call, { status: 200, body, format: call.format, headers });
}
