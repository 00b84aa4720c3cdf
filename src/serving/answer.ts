import { comesDown } from '../upstream/headers.ts';
import type { RegionAnswer } from '../upstream/region.ts';
import { tellableRetryAfter } from '../upstream/retry-after.ts';
import { requestIdOf } from '../upstream/spending.ts';
import type { OperationRequest } from './operation-request.ts';
import { renderAnswer, renderLong } from './render.ts';
import type { Services } from './services.ts';

/**
 * Writes a region's answer out in the caller's format.
 *
 * @param further header fields, names and values in turn
 */
export function answer(
  request: OperationRequest,
  answered: RegionAnswer,
  services: Services,
  further: readonly string[] = [],
): void | Promise<void> {
  const { call, operation, place } = request;
  const headers: string[] = [...further];
  for (const name in answered.headers) {
    if (comesDown(name)) pushHeader(headers, name, answered.headers[name]);
  }
  const id = requestIdOf(answered.headers);
  if (id !== undefined) call.requestId = id;
  const { 'retry-after': retryAfter, date } = answered.headers;
  pushHeader(headers, 'Retry-After', tellableRetryAfter(retryAfter, date));
  const location = answered.headers.location;
  if (location !== undefined)
    headers.push('Location', services.location(call, place, operation.location, location));
  for (const [name, value] of services.limits.headers(answered.charges)) headers.push(name, value);
  const isForeign = operation.scope === 'service' && answered.status !== 200;
  const contentType = isForeign ? answered.headers['content-type'] : undefined;
  const { long, status } = answered;
  const reply = (body: Buffer | string | undefined) =>
    services.reply(call, { status, body, format: call.format, headers, contentType });
  if (long !== undefined) return renderLong(call, place, operation, long, services).then(reply);
  const { text, hrefs } = answered;
  reply(text === '' ? undefined : renderAnswer(call, place, operation, text, services, hrefs));
}

function pushHeader(headers: string[], name: string, value: string | string[] | undefined): void {
  if (value === undefined) return;
  for (const one of Array.isArray(value) ? value : [value]) headers.push(name, one);
}
