import { expect, it } from 'vitest';
import { checkTree } from '../../../src/config/load.ts';
import { judgeCatalog, judgeNamedRegions } from '../../../src/doctor/catalog.ts';
import { chooseEndpoints } from '../../../src/identity/catalog.ts';
import type { ServiceCatalog } from '../../../src/identity/token.ts';

const endpoint = (region: string) => ({ region, tenantId: '1', publicURL: `https://${region}.example/v2/1` });
const COMPUTE: ServiceCatalog = [
  { name: 'cloudServersOpenStack', type: 'compute', endpoints: [endpoint('DFW'), endpoint('ORD')] },
  { name: 'cloudFiles', type: 'object-store', endpoints: [endpoint('DFW')] },
];

function judged(account: object, catalog = COMPUTE, rest: object = {}) {
  const identity = { url: 'us', username: 'u', apiKey: 'k' };
  const loaded = checkTree(
    { accounts: [{ name: 'main', identity, ...account }], ...rest },
    {},
    process.cwd(),
  );
  if ('problems' in loaded) throw new Error(loaded.problems.join('\n'));
  const [first] = loaded.config.accounts;
  const chosen = chooseEndpoints(catalog, { ...first!, tenantId: '1' });
  const one = { account: first!, path: 'accounts.0', catalog, chosen, all: ['DFW', 'ORD'] };
  return [...judgeCatalog(one), ...judgeNamedRegions(loaded.config, [one])].map(
    ({ level, subject, message, advice }) =>
      `${level} ${subject}: ${message}${advice === null ? '' : `; ${advice}`}`,
  );
}

it('all regions of the catalog are served, in any case of letters', () => {
  expect(judged({})).toEqual(['ok main: cloudServersOpenStack: DFW, ORD']);
  expect(judged({ regions: ['dfw'], defaultRegion: 'dfw' })).toEqual(['ok main: cloudServersOpenStack: DFW']);
});

it('a region that no catalog has is a fault that lists those there are', () => {
  expect(judged({ regions: ['DFW', 'SYD'] })).toContain(
    'fault accounts.0.regions: SYD: the catalog does not have it; regions there are: DFW, ORD',
  );
  expect(judged({ regions: ['SYD'] })).toContain(
    'fault main: no endpoint can be used; set accounts.0.regions and .interface; regions there are: DFW, ORD',
  );
  expect(judged({ defaultRegion: 'SYD' })).toContain(
    'fault accounts.0.defaultRegion: the catalog has no region SYD; regions there are: DFW, ORD',
  );
});

it('so is one that a listener or a client names', () => {
  const rest = {
    listen: [
      { port: 1, regions: { DFW: 2 } },
      { port: 3, regions: { SYD: 4 } },
    ],
    access: { clients: [{ name: 'ci', keyHash: `sha256:${'0'.repeat(64)}`, regions: ['HKG', 'ord'] }] },
  };
  expect(judged({}, COMPUTE, rest).slice(1)).toEqual([
    'fault listen.1.regions: no catalog has a region SYD; regions there are: DFW, ORD',
    'fault access.clients.0.regions: no catalog has a region HKG; regions there are: DFW, ORD',
  ]);
});

it('an endpoint that cannot be used is named with the reason', () => {
  const catalog = [{ ...COMPUTE[0]!, endpoints: [endpoint('DFW'), { region: 'ORD', tenantId: '1' }] }];
  expect(judged({}, catalog)).toContain(
    'warning main: ORD is not served: it has no publicURL; nothing, unless it is wanted',
  );
  expect(judged({ regions: ['ORD'] }, catalog)).toContain(
    'fault accounts.0.regions: ORD: it has no publicURL; regions there are: DFW, ORD',
  );
});

it('a catalog without Compute lists the services there are', () => {
  expect(judged({}, [COMPUTE[1]!])).toEqual([
    'fault main: the catalog has no service cloudServersOpenStack, nor another one of type compute; set accounts.0.service to one of: cloudFiles',
  ]);
});
