/**
 * XML as JSON, along the same descriptions that render it. Elements are recognised by local name, for the namespaces
 * of real requests vary; a request's values stay the strings they are, an answer's get their types back.
 */
import type { JsonObject, JsonValue } from '../json.ts';
import type { DocumentName } from '../operations/operation.ts';
import { ACTION_NAMES, DOCUMENTS } from '../operations/resources/documents.ts';
import type { IdentityDocument } from '../operations/resources/identity.ts';
import type { Direction } from '../operations/resources/shape.ts';
import { type DocumentPlan, planOf, planOfAction, planOfFault } from './document-plans.ts';
import { aliasOf, isExtensionUri, NAMESPACE_URIS } from './namespaces.ts';
import {
  readTree,
  readTreeInTurns,
  XML_BOUNDS,
  XML_LOGIN_BOUNDS,
  XML_REQUEST_BOUNDS,
  type XmlNode,
  type XmlTree,
} from './read-tree.ts';
import { readOther, readValue } from './read-value.ts';
import { setOwn } from './text.ts';
import { decodeName } from './xml-name.ts';

export { XmlError } from './xml-error.ts';

/** A body that was read. */
export interface ReadXml<Name> {
  /** Which of the accepted documents it is. */
  readonly document: Name;
  /** The body as the JSON the upstream takes. */
  readonly value: JsonValue;
  /** Local name of the root element. */
  readonly root: string;
}

/**
 * A request's body.
 *
 * @param accepted what the operation takes; `extensionAction` takes any root that is no document of the API
 * @throws XmlError, with reason `root` when the body is none of the accepted documents
 */
export function readXml(text: string, accepted: readonly DocumentName[]): ReadXml<DocumentName> {
  return read(readTree(text, XML_REQUEST_BOUNDS), accepted, 'request');
}

/** The same without keeping others waiting, however long the body is. Rejects with what `readXml` throws. */
export async function readXmlInTurns(
  text: string,
  accepted: readonly DocumentName[],
): Promise<ReadXml<DocumentName>> {
  return read(await readTreeInTurns(text, XML_REQUEST_BOUNDS), accepted, 'request');
}

/** An answer's body; a fault of any name is read as document `fault`. Throws XmlError. */
export function readXmlAnswer(
  text: string,
  accepted: readonly DocumentName[],
): ReadXml<DocumentName | 'fault'> {
  return read(readTree(text, XML_BOUNDS), accepted, 'answer');
}

/** A login's body (`auth`) of Identity v2.0. Throws XmlError. */
export function readIdentityXml(text: string): ReadXml<IdentityDocument> {
  const { root, refuse } = readTree(text, XML_LOGIN_BOUNDS);
  if (root.local !== 'auth') throw refuse(unexpected(root, ['auth']));
  return { document: 'auth', value: readBody(planOf('auth', 'request'), root), root: root.local };
}

/** An answer of Identity v2.0. Throws XmlError. */
export function readIdentityXmlAnswer(
  text: string,
  accepted: readonly IdentityDocument[],
): ReadXml<IdentityDocument | 'fault'> {
  const { root, refuse } = readTree(text);
  for (const document of accepted) {
    const plan = planOf(document, 'answer');
    if (plan.plan.element === root.local) return { document, value: readBody(plan, root), root: root.local };
  }
  if (isFault(root)) return readFault(root);
  throw refuse(unexpected(root, accepted));
}

function read<Name extends DocumentName>(
  tree: XmlTree,
  accepted: readonly Name[],
  direction: 'request',
): ReadXml<Name>;
function read<Name extends DocumentName>(
  tree: XmlTree,
  accepted: readonly Name[],
  direction: 'answer',
): ReadXml<Name | 'fault'>;
function read(
  { root, refuse }: XmlTree,
  accepted: readonly DocumentName[],
  direction: Direction,
): ReadXml<DocumentName | 'fault'> {
  const isAction = accepted.includes('extensionAction') && isExtensionUri(root.uri);
  for (const document of isAction ? [] : accepted) {
    if (document === 'extensionAction') continue;
    const plan = planOf(document, direction);
    if (plan.plan.element === root.local) return { document, value: readBody(plan, root), root: root.local };
  }
  if (direction === 'answer' && isFault(root)) return readFault(root);
  if (!accepted.includes('extensionAction') || isDocumentRoot(root))
    throw refuse(unexpected(root, accepted.map(elementOf)));
  const plan = planOfAction(keyOfRoot(root), direction);
  return { document: 'extensionAction', value: readBody(plan, root), root: root.local };
}

function readBody(document: DocumentPlan, root: XmlNode): JsonValue {
  const { value, linked, beside } = readValue(document.plan, root, document.direction);
  if (document.key === null) return value;
  const body: JsonObject = {};
  setOwn(body, document.key, document.emptyIsNull && isEmpty(value) ? null : value);
  if (linked !== undefined) body[`${document.key}_links`] = linked;
  for (const child of beside) readOther(root, child, body, document.direction);
  return body;
}

function isEmpty(value: JsonValue): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Object.keys(value).length === 0;
}

/** Only faults have a `code` and a message. */
function isFault(root: XmlNode): boolean {
  return (
    root.attributes.some(({ local }) => local === 'code') ||
    root.children.some(({ local }) => local === 'message')
  );
}

function readFault(root: XmlNode): { document: 'fault'; value: JsonValue; root: string } {
  const service = root.uri === NAMESPACE_URIS.identity ? 'identity' : 'compute';
  const plan = planOfFault(decodeName(root.local), service);
  return { document: 'fault', value: readBody(plan, root), root: root.local };
}

const documentRoots = new Set(
  Object.values(DOCUMENTS)
    .map(({ shape }) => shape.element)
    .filter((element) => !(ACTION_NAMES as readonly string[]).includes(element)),
);

/** A `<server>` is no action, even though an extension's action may have any name; an extension's element may be. */
function isDocumentRoot(root: XmlNode): boolean {
  return documentRoots.has(root.local) && aliasOf(root.uri, root.local, root.prefix) === undefined;
}

function keyOfRoot(root: XmlNode): string {
  const alias = aliasOf(root.uri, root.local, root.prefix);
  const name = decodeName(root.local);
  return alias === undefined ? name : `${alias}:${name}`;
}

function elementOf(document: DocumentName): string {
  return document === 'extensionAction' ? "an extension's action" : planOf(document, 'request').plan.element;
}

function unexpected(root: XmlNode, expected: readonly string[]): string {
  const names = [...new Set(expected)];
  const list = names.length === 0 ? 'no body' : names.join(', ');
  return `The root element "${root.local}" is not what this operation takes; expected: ${list}`;
}
