/**
 * JSON as XML: a walk over the value along its document's plan, one string, no tree in between. What comes out is
 * well-formed whatever comes in.
 */
import { isJsonObject, type JsonObject, type JsonValue } from '../json.ts';
import type { DocumentName } from '../operations/operation.ts';
import type { IdentityDocument } from '../operations/resources/identity.ts';
import type { Direction } from '../operations/resources/shape.ts';
import { nextTurn } from '../turns.ts';
import { type DocumentPlan, documentWithKey, planOf, planOfAction, planOfFault } from './document-plans.ts';
import { escapeAttribute } from './escape.ts';
import { NAMESPACE_URIS } from './namespaces.ts';
import type { Plan } from './plan.ts';
import {
  declarations,
  type Output,
  writeGeneral,
  writeItems,
  writeOther,
  writeValue,
} from './write-value.ts';
import { XmlSizeError } from './xml-error.ts';
import { encodeName } from './xml-name.ts';

/** As real servers write it, single quotes included. */
const DECLARATION = "<?xml version='1.0' encoding='UTF-8'?>\n";

/**
 * An answer's body as XML.
 *
 * @param document what the operation answers (its `response`); a body with another root is recognised: a fault of
 *   any name, `choices`, or anything else by the general rule
 */
export function renderXml(document: DocumentName, value: JsonValue): string {
  const plan = document === 'extensionAction' ? undefined : planOf(document, 'answer');
  return renderBody(plan, value, document, 'compute');
}

/** Members of a list that are written in one turn of the event loop at most, and characters: a few ms. */
export const ITEMS_PER_TURN = 100;
const CHARACTERS_PER_TURN = 128 * 1024;

/** What there may be in one member, or in a document that is no list: all of that is written at once. */
const MOST_VALUES_AT_ONCE = 20_000;
const MOST_CHARACTERS_AT_ONCE = 512 * 1024;

/** Stands for a list's members, which are written already; nothing that is well-formed holds it. */
const MEMBERS = '\u0000';

/**
 * The same in UTF-8, without keeping others waiting, however long the list in it is.
 *
 * @throws XmlSizeError what has to be written at once is too much
 */
export async function renderXmlInTurns(document: DocumentName, value: JsonValue): Promise<Buffer[]> {
  const plan = document === 'extensionAction' ? undefined : planOf(document, 'answer');
  const known = plan && fits(plan, value);
  const items = known && itemsOf(known, value);
  if (known?.plan.kind !== 'list' || !items?.length) {
    checkSize(value);
    return [Buffer.from(renderXml(document, value))];
  }
  const out = newOutput(known.document.direction, known.document.isXmlSpelling);
  const pieces: Buffer[] = [];
  let slice = '';
  let count = 0;
  for (let at = 0; at < items.length; at++) {
    checkSize(items[at]!);
    slice += writeItems(known.plan, items, at, at + 1, out);
    if (++count < ITEMS_PER_TURN && slice.length < CHARACTERS_PER_TURN) continue;
    pieces.push(Buffer.from(slice));
    slice = '';
    count = 0;
    if (at < items.length - 1) await nextTurn();
  }
  const written = { ...out, written: { items, content: MEMBERS } };
  const root = renderRoot(known.document, known.plan, known.key, value, written);
  const place = root.indexOf(MEMBERS);
  return [Buffer.from(root.slice(0, place)), ...pieces, Buffer.from(slice + root.slice(place + 1))];
}

function checkSize(value: JsonValue): void {
  const left = { values: MOST_VALUES_AT_ONCE, characters: MOST_CHARACTERS_AT_ONCE };
  if (!hasRoom(value, left)) throw new XmlSizeError();
}

/** Takes a value off what is left; false: there was not enough. */
function hasRoom(value: JsonValue, left: { values: number; characters: number }): boolean {
  left.values--;
  if (typeof value === 'string') left.characters -= value.length;
  if (left.values < 0 || left.characters < 0) return false;
  if (typeof value !== 'object' || value === null) return true;
  if (Array.isArray(value)) return value.every((item) => hasRoom(item, left));
  for (const key in value) {
    left.characters -= key.length;
    if (!hasRoom((value as JsonObject)[key]!, left)) return false;
  }
  return true;
}

/** The list that a document consists of. */
function itemsOf({ plan, key }: Fit, value: JsonValue): readonly JsonValue[] | undefined {
  const content = key === null ? value : (value as JsonObject)[key]!;
  const within = plan.kind === 'list' && isJsonObject(content) && plan.within !== undefined;
  const items = within ? content[plan.within!] : content;
  return Array.isArray(items) ? items : undefined;
}

/** A request's body as XML, as a caller would send it: the inverse of `readXml`. */
export function renderXmlRequest(document: DocumentName, value: JsonValue): string {
  if (document !== 'extensionAction')
    return renderBody(planOf(document, 'request'), value, document, 'compute');
  const key = soleKey(value);
  const plan = key === undefined ? undefined : planOfAction(key, 'request');
  return renderBody(plan, value, document, 'compute');
}

/** A body of Identity v2.0 as XML; its faults too. */
export function renderIdentityXml(document: IdentityDocument, value: JsonValue): string {
  const direction = document === 'auth' ? 'request' : 'answer';
  return renderBody(planOf(document, direction), value, document, 'identity');
}

/** A fault body (`{"name": {"code", "message", …}}`) as XML, in the namespace of the service that answers. */
export function renderFaultXml(value: JsonValue, service: 'compute' | 'identity' = 'compute'): string {
  return renderBody(undefined, value, 'fault', service);
}

function renderBody(
  plan: DocumentPlan | undefined,
  value: JsonValue,
  fallback: string,
  service: 'compute' | 'identity',
): string {
  const known = (plan && fits(plan, value)) ?? recognised(value, service);
  if (known === undefined) return renderUnknown(value, fallback, service);
  return renderRoot(known.document, known.plan, known.key, value);
}

interface Fit {
  readonly document: DocumentPlan;
  readonly plan: Plan;
  /** The JSON key that holds the content; null: the body itself. */
  readonly key: string | null;
}

function fits(document: DocumentPlan, value: JsonValue): Fit | undefined {
  if (!isJsonObject(value)) return undefined;
  const { alternative, key, plan } = document;
  if (alternative && isJsonObject(value[alternative.key] ?? null))
    return { document, plan: alternative.plan, key: alternative.key };
  if (key !== null) return value[key] === undefined ? undefined : { document, plan, key };
  const only = soleKey(value);
  return only !== undefined && Array.isArray(value[only]) ? { document, plan, key: null } : undefined;
}

function recognised(value: JsonValue, service: 'compute' | 'identity'): Fit | undefined {
  const key = soleKey(value);
  if (key === undefined) return undefined;
  const content = (value as JsonObject)[key]!;
  const isFault =
    isJsonObject(content) && (content['code'] !== undefined || content['message'] !== undefined);
  const document = documentWithKey(key) ?? (isFault ? planOfFault(key, service) : undefined);
  return document && { document, plan: document.plan, key };
}

function soleKey(value: JsonValue): string | undefined {
  if (!isJsonObject(value)) return undefined;
  const keys = Object.keys(value);
  return keys.length === 1 ? keys[0] : undefined;
}

function newOutput(direction: Direction, isXmlSpelling: boolean): Output {
  return { direction, isXmlSpelling, used: [], unknown: new Map() };
}

function renderRoot(
  document: DocumentPlan,
  plan: Plan,
  key: string | null,
  value: JsonValue,
  out = newOutput(document.direction, document.isXmlSpelling),
): string {
  const body = value as JsonObject;
  const content = key === null ? value : body[key]!;
  const linked = key === null ? undefined : body[`${key}_links`];
  const empty = content === null && document.emptyIsNull;
  let root = empty ? `<${plan.tag}/>` : writeValue(plan, content, linked, out);
  if (plan.namespace !== undefined) out.used[plan.namespace.index] = true;
  if (key !== null) root = withBeside(root, plan.tag, body, key, out);
  return finish(root, plan.tag, document.uri, out);
}

/** Members beside the document's own key (`sluice:errors` of a merged list) go into the root element. */
function withBeside(root: string, tag: string, body: JsonObject, key: string, out: Output): string {
  let beside = '';
  for (const other in body)
    if (other !== key && other !== `${key}_links`) beside += writeOther(other, body, undefined, out);
  if (beside === '') return root;
  const closing = `</${tag}>`;
  if (!root.endsWith('/>') || root.endsWith(closing))
    return root.slice(0, -closing.length) + beside + closing;
  return `${root.slice(0, -2)}>${beside}${closing}`;
}

function finish(root: string, tag: string, uri: string, out: Output): string {
  const namespace = uri === '' ? '' : ` xmlns="${escapeAttribute(uri)}"`;
  const start = tag.length + 1;
  return DECLARATION + root.slice(0, start) + namespace + declarations(out) + root.slice(start);
}

function renderUnknown(value: JsonValue, fallback: string, service: 'compute' | 'identity'): string {
  const out = newOutput('answer', service === 'identity');
  const key = soleKey(value);
  const isPlain = key !== undefined && !key.includes(':');
  const tag = encodeName(isPlain ? key : fallback);
  const content = isPlain ? (value as JsonObject)[key]! : value;
  return finish(writeGeneral(tag, content, undefined, out), tag, NAMESPACE_URIS[service], out);
}
