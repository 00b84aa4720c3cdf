import { withoutByteOrderMark } from '../content-coding.ts';
import { Fault } from '../faults/faults.ts';
import { isJsonObject, type JsonValue } from '../json.ts';
import { restoreRefs } from '../links/restore.ts';
import { actionOperation } from '../operations/match.ts';
import type { DocumentName, Operation } from '../operations/operation.ts';
import { OPERATIONS } from '../operations/table.ts';
import { JsonError, parseJson, stringifyJson } from '../translation/json.ts';
import { requestFormat } from '../translation/negotiate.ts';
import { readXmlInTurns } from '../translation/read-xml.ts';
import { XmlError } from '../translation/xml-error.ts';

/** A body as the upstream gets it, and the operation it turned out to mean. */
export interface RequestBody {
  operation: Operation;
  /** JSON. */
  body: Buffer | string;
  /** Time it took to read XML, others' turns of the event loop included, ms; undefined for JSON. */
  translationMs: number | undefined;
}

const ACTION_DOCUMENTS: readonly DocumentName[] = OPERATIONS.filter((row) => row.action !== undefined).map(
  (row) => row.request!,
);

/**
 * A caller's body, in either format, as the JSON the upstream is spoken to in. References that are Sluice's own URLs
 * are turned back. JSON that needs no change is sent as the caller wrote it.
 *
 * @param known the operation, or `action` when the body's one key has to tell
 * @throws {Fault} badMediaType, or badRequest that names line and column
 */
export async function readRequestBody(
  bytes: Buffer,
  contentType: string | undefined,
  known: Operation | 'action',
): Promise<RequestBody> {
  if (bytes.length === 0) throw new Fault('badRequest', `This request needs a body: ${expectation(known)}.`);
  const format = requestFormat(contentType);
  if (format === undefined) {
    throw new Fault(
      'badMediaType',
      `A body of type "${contentType}" is not taken here; send application/json or application/xml.`,
    );
  }
  return format === 'xml' ? fromXml(bytes, known) : fromJson(bytes, known);
}

/**
 * Bodies are read as they come: a packed one is refused by its head, which says more than that its bytes are no text.
 *
 * @throws {Fault} badMediaType
 */
export function checkCoding(contentEncoding: string | undefined): void {
  const coding = contentEncoding?.trim().toLowerCase() ?? '';
  if (coding !== '' && coding !== 'identity')
    throw new Fault(
      'badMediaType',
      `A body with the Content-Encoding "${contentEncoding}" is not taken here; send it as it is.`,
    );
}

function fromJson(bytes: Buffer, known: Operation | 'action'): RequestBody {
  const value = jsonOf(textOf(bytes));
  if (!isJsonObject(value))
    throw new Fault('badRequest', `The body must be a JSON object: ${expectation(known)}.`);
  const operation = operationOf(value, known);
  const restored = restoreRefs(value);
  const body = restored === value ? withoutByteOrderMark(bytes) : stringifyJson(restored);
  return { operation, body, translationMs: undefined };
}

async function fromXml(bytes: Buffer, known: Operation | 'action'): Promise<RequestBody> {
  const started = performance.now();
  const accepted = known === 'action' ? ACTION_DOCUMENTS : [known.request!];
  const { value } = await readXmlInTurns(textOf(bytes), accepted).catch((error) => malformed('XML', error));
  const operation = operationOf(value, known);
  const body = stringifyJson(restoreRefs(value));
  return { operation, body, translationMs: performance.now() - started };
}

function operationOf(value: JsonValue, known: Operation | 'action'): Operation {
  if (known !== 'action') return known;
  const keys = isJsonObject(value) ? Object.keys(value) : [];
  if (keys.length !== 1) {
    throw new Fault(
      'badRequest',
      `An action's body has exactly one member, the action; this one has ${keys.length}.`,
    );
  }
  return actionOperation(keys[0]!);
}

function jsonOf(text: string): JsonValue {
  try {
    return parseJson(text);
  } catch (error) {
    return malformed('JSON', error);
  }
}

/** What is wrong with a body, as a fault; what is wrong with Sluice stays as it is. */
function malformed(what: string, error: unknown): never {
  if (error instanceof JsonError || error instanceof XmlError)
    throw new Fault('badRequest', `The body is not acceptable ${what}: ${error.message}`, { cause: error });
  throw error;
}

const UTF8 = new TextDecoder('utf-8', { fatal: true });

/** A body is UTF-8 or it is refused: replacement characters would be stored as if the caller had meant them. */
function textOf(bytes: Buffer): string {
  try {
    return UTF8.decode(bytes);
  } catch (cause) {
    throw new Fault('badRequest', 'The body is not valid UTF-8.', { cause });
  }
}

function expectation(known: Operation | 'action'): string {
  return known === 'action'
    ? 'one action, such as {"reboot": {"type": "SOFT"}}'
    : `"${known.request}" is expected`;
}
