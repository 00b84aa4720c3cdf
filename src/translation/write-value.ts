import { isJsonObject, type JsonObject, type JsonValue, RawNumber } from '../json.ts';
import type { Direction } from '../operations/resources/shape.ts';
import { escapeAttribute, escapeText } from './escape.ts';
import { PREFIXED, type Prefixed } from './namespaces.ts';
import {
  type AttributePlan,
  type ChildPlan,
  type EntryPlan,
  EXTENSION_PLANS,
  GENERAL_PLAN,
  LINK_PLAN,
  type ListPlan,
  type MapPlan,
  type MemberPlan,
  type ObjectPlan,
  type Plan,
  singularOf,
  splitAlias,
  tagOf,
} from './plan.ts';

/** What one rendering collects: the prefixes its root must declare. */
export interface Output {
  readonly direction: Direction;
  readonly isXmlSpelling: boolean;
  /** By index of PREFIXED. */
  readonly used: boolean[];
  /** Aliases that no table knows, by prefix. */
  readonly unknown: Map<string, string>;
  /** A list whose members are written already. */
  readonly written?: { readonly items: readonly JsonValue[]; readonly content: string };
}

/** A scalar: what becomes an attribute. */
export type Scalar = null | boolean | number | string | RawNumber;

export function isScalar(value: JsonValue): value is Scalar {
  return typeof value !== 'object' || value === null || value instanceof RawNumber;
}

/** A scalar's text, not yet escaped: Python's spelling, or XML's. */
function spell(value: Scalar, out: Output): string {
  if (typeof value === 'string') return value;
  if (value === null) return out.isXmlSpelling ? '' : 'None';
  if (typeof value !== 'boolean') return String(value);
  if (out.isXmlSpelling) return value ? 'true' : 'false';
  return value ? 'True' : 'False';
}

function use(namespace: Prefixed, out: Output): void {
  if (namespace.index >= 0) out.used[namespace.index] = true;
  else out.unknown.set(namespace.prefix, namespace.uri);
}

/** Any value by its plan. `linked` is the `X_links` beside a collection X. */
export function writeValue(plan: Plan, value: JsonValue, linked: JsonValue | undefined, out: Output): string {
  if (plan.namespace !== undefined) use(plan.namespace, out);
  if (isScalar(value)) return element(plan.tag, '', escapeText(spell(value, out)));
  switch (plan.kind) {
    case 'object':
      if (isJsonObject(value)) return writeObject(plan, value, out);
      break;
    case 'list': {
      const items = isJsonObject(value) && plan.within !== undefined ? value[plan.within] : value;
      if (Array.isArray(items)) return writeList(plan, items, linked, out);
      break;
    }
    case 'map':
      if (isJsonObject(value)) return writeMap(plan, value, linked, out);
      break;
    case 'entry':
      if (isJsonObject(value)) for (const key in value) return writeEntry(plan, key, value[key]!, out);
      break;
    default:
      break;
  }
  return writeGeneral(plan.tag, value, plan.namespace, out);
}

function element(tag: string, attributes: string, content: string): string {
  return content === '' ? `<${tag}${attributes}/>` : `<${tag}${attributes}>${content}</${tag}>`;
}

function writeList(
  plan: ListPlan,
  items: readonly JsonValue[],
  linked: JsonValue | undefined,
  out: Output,
): string {
  const content =
    out.written?.items === items ? out.written.content : writeItems(plan, items, 0, items.length, out);
  return element(plan.tag, '', content + writeLinks(linked, out));
}

/** Some members of a list, one behind the other. */
export function writeItems(
  plan: ListPlan,
  items: readonly JsonValue[],
  from: number,
  to: number,
  out: Output,
): string {
  let content = '';
  for (let at = from; at < to; at++) content += writeValue(plan.item, items[at]!, undefined, out);
  return content;
}

function writeMap(plan: MapPlan, value: JsonObject, linked: JsonValue | undefined, out: Output): string {
  let content = '';
  for (const key in value) content += writeEntry(plan.entry, key, value[key]!, out);
  return element(plan.tag, '', content + writeLinks(linked, out));
}

function writeEntry(plan: EntryPlan, key: string, value: JsonValue, out: Output): string {
  const attributes = `${plan.opening}${escapeAttribute(key)}"`;
  const inner = plan.value;
  if (inner.kind === 'repeated') {
    let content = '';
    for (const item of Array.isArray(value) ? value : [value])
      content += writeValue(inner.plan, item, undefined, out);
    return element(plan.tag, attributes, content);
  }
  const text = isScalar(value) ? spell(value, out) : JSON.stringify(value);
  if (inner.kind === 'text') return element(plan.tag, attributes, escapeText(text));
  return element(plan.tag, `${attributes}${inner.opening}${escapeAttribute(text)}"`, '');
}

/** The links after a collection's members (guide section 1.6). */
function writeLinks(linked: JsonValue | undefined, out: Output): string {
  if (!Array.isArray(linked)) return '';
  let content = '';
  for (const item of linked) content += writeValue(LINK_PLAN, item, undefined, out);
  return content;
}

function writeObject(plan: ObjectPlan, value: JsonObject, out: Output): string {
  const extensions = EXTENSION_PLANS[out.direction].members;
  let attributes = '';
  const others: string[] = [];
  for (const key in value) {
    const member = value[key]!;
    const known = plan.members.get(key) ?? extensions.get(key);
    if (known !== undefined && known.kind !== 'attribute') {
      if (!plan.members.has(key)) others.push(key);
    } else if (isScalar(member)) attributes += writeAttribute(plan, known, key, value, out);
    else if (!isLinksOf(plan, key, member)) others.push(key);
  }
  let content = '';
  for (const child of plan.children) content += writeChild(child, value, out);
  for (const key of others) content += writeOther(key, value, plan.namespace, out);
  return element(plan.tag, attributes, content);
}

/** `X_links` of a collection X goes into X's element, and an empty one nowhere. */
function isLinksOf(plan: ObjectPlan, key: string, member: JsonValue): boolean {
  if (!key.endsWith('_links') || !Array.isArray(member)) return false;
  if (member.length === 0) return true;
  const owner = plan.members.get(key.slice(0, -'_links'.length));
  return owner?.kind === 'element' && (owner.plan.kind === 'list' || owner.plan.kind === 'map');
}

function writeAttribute(
  plan: ObjectPlan,
  known: AttributePlan | undefined,
  key: string,
  value: JsonObject,
  out: Output,
): string {
  const scalar = value[key] as Scalar;
  if (scalar === null && out.isXmlSpelling) return '';
  const attribute = known ?? generalAttribute(key);
  if (isTaken(plan, attribute, key, value)) return '';
  if (attribute.namespace !== undefined) use(attribute.namespace, out);
  return `${attribute.opening}${escapeAttribute(spell(scalar, out))}"`;
}

/** Whether another member of the object is this very attribute in XML (`userId` beside `user_id`, one URI twice). */
function isTaken(plan: ObjectPlan, attribute: AttributePlan, key: string, value: JsonObject): boolean {
  if (plan.renamed.size > 0) {
    const original = plan.renamed.get(key);
    if (original !== undefined && value[original] !== undefined) return true;
  }
  const twin = attribute.namespace?.twin;
  return twin !== undefined && value[twin.prefix + key.slice(key.indexOf(':'))] !== undefined;
}

/** Unknown keys come again and again: their plans are kept, up to a bound. Long ones are no names that come again. */
const MAX_GENERAL = 2048;
const LONGEST_GENERAL = 128;
const general = new Map<string, AttributePlan>();

function generalAttribute(key: string): AttributePlan {
  const kept = general.get(key);
  if (kept !== undefined) return kept;
  const qualified = splitAlias(key);
  const name = qualified ? tagOf(qualified.local, qualified.namespace) : tagOf(key, undefined);
  const plan: AttributePlan = {
    kind: 'attribute',
    key,
    opening: ` ${name}="`,
    namespace: qualified?.namespace,
    type: 'string',
    nullable: false,
    isFlag: false,
  };
  if (key.length > LONGEST_GENERAL) return plan;
  if (general.size >= MAX_GENERAL) general.clear();
  general.set(key, plan);
  return plan;
}

function writeChild(child: ChildPlan, value: JsonObject, out: Output): string {
  if (child.kind === 'folded') return writeFolded(child, value, out);
  const member = value[child.key];
  if (child.kind === 'text')
    return member === undefined
      ? ''
      : escapeText(isScalar(member) ? spell(member, out) : JSON.stringify(member));
  if (child.kind === 'repeated') {
    if (member === undefined || member === null) return '';
    let content = '';
    for (const item of Array.isArray(member) ? member : [member])
      content += writeValue(child.plan, item, undefined, out);
    return content;
  }
  return writeElement(child, member, value[`${child.key}_links`], out);
}

function writeElement(
  child: ChildPlan & { kind: 'element' },
  member: JsonValue | undefined,
  linked: JsonValue | undefined,
  out: Output,
): string {
  if (member === undefined) return child.always ? element(child.plan.tag, '', writeLinks(linked, out)) : '';
  if (child.plan.kind === 'text' && !(member === null && out.isXmlSpelling))
    return writeValue(child.plan, member, linked, out);
  if (member === null || member === '') return child.always ? `<${child.plan.tag}/>` : '';
  return writeValue(child.plan, member, linked, out);
}

function writeFolded(child: ChildPlan & { kind: 'folded' }, value: JsonObject, out: Output): string {
  let attributes = '';
  for (const { key, opening } of child.attributes) {
    const member = value[key];
    if (member === undefined || member === null || !isScalar(member)) continue;
    attributes += `${opening}${escapeAttribute(spell(member, out))}"`;
  }
  return attributes === '' ? '' : `<${child.element}${attributes}/>`;
}

/** A member that is an element and no description names: an extension's by its table, else by the general rule. */
export function writeOther(
  key: string,
  value: JsonObject,
  parent: Prefixed | undefined,
  out: Output,
): string {
  const member = value[key]!;
  const known: MemberPlan | undefined = EXTENSION_PLANS[out.direction].members.get(key);
  if (known?.kind === 'element' || known?.kind === 'repeated') return writeChild(known, value, out);
  const qualified = splitAlias(key);
  const namespace = qualified?.namespace ?? parent;
  if (namespace !== undefined) use(namespace, out);
  return writeGeneral(tagOf(qualified?.local ?? key, namespace), member, namespace, out);
}

/**
 * The general rule: an object is an element with its scalars as attributes, an array is a wrapper around elements in
 * the singular (`security_groups`, else `item`), a scalar is text.
 */
export function writeGeneral(
  tag: string,
  value: JsonValue,
  namespace: Prefixed | undefined,
  out: Output,
): string {
  if (isScalar(value)) return element(tag, '', escapeText(spell(value, out)));
  if (isJsonObject(value)) return writeObject({ ...GENERAL_PLAN, tag, namespace }, value, out);
  const name = singularOf(tag.slice(tag.indexOf(':') + 1));
  const singular = namespace === undefined ? name : `${namespace.prefix}:${name}`;
  let content = '';
  for (const item of value as JsonValue[]) content += writeGeneral(singular, item, namespace, out);
  return element(tag, '', content);
}

/** The declarations of every prefix a rendering used. */
export function declarations(out: Output): string {
  let text = '';
  for (const namespace of PREFIXED)
    if (out.used[namespace.index])
      text += ` xmlns:${namespace.prefix}="${escapeAttribute(uriIn(namespace, out))}"`;
  for (const [prefix, uri] of out.unknown) text += ` xmlns:${prefix}="${escapeAttribute(uri)}"`;
  return text;
}

function uriIn(namespace: Prefixed, out: Output): string {
  const action = namespace.extension?.actionNamespace;
  return out.direction === 'request' && action !== undefined ? action : namespace.uri;
}
