import { Fault } from '../faults/faults.ts';
import type { RequestFacts } from '../http/request-facts.ts';
import type { Hrefs } from '../links/json-hrefs.ts';
import { type LongDocument, readLongDocument, rewriteInTurns } from '../links/long-document.ts';
import type { Operation } from '../operations/operation.ts';
import type { Place } from '../routing/directory.ts';
import type { Format } from '../translation/format.ts';
import { parseJson } from '../translation/json.ts';
import { parseJsonInTurns } from '../translation/json-in-turns.ts';
import { responseFormat, splitFormatSuffix } from '../translation/negotiate.ts';
import { renderFaultXml, renderXml, renderXmlInTurns } from '../translation/write-xml.ts';
import { XmlSizeError } from '../translation/xml-error.ts';
import { joinInTurns } from '../turns.ts';
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

/**
 * A region's JSON document that is long, as `renderAnswer` renders it: in turns of the event loop, between which others have
 * theirs.
 *
 * @throws {Fault} computeFault 502: something in it is too large to be written as XML
 */
export async function renderLong(
  call: RequestFacts,
  { account, endpoint }: Place,
  operation: Operation,
  document: LongDocument,
  services: Services,
): Promise<Buffer> {
  const { format, publicBase } = call;
  const links = services.links(account);
  const json = await rewriteInTurns(document, (text, hrefs) =>
    links.rewriteBody(text, publicBase, endpoint.region, hrefs),
  );
  return format === 'json' ? json : toXmlInTurns(operation, json, services);
}

/** The same for a text; one that is no JSON goes on as it is. */
export async function renderLongText(
  call: RequestFacts,
  place: Place,
  operation: Operation,
  text: string,
  services: Services,
): Promise<Buffer> {
  const bytes = Buffer.from(text);
  const document = await readLongDocument(bytes);
  return document === undefined ? bytes : renderLong(call, place, operation, document, services);
}

async function toXmlInTurns({ response }: Operation, json: Buffer, services: Services): Promise<Buffer> {
  const started = performance.now();
  const value = await parseJsonInTurns(json);
  const xml = response === null ? renderFaultXml(value) : await joinInTurns(await piecesOf(response, value));
  services.metrics.translation.observe((performance.now() - started) / 1000, 'response');
  return typeof xml === 'string' ? Buffer.from(xml) : xml;
}

async function piecesOf(...document: Parameters<typeof renderXmlInTurns>): Promise<Buffer[]> {
  try {
    return await renderXmlInTurns(...document);
  } catch (error) {
    if (!(error instanceof XmlSizeError)) throw error;
    throw new Fault(
      'computeFault',
      'The region’s answer holds something that is too large to be written as XML; ask for JSON.',
      { code: 502, cause: error },
    );
  }
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
