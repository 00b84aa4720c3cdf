import type { Member, ObjectShape } from './shape.ts';

/** `{http://www.w3.org/2005/Atom}link` (guide section 1.5). */
export const link: ObjectShape = {
  kind: 'object',
  element: 'link',
  namespace: 'atom',
  members: { rel: { as: 'attribute' }, type: { as: 'attribute' }, href: { as: 'attribute' } },
};

/** A resource's links. The `X_links` beside a collection X need no description: the translator knows them. */
export const links: Member = { as: 'repeated', shape: link };
