import { attribute, type DocumentShape, type Member, type ObjectShape, textElement, truth } from './shape.ts';

/** Bodies of Identity v2.0 that the façade speaks. */
export type IdentityDocument = 'auth' | 'access' | 'tenants' | 'tenant' | 'endpoints';

const object = (element: string, members: Record<string, Member> = {}): ObjectShape => ({
  kind: 'object',
  element,
  members,
});
const child = (element: string, members: Record<string, Member> = {}): Member => ({
  as: 'element',
  shape: object(element, members),
});
const document = (key: string, shape: DocumentShape['shape']): DocumentShape => ({
  key,
  namespace: 'identity',
  shape,
  spelling: 'xml',
});

const tenant = object('tenant', { enabled: truth, description: textElement('description') });
const role = object('role', { id: attribute, name: attribute, description: attribute });

/** The version of an endpoint is a child element in XML and three flat keys in JSON (guide Example 1.5). */
const endpoint = object('endpoint', {
  version: {
    as: 'folded',
    element: 'version',
    attributes: { id: 'versionId', info: 'versionInfo', list: 'versionList' },
  },
});

const service = object('service', { endpoints: { as: 'repeated', shape: endpoint } });

const access = object('access', {
  token: child('token', { tenant: { as: 'element', shape: tenant } }),
  user: child('user', {
    roles: { as: 'element', shape: { kind: 'list', element: 'roles', item: role } },
  }),
  serviceCatalog: {
    as: 'element',
    shape: { kind: 'list', element: 'serviceCatalog', item: service },
  },
});

const auth = object('auth', {
  passwordCredentials: child('passwordCredentials'),
  'RAX-KSKEY:apiKeyCredentials': child('apiKeyCredentials'),
  token: child('token'),
});

export const IDENTITY_DOCUMENTS: Readonly<Record<IdentityDocument, DocumentShape>> = {
  auth: document('auth', auth),
  access: document('access', access),
  tenants: document('tenants', { kind: 'list', element: 'tenants', item: tenant }),
  tenant: document('tenant', tenant),
  endpoints: document('endpoints', { kind: 'list', element: 'endpoints', item: endpoint }),
};
