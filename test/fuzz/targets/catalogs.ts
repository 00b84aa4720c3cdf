import fc from 'fast-check';
import { parseAccess } from '../../../src/identity/access-answer.ts';
import { chooseDefaultRegion, chooseEndpoints } from '../../../src/identity/catalog.ts';
import { LoginError } from '../../../src/identity/login-error.ts';
import { serviceEndpoints } from '../../../src/identity/service-endpoints.ts';
import type { JsonValue } from '../../../src/json.ts';
import { createLinkRewriter } from '../../../src/links/rewrite.ts';
import type { FuzzTarget } from '../target.ts';
import { bent, jsonValue, noisy } from '../text.ts';

const NOW = Date.UTC(2026, 0, 1);
const NAMES = [
  'serviceCatalog',
  'name',
  'type',
  'endpoints',
  'region',
  'publicURL',
  'internalURL',
  'tenantId',
  'versionId',
  'id',
  'RAX-AUTH:defaultRegion',
];
const URL_PIECES = [
  'http://',
  'https://',
  'dfw.test',
  ':8774',
  '/',
  '/v2',
  '/v2.1',
  '/1',
  '/compute',
  '%(tenant_id)s',
  '?',
  '#',
  '[::1]',
  '@',
  '..',
  '%2e',
  'user:pass@',
];

const url = fc.oneof(
  bent(URL_PIECES),
  fc.constantFrom('http://dfw.test/v2/1', 'https://ord.test:8774/v2.1', 'http://id.test/v2.0'),
);
const word = (...words: string[]) => fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...words) }, noisy);
const endpoint = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record(
      {
        region: word('DFW', 'ORD', 'RegionOne', 'eu.west', ''),
        publicURL: url,
        internalURL: url,
        tenantId: word('1', '2'),
      },
      { requiredKeys: [] },
    ),
  },
  { weight: 1, arbitrary: jsonValue(NAMES) },
);
const service = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record(
      {
        name: word('cloudServersOpenStack', 'nova', 'keystone', 'glance'),
        type: word('compute', 'identity', 'identityv3', 'image', 'volumev3', 'object-store'),
        endpoints: fc.array(endpoint, { maxLength: 4 }),
      },
      { requiredKeys: [] },
    ),
  },
  { weight: 1, arbitrary: jsonValue(NAMES) },
);
const expires = word(
  '2026-01-02T00:00:00Z',
  '2026-01-02T00:00:00.000-05:00',
  '9999-12-31T23:59:59Z',
  '1767312000',
  '2020-01-01',
);
const access = fc.record({
  token: fc.record(
    { id: word('t', 'a'.repeat(20_000)), expires, tenant: fc.record({ id: word('1', 'a/b'), name: noisy }) },
    { requiredKeys: ['id', 'expires'] },
  ),
  user: jsonValue(NAMES),
  serviceCatalog: fc.oneof({ weight: 6, arbitrary: fc.array(service, { maxLength: 4 }) }, jsonValue(NAMES)),
});

/** Catalogs: a login that says what is wrong, or endpoints whose links can be rewritten. */
export const catalogs: FuzzTarget<unknown> = {
  name: 'logins and catalogs',
  arbitrary: access,
  check(value) {
    const body = { access: JSON.parse(JSON.stringify(value)) as JsonValue };
    try {
      const token = parseAccess(body, NOW);
      const choice = {
        service: 'cloudServersOpenStack',
        interface: 'public' as const,
        regions: null,
        defaultRegion: null,
        tenantId: token.tenant.id,
      };
      const { endpoints } = chooseEndpoints(token.catalog, choice);
      chooseDefaultRegion(endpoints, null, token.user.defaultRegion);
      serviceEndpoints(token.catalog, choice);
      const rewriter = createLinkRewriter({ endpoints: endpoints.values() });
      rewriter.rewriteBody('{"href":"http://dfw.test/v2/1/servers"}', 'http://gw.test', 'DFW');
    } catch (error) {
      if (!(error instanceof LoginError)) throw error;
    }
  },
};
