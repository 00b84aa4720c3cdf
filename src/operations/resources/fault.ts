import {
  attribute,
  type DocumentShape,
  type Member,
  numeric,
  type ObjectShape,
  textElement,
} from './shape.ts';

const members = {
  code: numeric,
  created: attribute,
  retryAt: attribute,
  retryAfter: attribute,
  message: textElement('message'),
  details: textElement('details'),
} as const;

/** What went wrong in a server or an image (guide section 1.11.2). */
export const asynchronousFault: Member = {
  as: 'element',
  shape: { kind: 'object', element: 'fault', members },
};

/** A fault body of any name (section 1.11.1): the JSON key is the root element. */
export function faultShape(name: string): ObjectShape {
  return { kind: 'object', element: name, members };
}

/** The faults of the compute service, whatever their name. */
export function faultDocument(name: string): DocumentShape {
  return { key: name, namespace: 'compute', shape: faultShape(name) };
}

/** The faults of Identity v2.0: the same form in its own namespace. */
export function identityFaultDocument(name: string): DocumentShape {
  return { key: name, namespace: 'identity', shape: faultShape(name), spelling: 'xml' };
}
