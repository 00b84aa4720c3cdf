import { type DocumentShape, numeric, type ObjectShape } from './shape.ts';

const rateLimit: ObjectShape = {
  kind: 'object',
  element: 'limit',
  members: { value: numeric, remaining: numeric },
};

const rate: ObjectShape = {
  kind: 'object',
  element: 'rate',
  members: { limit: { as: 'repeated', shape: rateLimit } },
};

/** Rate and absolute limits (guide section 1.8.3); used limits (section 3.5) are ordinary absolute entries. */
export const limitsDocument: DocumentShape = {
  key: 'limits',
  namespace: 'common',
  shape: {
    kind: 'object',
    element: 'limits',
    members: {
      rate: { as: 'element', shape: { kind: 'list', element: 'rates', item: rate } },
      absolute: {
        as: 'element',
        shape: {
          kind: 'map',
          element: 'absolute',
          entry: {
            kind: 'entry',
            element: 'limit',
            key: 'name',
            value: { as: 'attribute', name: 'value', type: 'number' },
          },
        },
      },
    },
  },
};
