import { isJsonObject, type JsonObject, type JsonValue, RawNumber } from '../json.ts';
import type { Direction, ScalarType } from '../operations/resources/shape.ts';
import { ATOM, aliasOf, isExtensionUri } from './namespaces.ts';
import {
  type AttributePlan,
  type ChildPlan,
  type EntryPlan,
  EXTENSION_PLANS,
  GENERAL_PLAN,
  LINK_PLAN,
  type ListPlan,
  type MapPlan,
  type ObjectPlan,
  type Plan,
  singularOf,
} from './plan.ts';
import type { XmlNode } from './read-tree.ts';
import { setOwn } from './text.ts';
import { decodeName } from './xml-name.ts';

type Attribute = XmlNode['attributes'][number];
type TextChild = NonNullable<ObjectPlan['text']>;

/** A value read, and what else stood inside its element: a collection's `X_links`, and children that are no members. */
export interface Reading {
  readonly value: JsonValue;
  readonly linked: JsonValue[] | undefined;
  readonly beside: readonly XmlNode[];
}

const NOTHING: readonly XmlNode[] = [];
const only = (value: JsonValue): Reading => ({ value, linked: undefined, beside: NOTHING });

/** An element by its plan. */
export function readValue(plan: Plan, node: XmlNode, direction: Direction): Reading {
  switch (plan.kind) {
    case 'object':
      return only(readObject(plan, node, direction));
    case 'list':
      return readList(plan, node, direction);
    case 'map':
      return readMap(plan, node, direction);
    case 'entry': {
      const object: JsonObject = {};
      readEntry(plan, node, object, direction);
      return only(object);
    }
    default:
      return only(node.text);
  }
}

function readList(plan: ListPlan, node: XmlNode, direction: Direction): Reading {
  const value: JsonValue[] = [];
  const { members, linked, beside } = sorted(node, direction, ({ local }) => {
    return local === plan.item.element || local === plan.alsoRead?.element;
  });
  for (const child of members) {
    const other = child.local === plan.item.element ? undefined : plan.alsoRead;
    if (other === undefined) value.push(readValue(plan.item, child, direction).value);
    else value.push({ [other.key]: child.text.trim() });
  }
  return { value, linked, beside };
}

function readMap(plan: MapPlan, node: XmlNode, direction: Direction): Reading {
  const value: JsonObject = {};
  const { members, linked, beside } = sorted(node, direction, ({ local }) => local === plan.entry.element);
  for (const child of members) readEntry(plan.entry, child, value, direction);
  return { value, linked, beside };
}

/** A collection's children: its members, its links, and the rest. */
function sorted(node: XmlNode, direction: Direction, isMember: (child: XmlNode) => boolean) {
  const members: XmlNode[] = [];
  const links: JsonValue[] = [];
  const beside: XmlNode[] = [];
  for (const child of node.children) {
    if (isLink(child)) links.push(readObject(LINK_PLAN, child, direction));
    else if (isMember(child)) members.push(child);
    else beside.push(child);
  }
  return { members, linked: links.length === 0 ? undefined : links, beside };
}

function readEntry(plan: EntryPlan, node: XmlNode, into: JsonObject, direction: Direction): void {
  const key = attributeNamed(node, plan.keyName) ?? '';
  const inner = plan.value;
  if (inner.kind === 'text') setOwn(into, key, node.text);
  else if (inner.kind === 'repeated')
    setOwn(
      into,
      key,
      node.children.map((child) => readObject(inner.plan, child, direction)),
    );
  else {
    const name = inner.opening.slice(1, -2);
    setOwn(into, key, decodeScalar(attributeNamed(node, name) ?? node.text, inner));
  }
}

function attributeNamed(node: XmlNode, name: string): string | undefined {
  for (const attribute of node.attributes) if (attribute.local === name) return attribute.value;
  return undefined;
}

const isLink = (node: XmlNode): boolean => node.uri === ATOM.uri && node.local === 'link';

/** An object's element; one that has nothing but text is that text. */
export function readObject(plan: ObjectPlan, node: XmlNode, direction: Direction): JsonValue {
  if ((plan.text === undefined || plan === GENERAL_PLAN) && isBareText(node)) return node.text;
  const object: JsonObject = {};
  for (const attribute of node.attributes) readAttribute(plan, attribute, object, direction);
  if (plan.text !== undefined) readText(plan, plan.text, node, object);
  for (const child of node.children) readChild(plan, node, child, object, direction);
  const { dropsEmptyWith } = plan;
  if (dropsEmptyWith === true || (dropsEmptyWith !== undefined && object[dropsEmptyWith] !== undefined))
    dropEmpty(object);
  return object;
}

function readText(plan: ObjectPlan, text: TextChild, node: XmlNode, into: JsonObject): void {
  if (plan === GENERAL_PLAN && node.text.trim() === '') return;
  setOwn(into, text.key, text.withoutSpace ? node.text.replace(/\s+/g, '') : node.text);
}

function isBareText(node: XmlNode): boolean {
  return node.attributes.length === 0 && node.children.length === 0 && node.text.trim() !== '';
}

/** Nova leaves an empty attribute of a create out; in an update it clears the value and must stay. */
function dropEmpty(object: JsonObject): void {
  for (const key of Object.keys(object)) if (object[key] === '') delete object[key];
}

function readAttribute(plan: ObjectPlan, attribute: Attribute, into: JsonObject, direction: Direction): void {
  const { local, value } = attribute;
  const alias = attribute.uri === '' ? undefined : aliasOf(attribute.uri, local, attribute.prefix);
  const known =
    alias === undefined
      ? (plan.attributes.get(local) ?? unqualifiedExtension(plan, local, direction))
      : extensionAttribute(`${alias}:${local}`, direction);
  if (known === undefined) setOwn(into, keyOf(alias, local), value);
  else setOwn(into, known.key, decodeScalar(value, known));
}

/** `diskConfig="AUTO"` as the guide's Example 1.11 has it; not in an extension's own elements. */
function unqualifiedExtension(
  plan: ObjectPlan,
  local: string,
  direction: Direction,
): AttributePlan | undefined {
  return plan.isFree ? undefined : EXTENSION_PLANS[direction].unqualified.get(local);
}

function extensionAttribute(key: string, direction: Direction): AttributePlan | undefined {
  const known = EXTENSION_PLANS[direction].members.get(key);
  return known?.kind === 'attribute' ? known : undefined;
}

function keyOf(alias: string | undefined, local: string): string {
  const name = decodeName(local);
  return alias === undefined ? name : `${alias}:${name}`;
}

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?$/;
const WORDS = new Map([
  ['True', true],
  ['true', true],
  ['False', false],
  ['false', false],
]);

/** What nova's `bool_from_string` takes for true. */
const TRUE_WORDS = new Set(['1', 't', 'true', 'on', 'y', 'yes']);

function decodeScalar(text: string, plan: AttributePlan): JsonValue {
  if (plan.isFlag && text !== '') return TRUE_WORDS.has(text.trim().toLowerCase());
  if (plan.nullable && text === 'None') return null;
  return plan.type === 'string' ? text : decodeTyped(text, plan.type);
}

/** A text that is not of the type stays a string: the upstream said it so. */
function decodeTyped(text: string, type: ScalarType): JsonValue {
  if (type === 'boolean') return WORDS.get(text) ?? text;
  if (!NUMBER.test(text)) return text;
  const value = Number(text);
  return String(value) === text ? value : new RawNumber(text);
}

function readChild(
  plan: ObjectPlan,
  parent: XmlNode,
  child: XmlNode,
  into: JsonObject,
  direction: Direction,
): void {
  const known = childPlan(plan, parent, child, direction);
  if (known === undefined || known.kind === 'text') readOther(parent, child, into, direction);
  else if (known.kind === 'folded') readFolded(known, child, into);
  else if (known.kind === 'repeated') append(into, known.key, readObject(known.plan, child, direction));
  else readElement(known, child, into, direction);
}

function readElement(
  known: ChildPlan & { kind: 'element' },
  child: XmlNode,
  into: JsonObject,
  direction: Direction,
): void {
  const { value, linked } = readValue(known.plan, child, direction);
  setOwn(into, known.key, merged(into, known.key, value));
  if (linked !== undefined) setOwn(into, `${known.key}_links`, linked);
}

/** A second `<metadata>` adds to the first. */
function merged(into: JsonObject, key: string, value: JsonValue): JsonValue {
  const before = Object.hasOwn(into, key) ? into[key] : undefined;
  if (Array.isArray(before) && Array.isArray(value)) {
    for (const item of value) before.push(item);
    return before;
  }
  if (before === undefined || !isJsonObject(before) || !isJsonObject(value)) return value;
  for (const inner of Object.keys(value)) setOwn(before, inner, value[inner]!);
  return before;
}

/**
 * What is known of a child. Core elements go by their local name, whatever namespace a caller took for them; only a
 * known extension's namespace makes another element of it.
 */
function childPlan(
  plan: ObjectPlan,
  parent: XmlNode,
  child: XmlNode,
  direction: Direction,
): ChildPlan | undefined {
  if (isLink(child)) return plan.elements.get('link') ?? LINKS;
  const known = plan.elements.get(child.local);
  if (child.uri === parent.uri || !isExtensionUri(child.uri)) return known;
  if (known?.kind === 'element' && known.plan.namespace?.uri === child.uri) return known;
  const alias = aliasOf(child.uri, child.local, child.prefix);
  return EXTENSION_PLANS[direction].elements.get(`${alias}:${child.local}`);
}

/** Links of an element whose description has none. */
const LINKS: ChildPlan = { kind: 'repeated', key: 'links', plan: LINK_PLAN };

function readFolded(known: ChildPlan & { kind: 'folded' }, child: XmlNode, into: JsonObject): void {
  for (const attribute of known.attributes) {
    const value = attributeNamed(child, attribute.opening.slice(1, -2));
    if (value !== undefined) setOwn(into, attribute.key, value);
  }
}

/** A child that nothing describes, by the general rule; a second one of the name makes an array. */
export function readOther(parent: XmlNode, child: XmlNode, into: JsonObject, direction: Direction): void {
  const alias = child.uri === parent.uri ? undefined : aliasOf(child.uri, child.local, child.prefix);
  const key = keyOf(alias, child.local);
  const value = readGeneral(child, direction);
  const before = Object.hasOwn(into, key) ? into[key] : undefined;
  if (Array.isArray(before)) before.push(value);
  else setOwn(into, key, before === undefined ? value : [before, value]);
}

/** The general rule backwards: a wrapper around elements in its singular is an array, anything else an object. */
function readGeneral(node: XmlNode, direction: Direction): JsonValue {
  const { children } = node;
  if (node.attributes.length > 0 || children.length === 0) return readObject(GENERAL_PLAN, node, direction);
  const singular = singularOf(node.local);
  if (children.every(({ local }) => local === singular))
    return children.map((child) => readGeneral(child, direction));
  return readObject(GENERAL_PLAN, node, direction);
}

function append(into: JsonObject, key: string, value: JsonValue): void {
  const before = Object.hasOwn(into, key) ? into[key] : undefined;
  if (Array.isArray(before)) before.push(value);
  else setOwn(into, key, [value]);
}
