/**
 * Descriptions compiled for use. A plan knows tags and lookups ready-made, for one direction; it is made once per
 * description when the module loads, and rendering and reading only walk it.
 */
import { link } from '../operations/resources/links.ts';
import type {
  AttributeMember,
  Direction,
  EntryShape,
  ListShape,
  Member,
  ObjectShape,
  ScalarType,
  Shape,
} from '../operations/resources/shape.ts';
import { ATOM, namespaceOfAlias, PREFIXED, type Prefixed } from './namespaces.ts';
import { encodeName } from './xml-name.ts';

/** What is common to every element: its tag, and the prefixed namespace it and its plain children are in. */
interface Tagged {
  /** Local name. */
  readonly element: string;
  /** Qualified name as written. */
  readonly tag: string;
  readonly namespace: Prefixed | undefined;
}

export interface AttributePlan {
  readonly kind: 'attribute';
  readonly key: string;
  /** ` name="`, ready to be followed by the value and a quote. */
  readonly opening: string;
  readonly namespace: Prefixed | undefined;
  readonly type: ScalarType;
  readonly nullable: boolean;
  /** A boolean that is read from any of nova's words for true. */
  readonly isFlag: boolean;
}

export type ChildPlan =
  | { readonly kind: 'element'; readonly key: string; readonly plan: Plan; readonly always: boolean }
  | { readonly kind: 'repeated'; readonly key: string; readonly plan: ObjectPlan }
  | { readonly kind: 'text'; readonly key: string; readonly withoutSpace: boolean }
  | { readonly kind: 'folded'; readonly element: string; readonly attributes: readonly AttributePlan[] };

export type MemberPlan = AttributePlan | ChildPlan | { readonly kind: 'omitted' };

export interface ObjectPlan extends Tagged {
  readonly kind: 'object';
  /** By JSON key. */
  readonly members: ReadonlyMap<string, MemberPlan>;
  /** In the order in which they are written. */
  readonly children: readonly ChildPlan[];
  /** By unqualified local name. */
  readonly attributes: ReadonlyMap<string, AttributePlan>;
  /** By local name of the child element. */
  readonly elements: ReadonlyMap<string, ChildPlan>;
  /** XML attribute name -> the JSON key it stands for, where they differ. */
  readonly renamed: ReadonlyMap<string, string>;
  readonly dropsEmptyWith: string | true | undefined;
  /** The member that is the element's own text. */
  readonly text: (ChildPlan & { kind: 'text' }) | undefined;
  /** Whether plain attribute names may stand for an extension's (`diskConfig`). */
  readonly isFree: boolean;
}

export interface ListPlan extends Tagged {
  readonly kind: 'list';
  readonly item: Plan;
  readonly within: string | undefined;
  readonly alsoRead: ListShape['alsoRead'];
}

export interface EntryPlan extends Tagged {
  readonly kind: 'entry';
  /** ` key="`. */
  readonly opening: string;
  readonly keyName: string;
  readonly value:
    | { readonly kind: 'text' }
    | AttributePlan
    | { readonly kind: 'repeated'; readonly plan: ObjectPlan };
}

export interface MapPlan extends Tagged {
  readonly kind: 'map';
  readonly entry: EntryPlan;
}

export interface TextPlan extends Tagged {
  readonly kind: 'text';
}

export type Plan = ObjectPlan | ListPlan | EntryPlan | MapPlan | TextPlan;

/**
 * Compiles a description.
 *
 * @param namespace the extension whose element this is; undefined: the document's default namespace
 */
export function compile(shape: Shape, direction: Direction, namespace?: Prefixed): Plan {
  if (shape.kind === 'object') return compileObject(shape, direction, namespace);
  const { element } = shape;
  const tagged = { element, tag: tagOf(element, namespace), namespace };
  if (shape.kind === 'text') return { kind: 'text', ...tagged };
  if (shape.kind === 'entry') return compileEntry(shape, direction, namespace);
  if (shape.kind === 'map')
    return { kind: 'map', ...tagged, entry: compileEntry(shape.entry, direction, namespace) };
  return {
    kind: 'list',
    ...tagged,
    item: compile(shape.item, direction, namespace),
    within: shape.within,
    alsoRead: shape.alsoRead,
  };
}

/** Compiles the description of an object. */
export function compileObject(shape: ObjectShape, direction: Direction, parent?: Prefixed): ObjectPlan {
  const namespace = shape.namespace === 'atom' ? ATOM : parent;
  const members = new Map<string, MemberPlan>();
  const renamed = new Map<string, string>();
  for (const [key, member] of Object.entries(shape.members)) {
    if (member.only !== undefined && member.only !== direction) continue;
    members.set(key, compileMember(key, member, direction, namespace));
    if (member.as === 'attribute' && member.name !== undefined) renamed.set(member.name, key);
  }
  foldedKeys(members);
  const children = [...new Set([...members.values()].filter(isChild))];
  return {
    kind: 'object',
    element: shape.element,
    tag: tagOf(shape.element, namespace),
    namespace,
    members,
    children,
    attributes: attributesByName(shape, members),
    elements: elementsByName(members),
    renamed,
    dropsEmptyWith: direction === 'request' ? shape.dropsEmptyWith : undefined,
    text: children.find((child) => child.kind === 'text'),
    isFree: shape.isFree === true,
  };
}

/** The keys of a folded element lead to it, so that they are no unknown members. */
function foldedKeys(members: Map<string, MemberPlan>): void {
  for (const member of [...members.values()])
    if (member.kind === 'folded') for (const inner of member.attributes) members.set(inner.key, member);
}

function compileEntry(shape: EntryShape, direction: Direction, namespace?: Prefixed): EntryPlan {
  const { element, key, value } = shape;
  const common = {
    kind: 'entry' as const,
    element,
    tag: tagOf(element, namespace),
    namespace,
    opening: ` ${key}="`,
    keyName: key,
  };
  if (value.as === 'text') return { ...common, value: { kind: 'text' } };
  if (value.as === 'repeated')
    return { ...common, value: { kind: 'repeated', plan: compileObject(value.shape, direction, namespace) } };
  const member: AttributeMember = { as: 'attribute', ...(value.type && { type: value.type }) };
  return { ...common, value: attributePlan(value.name, member, direction) };
}

function compileMember(
  key: string,
  member: Member,
  direction: Direction,
  parent: Prefixed | undefined,
): MemberPlan {
  const own = splitAlias(key)?.namespace ?? parent;
  switch (member.as) {
    case 'attribute':
      return attributePlan(key, member, direction);
    case 'text':
      return { kind: 'text', key, withoutSpace: member.withoutSpace ?? false };
    case 'omitted':
      return { kind: 'omitted' };
    case 'repeated':
      return { kind: 'repeated', key, plan: compileObject(member.shape, direction, own) };
    case 'element': {
      const always = member.always === true && direction === 'answer';
      return { kind: 'element', key, plan: compile(member.shape, direction, own), always };
    }
    case 'folded': {
      const attributes = Object.entries(member.attributes).map(([name, inner]) => ({
        ...attributePlan(inner, { as: 'attribute', name }, direction),
      }));
      return { kind: 'folded', element: tagOf(member.element, own), attributes };
    }
  }
}

function attributePlan(key: string, member: AttributeMember, direction: Direction): AttributePlan {
  const qualified = splitAlias(key);
  const name = member.name ?? (qualified ? tagOf(qualified.local, qualified.namespace) : encodeName(key));
  return {
    kind: 'attribute',
    key,
    opening: ` ${name}="`,
    namespace: qualified?.namespace,
    type: direction === 'answer' ? (member.type ?? 'string') : 'string',
    nullable: direction === 'answer' && (member.nullable === true || isTyped(member)),
    isFlag: direction === 'request' && member.isFlag === true,
  };
}

const isTyped = (member: AttributeMember): boolean => member.type !== undefined && member.type !== 'string';

const isChild = (member: MemberPlan): member is ChildPlan =>
  member.kind !== 'attribute' && member.kind !== 'omitted';

function attributesByName(
  shape: ObjectShape,
  members: ReadonlyMap<string, MemberPlan>,
): Map<string, AttributePlan> {
  const byName = new Map<string, AttributePlan>();
  for (const [key, member] of Object.entries(shape.members)) {
    const plan = members.get(key);
    if (member.as !== 'attribute' || plan?.kind !== 'attribute') continue;
    if (plan.namespace === undefined) byName.set(member.name ?? key, plan);
    for (const name of member.alsoRead ?? []) byName.set(name, plan);
  }
  return byName;
}

function elementsByName(members: ReadonlyMap<string, MemberPlan>): Map<string, ChildPlan> {
  const byName = new Map<string, ChildPlan>();
  for (const member of members.values()) {
    if (member.kind === 'element' || member.kind === 'repeated') byName.set(member.plan.element, member);
    if (member.kind === 'folded') byName.set(member.element, member);
  }
  return byName;
}

/** `ALIAS:name` taken apart; undefined for a key without an alias. */
export function splitAlias(key: string): { namespace: Prefixed; local: string } | undefined {
  const colon = key.indexOf(':');
  if (colon <= 0 || colon === key.length - 1) return undefined;
  return { namespace: namespaceOfAlias(key.slice(0, colon)), local: key.slice(colon + 1) };
}

/** What the entries of an array are called inside `name`, for want of a description: `security_groups`, else `item`. */
export function singularOf(name: string): string {
  return name.endsWith('s') && name.length > 1 ? name.slice(0, -1) : 'item';
}

/** A qualified name as written. */
export function tagOf(local: string, namespace: Prefixed | undefined): string {
  const name = encodeName(local);
  return namespace === undefined ? name : `${namespace.prefix}:${name}`;
}

/** An element without description: links inside it are links, as everywhere, and text beside attributes is `#text`. */
export const GENERAL_PLAN: ObjectPlan = compileObject(
  {
    kind: 'object',
    element: '',
    members: { links: { as: 'repeated', shape: link }, '#text': { as: 'text' } },
    isFree: true,
  },
  'answer',
);

/** Links as the writer puts them after the members of a collection that has `X_links`. */
export const LINK_PLAN: ObjectPlan = compileObject(link, 'answer');

/** What the extensions table says about members, by JSON key, for one direction. */
export interface ExtensionPlans {
  readonly members: ReadonlyMap<string, MemberPlan>;
  /** Child elements, by `ALIAS:element`. */
  readonly elements: ReadonlyMap<string, ChildPlan>;
  /** Unqualified attributes that are read as an extension's (`diskConfig`); requests only. */
  readonly unqualified: ReadonlyMap<string, AttributePlan>;
}

function compileExtensions(direction: Direction): ExtensionPlans {
  const members = new Map<string, MemberPlan>();
  const elements = new Map<string, ChildPlan>();
  const unqualified = new Map<string, AttributePlan>();
  for (const { prefix, extension } of PREFIXED)
    for (const [local, member] of Object.entries(extension?.members ?? {})) {
      const plan = compileMember(`${prefix}:${local}`, member, direction, undefined);
      members.set(`${prefix}:${local}`, plan);
      if (plan.kind === 'element' || plan.kind === 'repeated')
        elements.set(`${prefix}:${plan.plan.element}`, plan);
      if (member.as === 'attribute' && plan.kind === 'attribute' && direction === 'request')
        for (const name of member.alsoRead ?? []) unqualified.set(name, plan);
    }
  return { members, elements, unqualified };
}

export const EXTENSION_PLANS: Readonly<Record<Direction, ExtensionPlans>> = {
  request: compileExtensions('request'),
  answer: compileExtensions('answer'),
};
