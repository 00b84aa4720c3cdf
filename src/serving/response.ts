import type { Encoding, Rendition } from '../cache/cache.ts';
import type { Entry } from '../cache/entry.ts';
import { chooseEncoding, isNotModified, X_CACHE } from '../cache/http.ts';
import type { Response } from '../http/reply.ts';
import type { RequestFacts } from '../http/request-facts.ts';
import { fieldsOf, headOf, statusText } from './cache-fields.ts';
import type { CacheResult } from './cache-result.ts';
import type { OperationRead } from './operation-request.ts';
import { renderAnswer, renderLongText } from './render.ts';
import type { Services } from './services.ts';

/**
 * The answer that goes out for a 200 from the cache: validators, ages, codings; a 304 when the caller has it already. What is
 * long of it has been made before, see `prepareResponse`.
 */
export function responseOf(read: OperationRead, found: CacheResult, services: Services): Response {
  const { call } = read;
  const { entry } = found;
  const rendition = entry.rendition(variantOfAnswer(read), () => renderFound(read, entry, services));
  const encoding = encodingFor(read, rendition);
  const chosen = encoding === null ? rendition : rendition.encoded(encoding);
  const unchanged = isNotModified(call.header('if-none-match'), chosen.etag, rendition.etag);
  const inputs = { call, found, representation: chosen, encoding, now: services.clock.now(), unchanged };
  return {
    status: unchanged ? 304 : 200,
    head: headOf(inputs, services),
    body: unchanged ? undefined : chosen.body,
  };
}

/** Whether all that an answer consists of is at hand, or made in no time. */
export function isPrepared(read: OperationRead, { entry }: CacheResult): boolean {
  if (!entry.isLong || read.adapt) return true;
  const variant = variantOfAnswer(read);
  if (!entry.hasRendition(variant)) return false;
  const rendition = entry.rendition(variant, () => '');
  const encoding = encodingFor(read, rendition);
  return encoding === null || rendition.isAtHand(encoding);
}

/** Makes what is long of an answer, in turns of the event loop or beside it; undefined: there is nothing to wait for. */
export function prepareResponse(
  read: OperationRead,
  found: CacheResult,
  services: Services,
): Promise<void> | undefined {
  return isPrepared(read, found) ? undefined : prepare(read, found.entry, services);
}

async function prepare(read: OperationRead, entry: Entry, services: Services): Promise<void> {
  const variant = variantOfAnswer(read);
  if (!entry.hasRendition(variant)) await renderOnce(read, entry, variant, services);
  const rendition = entry.rendition(variant, () => renderFound(read, entry, services));
  const encoding = encodingFor(read, rendition);
  if (encoding !== null) await rendition.encode(encoding);
}

/** Renditions in the making, by variant: all who want one wait for the same. */
const rendering = new WeakMap<Entry, Map<string, Promise<void>>>();

function renderOnce(read: OperationRead, entry: Entry, variant: string, services: Services): Promise<void> {
  const ofEntry = rendering.get(entry) ?? new Map<string, Promise<void>>();
  rendering.set(entry, ofEntry);
  const { call, place, operation } = read;
  const making =
    ofEntry.get(variant) ??
    renderLongText(call, place, operation, entry.body, services)
      .then((bytes) => void entry.rendition(variant, () => bytes))
      .finally(() => ofEntry.delete(variant));
  ofEntry.set(variant, making);
  return making;
}

const encodingFor = ({ call }: OperationRead, { body }: Rendition): Encoding | null =>
  chooseEncoding(call.header('accept-encoding'), body.length);

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
