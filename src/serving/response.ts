import type { Entry } from '../cache/entry.ts';
import { chooseEncoding, isNotModified, X_CACHE } from '../cache/http.ts';
import type { Response } from '../http/reply.ts';
import type { RequestFacts } from '../http/request-facts.ts';
import { fieldsOf, headOf, statusText } from './cache-fields.ts';
import type { CacheResult } from './cache-result.ts';
import type { OperationRead } from './operation-request.ts';
import { renderAnswer } from './render.ts';
import type { Services } from './services.ts';

/**
 * The answer that goes out for a 200 from the cache: validators, ages, codings; a 304 when the caller has it already.
 *
 * @param rendered its body as the caller gets it, if that was made before
 */
export function responseOf(
  read: OperationRead,
  found: CacheResult,
  services: Services,
  rendered?: string,
): Response {
  const { call } = read;
  const { entry } = found;
  const rendition = entry.rendition(
    variantOfAnswer(read),
    () => rendered ?? renderFound(read, entry, services),
  );
  const encoding = chooseEncoding(call.header('accept-encoding'), rendition.body.length);
  const chosen = encoding === null ? rendition : rendition.encoded(encoding);
  const unchanged = isNotModified(call.header('if-none-match'), chosen.etag, rendition.etag);
  const inputs = { call, found, representation: chosen, encoding, now: services.clock.now(), unchanged };
  return {
    status: unchanged ? 304 : 200,
    head: headOf(inputs, services),
    body: unchanged ? undefined : chosen.body,
  };
}

/** Head fields of an answer from the cache that is no 200: a 404 that was remembered, an outage. */
export function headOfFailure(call: RequestFacts, found: CacheResult, services: Services): string[] {
  const { verdict, entry } = found;
  const status = statusText(verdict, entry, services.clock.now());
  return ['X-Cache', X_CACHE[verdict.verdict], 'Cache-Status', status, ...fieldsOf(call, found, services)];
}

function renderFound(
  { call, place, operation, adapt }: OperationRead,
  { body, hrefs }: Entry,
  services: Services,
): string {
  if (adapt) return renderAnswer(call, place, operation, adapt(body), services);
  return renderAnswer(call, place, operation, body, services, hrefs);
}

const variantOfAnswer = ({ call, rendition }: OperationRead): string =>
  rendition === undefined
    ? `${call.format} ${call.publicBase}`
    : `${call.format} ${rendition} ${call.publicBase}`;
