import type { DocumentName } from '../operations/operation.ts';
import { extensionActionDocument } from '../operations/resources/action.ts';
import { DOCUMENTS } from '../operations/resources/documents.ts';
import { faultDocument, identityFaultDocument } from '../operations/resources/fault.ts';
import { IDENTITY_DOCUMENTS, type IdentityDocument } from '../operations/resources/identity.ts';
import type { Direction, DocumentShape } from '../operations/resources/shape.ts';
import { NAMESPACE_URIS, type Prefixed } from './namespaces.ts';
import { compile, type Plan, splitAlias } from './plan.ts';

/** A document ready for use in one direction. */
export interface DocumentPlan {
  /** The one key of the JSON body; null: the body itself. */
  readonly key: string | null;
  /** Default namespace; empty: none. */
  readonly uri: string;
  readonly plan: Plan;
  readonly alternative: { readonly key: string; readonly plan: Plan } | undefined;
  readonly emptyIsNull: boolean;
  /** Booleans in lower case, null left out. */
  readonly isXmlSpelling: boolean;
  readonly direction: Direction;
}

/** A document that has a description of its own (an extension's action and a fault have a root of any name). */
export type DescribedDocument = Exclude<DocumentName, 'extensionAction'> | IdentityDocument;

/** Compiles a document's description. */
export function compileDocument(
  shape: DocumentShape,
  direction: Direction,
  namespace?: Prefixed,
): DocumentPlan {
  const { alternative } = shape;
  return {
    key: shape.key,
    uri: NAMESPACE_URIS[shape.namespace],
    plan: compile(shape.shape, direction, namespace),
    alternative: alternative && { key: alternative.key, plan: compile(alternative.shape, direction) },
    emptyIsNull: shape.empty === 'null',
    isXmlSpelling: shape.spelling === 'xml',
    direction,
  };
}

const compileAll = (direction: Direction): Map<DescribedDocument, DocumentPlan> =>
  new Map(
    Object.entries({ ...DOCUMENTS, ...IDENTITY_DOCUMENTS }).map(([name, shape]) => [
      name as DescribedDocument,
      compileDocument(shape, direction),
    ]),
  );

const plans = { request: compileAll('request'), answer: compileAll('answer') };

/** The plan of a described document. */
export function planOf(document: DescribedDocument, direction: Direction): DocumentPlan {
  return plans[direction].get(document)!;
}

/** The plan of a fault of any name, in the compute service's or Identity's namespace. */
export function planOfFault(name: string, service: 'compute' | 'identity'): DocumentPlan {
  const shape = service === 'compute' ? faultDocument(name) : identityFaultDocument(name);
  return compileDocument(shape, 'answer');
}

/** The plan of an extension's action, by its JSON key (`ALIAS:name`, or a plain name). */
export function planOfAction(key: string, direction: Direction): DocumentPlan {
  const qualified = splitAlias(key);
  const shape = extensionActionDocument(key, qualified?.local ?? key);
  return compileDocument(shape, direction, qualified?.namespace);
}

/** The described document that an answer with this one key is (`servers`, `choices`), if any. */
export function documentWithKey(key: string): DocumentPlan | undefined {
  return byKey.get(key);
}

const byKey = new Map<string, DocumentPlan>();
for (const plan of plans.answer.values())
  if (plan.key !== null && !byKey.has(plan.key)) byKey.set(plan.key, plan);
