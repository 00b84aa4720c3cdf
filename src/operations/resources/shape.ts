/**
 * The language in which resources describe their XML form. A description is data: `translation/` compiles it once
 * into a plan, and the same plan renders JSON as XML and reads XML as JSON. A member that no description names goes
 * by the general rule (a scalar is an attribute, anything else an element, `alias:name` is in the alias's namespace).
 */

/** A core namespace. Extensions are named by their alias (`extensions.ts`); `none` is no namespace at all. */
export type NamespaceName = 'compute' | 'common' | 'identity' | 'none';

/** Which bodies a member belongs to; absent: both. */
export type Direction = 'request' | 'answer';

/** What an answer's attribute is in JSON. Requests stay strings, as real servers read them. */
export type ScalarType = 'string' | 'number' | 'boolean';

/** A scalar that is an attribute. */
export interface AttributeMember {
  readonly as: 'attribute';
  /** The XML name when it differs from the JSON key (`userId` for `user_id`). */
  readonly name?: string;
  /** Other XML names (local, unqualified) that are read as this key. */
  readonly alsoRead?: readonly string[];
  /** What the text is in an answer's JSON; `None` is null unless it is a string. Default: string. */
  readonly type?: ScalarType;
  /** A string whose `None` stands for null (`OS-EXT-STS:task_state`). */
  readonly nullable?: true;
  /** In a request a boolean in any of the words that nova's reader took (`yes`, `1`): true, and anything else false. */
  readonly isFlag?: true;
}

/** A scalar that is the element's own text (the contents of a personality file). */
export interface TextMember {
  readonly as: 'text';
  /** White space carries no meaning (base64): it is removed on reading. */
  readonly withoutSpace?: true;
}

/** A value that is one child element. */
export interface ElementMember {
  readonly as: 'element';
  readonly shape: Shape;
  /** Written in every answer, empty when JSON lacks it (`<metadata/>` of servers and images). */
  readonly always?: true;
}

/** An array whose entries are child elements directly, without a wrapper. */
export interface RepeatedMember {
  readonly as: 'repeated';
  readonly shape: ObjectShape;
}

/** Scalars that share one child element as its attributes: XML name -> JSON key. */
export interface FoldedMember {
  readonly as: 'folded';
  readonly element: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** A member that has no XML form. */
export interface OmittedMember {
  readonly as: 'omitted';
}

export type Member = (
  | AttributeMember
  | TextMember
  | ElementMember
  | RepeatedMember
  | FoldedMember
  | OmittedMember
) & {
  /** The only direction in which the description holds; in the other the general rule applies. */
  readonly only?: Direction;
};

/** A JSON object as an element: scalars as attributes, the rest as children in the order of `members`. */
export interface ObjectShape {
  readonly kind: 'object';
  readonly element: string;
  readonly members: Readonly<Record<string, Member>>;
  /** An element of another namespace than its parent's. */
  readonly namespace?: 'atom';
  /** Its members are an extension's own business: a plain name stays plain (`diskConfig`). */
  readonly isFree?: true;
  /** In a request, empty attributes are left out when this key is present (a create, as nova reads it); true: always. */
  readonly dropsEmptyWith?: string | true;
}

/** A JSON array as a wrapper element around its entries. */
export interface ListShape {
  readonly kind: 'list';
  readonly element: string;
  readonly item: Shape;
  /** Another form of an entry, read as the one member it names (`<uuid>` inside `<networks>`). */
  readonly alsoRead?: { readonly element: string; readonly key: string };
  /** A key of an object that may hold the array instead (`{"values": […]}`). */
  readonly within?: string;
}

/** One key and its value as an element whose attribute is the key (`<meta key="k">v</meta>`). */
export interface EntryShape {
  readonly kind: 'entry';
  readonly element: string;
  /** The attribute that holds the key. */
  readonly key: string;
  readonly value:
    | { readonly as: 'text' }
    | { readonly as: 'attribute'; readonly name: string; readonly type?: ScalarType }
    | { readonly as: 'repeated'; readonly shape: ObjectShape };
}

/** A JSON object with free keys as a wrapper element around one entry per key. */
export interface MapShape {
  readonly kind: 'map';
  readonly element: string;
  readonly entry: EntryShape;
}

/** A JSON scalar as an element with text. */
export interface TextShape {
  readonly kind: 'text';
  readonly element: string;
}

export type Shape = ObjectShape | ListShape | MapShape | EntryShape | TextShape;

/** A whole body. */
export interface DocumentShape {
  /** The one key of the JSON body; null: the body itself is what `shape` describes. */
  readonly key: string | null;
  readonly namespace: NamespaceName;
  readonly shape: Shape;
  /** What an element without attributes and children is in JSON; default: `{}`. */
  readonly empty?: 'null';
  /** Another JSON form of the same XML, taken when the body has an object under this key. */
  readonly alternative?: { readonly key: string; readonly shape: Shape };
  /** How booleans and null are spelt: Python's `True`, `None` (compute), or XML's `true`, null left out (identity). */
  readonly spelling?: 'python' | 'xml';
}

/** Shorthand of the descriptions: a plain string attribute. */
export const attribute = { as: 'attribute' } as const satisfies Member;
/** A number in an answer's JSON. */
export const numeric = { as: 'attribute', type: 'number' } as const satisfies Member;
/** A boolean in an answer's JSON. */
export const truth = { as: 'attribute', type: 'boolean' } as const satisfies Member;
/** A boolean of a request, see `AttributeMember.isFlag`. */
export const flag = { as: 'attribute', isFlag: true } as const satisfies Member;
/** A string or, spelt `None`, null. */
export const nullable = { as: 'attribute', nullable: true } as const satisfies Member;
/** A child element with the scalar as its text. */
export const textElement = (element: string): ElementMember => ({
  as: 'element',
  shape: { kind: 'text', element },
});
