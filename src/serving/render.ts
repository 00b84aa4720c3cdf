import { Fault } from '../faults/faults.ts';
import type { RequestFacts } from '../http/request-facts.ts';
import type { Hrefs } from '../links/json-hrefs.ts';
import type { Operation } from '../operations/operation.ts';
import type { Place } from '../routing/directory.ts';
import type { Format } from '../translation/format.ts';
import { parseJson } from '../translation/json.ts';
import { responseFormat, splitFormatSuffix } from '../translation/negotiate.ts';
import { MOST_AT_ONCE, nextTurn } from '../translation/turns.ts';
import { renderFaultXml, renderXml, renderXmlInTurns } from '../translation/write-xml.ts';
import type { Services } from './services.ts';

/**
 * Settles the format of the answer: the path's suffix, then `format=` in the query, then Accept (guide, section 1.4).
 *
 * @throws {Fault} 406 when Accept allows neither; that fault itself is JSON
 */
export function negotiate(call: RequestFacts, suffix: Format | undefined): void {
  const format = responseFormat(call.header('accept'), suffix ?? queryFormat(call.query));
  if (format === undefined) {
    throw new Fault(
      'computeFault',
      'Answers come as application/json or application/xml; the Accept header allows neither.',
      { code: 406 },
    );
  }
  call.format = format;
}

/** The format a fault is told in, wherever on its way the request failed; JSON when Accept allows neither. */
export function faultFormat(call: RequestFacts): Format {
  const suffix = splitFormatSuffix(call.path).format ?? queryFormat(call.query);
  return responseFormat(call.header('accept'), suffix) ?? 'json';
}

function queryFormat(query: string): Format | undefined {
  if (query === '' || !query.includes('format=')) return undefined;
  const value = /(?:^|&)format=(json|xml)(?:&|$)/i.exec(query)?.[1];
  return value === undefined ? undefined : (value.toLowerCase() as Format);
}

/**
 * A region's JSON text as the caller gets it: links lead to Sluice, in the caller's format.
 *
 * @param hrefs where the links stand, when that is known
 */
export function renderAnswer(
  call: RequestFacts,
  place: Place,
  operation: Operation,
  text: string,
  services: Services,
  hrefs?: Hrefs,
): string {
  const { account, endpoint } = place;
  const rewritten = services.links(account).rewriteBody(text, call.publicBase, endpoint.region, hrefs);
  return call.format === 'json' ? rewritten : toXml(operation, rewritten, services);
}

/** The same; what is long is made in turns of the event loop, between which others have theirs. */
export function renderAnswerInTurns(...answer: Parameters<typeof renderAnswer>): string | Promise<string> {
  const [{ format }, , , text] = answer;
  return format === 'json' || text.length <= MOST_AT_ONCE ? renderAnswer(...answer) : toXmlInTurns(...answer);
}

async function toXmlInTurns(
  ...[call, place, operation, text, services, hrefs]: Parameters<typeof renderAnswer>
): Promise<string> {
  const started = performance.now();
  const rewritten = services
    .links(place.account)
    .rewriteBody(text, call.publicBase, place.endpoint.region, hrefs);
  await nextTurn();
  const value = parseJson(rewritten, Number.POSITIVE_INFINITY);
  await nextTurn();
  const { response } = operation;
  const xml = response === null ? renderFaultXml(value) : await renderXmlInTurns(response, value);
  services.metrics.translation.observe((performance.now() - started) / 1000, 'response');
  return xml;
}

function toXml(operation: Operation, text: string, services: Services): string {
  const started = performance.now();
  const value = parseJson(text, Number.POSITIVE_INFINITY);
  const xml = operation.response === null ? renderFaultXml(value) : renderXml(operation.response, value);
  services.metrics.translation.observe((performance.now() - started) / 1000, 'response');
  return xml;
}

/** A fault of Sluice's own in the caller's format. */
export function renderFault(fault: Fault, format: Format): string {
  const document = fault.toDocument();
  return format === 'json' ? JSON.stringify(document) : renderFaultXml(document);
}
