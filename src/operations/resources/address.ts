import type { DocumentShape, EntryShape, MapShape, ObjectShape } from './shape.ts';
import { attribute, numeric } from './shape.ts';

const ip: ObjectShape = {
  kind: 'object',
  element: 'ip',
  members: { version: numeric, addr: attribute },
};

const network: EntryShape = {
  kind: 'entry',
  element: 'network',
  key: 'id',
  value: { as: 'repeated', shape: ip },
};

/** A server's addresses by network (guide section 2.2.1). */
export const addresses: MapShape = { kind: 'map', element: 'addresses', entry: network };

export const addressesDocument: DocumentShape = { key: 'addresses', namespace: 'compute', shape: addresses };

/** One network (section 2.2.2). Real servers answer `{"public": […]}`, Example 2.26 has `{"network": {"id", "ip"}}`. */
export const networkDocument: DocumentShape = {
  key: null,
  namespace: 'compute',
  shape: network,
  alternative: {
    key: 'network',
    shape: {
      kind: 'object',
      element: 'network',
      members: { id: attribute, ip: { as: 'repeated', shape: ip } },
    },
  },
};
