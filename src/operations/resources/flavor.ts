import { links } from './links.ts';
import { type DocumentShape, numeric, type ObjectShape } from './shape.ts';

const flavor: ObjectShape = {
  kind: 'object',
  element: 'flavor',
  members: {
    ram: numeric,
    disk: numeric,
    vcpus: numeric,
    // Nova answers "" where there is no swap: a number only when it looks like one.
    swap: numeric,
    rxtx_factor: numeric,
    links,
  },
};

/** Flavors (guide section 2.5). */
export const flavorDocument: DocumentShape = { key: 'flavor', namespace: 'compute', shape: flavor };
export const flavorsDocument: DocumentShape = {
  key: 'flavors',
  namespace: 'compute',
  shape: { kind: 'list', element: 'flavors', item: flavor },
};
