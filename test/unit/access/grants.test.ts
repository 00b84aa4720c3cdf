import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type AccessFacts,
  compileGrant,
  decideAccess,
  FULL_GRANT,
  isRead,
  OPERATION_NAMES,
  seesService,
} from '../../../src/access/grants.ts';
import { SERVICE_OPERATIONS } from '../../../src/operations/services.ts';
import { OPERATIONS } from '../../../src/operations/table.ts';

type Settings = Parameters<typeof compileGrant>[0];

const ALL: Settings = {
  accounts: null,
  regions: null,
  services: null,
  access: 'write',
  allow: ['*'],
  deny: [],
};
const grant = (settings: Partial<Settings>) => compileGrant({ ...ALL, ...settings });
const LIST: AccessFacts = {
  account: 'main',
  region: 'DFW',
  service: 'compute',
  operation: 'listServers',
  method: 'GET',
};
const facts = (over: Partial<AccessFacts>): AccessFacts => ({ ...LIST, ...over });

describe('a grant', () => {
  it('of everything allows every operation there is', () => {
    for (const all of [FULL_GRANT, grant({})])
      for (const { name, method } of OPERATIONS)
        expect(decideAccess(all, facts({ operation: name, method }))).toBeUndefined();
    expect(decideAccess(FULL_GRANT, facts({ operation: 'other', method: 'PATCH' }))).toBeUndefined();
  });

  it('hides another account: it is told nothing, not even what it has', () => {
    const denial = decideAccess(grant({ accounts: ['main'] }), facts({ account: 'secret' }));
    expect(denial).toEqual({ status: 404, lacks: 'account', message: '' });
  });

  it('tells accounts apart exactly', () => {
    for (const account of ['Main', 'main ', '', 'mai'])
      expect(decideAccess(grant({ accounts: ['main'] }), facts({ account }))?.lacks).toBe('account');
  });

  it('knows a region in any case, and says which it lacks and has', () => {
    const some = grant({ regions: ['dfw', 'ORD'] });
    for (const region of ['DFW', 'dfw', 'Ord', undefined])
      expect(decideAccess(some, facts({ region }))).toBeUndefined();
    expect(decideAccess(some, facts({ region: 'lon' }))).toEqual({
      status: 403,
      lacks: 'region',
      message: 'This client has no grant for region LON; it has one for DFW, ORD.',
    });
  });

  it('covers all versions of a service, whatever the catalog calls it', () => {
    const volumes = grant({ services: ['volume'] });
    for (const service of ['volume', 'volumev2', 'Volume_v3', 'block-storage', 'block-store'])
      expect(decideAccess(volumes, facts({ service, operation: 'other' }))).toBeUndefined();
    expect(decideAccess(volumes, LIST)).toEqual({
      status: 403,
      lacks: 'service',
      message: 'This client has no grant for the service compute; it has one for volume.',
    });
    expect(seesService(grant({ services: ['volumev3'] }), 'volume')).toBe(true);
    expect(seesService(grant({ services: ['computev21'] }), 'compute')).toBe(true);
    expect(seesService(grant({ services: ['image'] }), 'compute')).toBe(false);
  });

  it('to read allows what reads and nothing else', () => {
    const read = grant({ access: 'read' });
    for (const { name, method } of OPERATIONS)
      expect(decideAccess(read, facts({ operation: name, method }))?.lacks).toBe(
        method === 'GET' ? undefined : 'write',
      );
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'get', 'COPY', ''])
      expect(decideAccess(read, facts({ operation: 'other', method }))?.lacks).toBe('write');
    for (const method of ['GET', 'HEAD', 'OPTIONS']) {
      expect(isRead(method)).toBe(true);
      expect(decideAccess(read, facts({ operation: 'other', method }))).toBeUndefined();
    }
  });

  it('denies a write before the body says which action it is', () => {
    const action = facts({ operation: undefined, method: 'POST' });
    expect(decideAccess(grant({ access: 'read' }), action)?.lacks).toBe('write');
    expect(decideAccess(grant({ deny: ['*'] }), action)).toBeUndefined();
  });

  it('denies by name and by glob, and denying goes before allowing', () => {
    const some = grant({ allow: ['*Image*', 'listServers'], deny: ['*Image', 'listServers'] });
    expect(decideAccess(some, facts({ operation: 'listImages' }))).toBeUndefined();
    for (const operation of ['createImage', 'deleteImage', 'getImage', 'listServers', 'reboot', 'other'])
      expect(decideAccess(some, facts({ operation }))).toMatchObject({ status: 403, lacks: 'operation' });
    expect(decideAccess(some, facts({ operation: 'reboot' }))?.message).toBe(
      'This client has no grant for the operation reboot.',
    );
  });

  it('never allows an operation that is not in the table', () => {
    expect(decideAccess(FULL_GRANT, facts({ operation: 'newOperation' }))?.lacks).toBe('operation');
  });

  it('is what the words say, for every mixture of words and requests', () => {
    const some = <T>(of: readonly T[]) => fc.option(fc.subarray([...of], { minLength: 1 }));
    const globs = fc.array(
      fc.constantFrom('*', '*Image', 'delete*', 'list*', 'reboot', 'other', '*Server*', 'getLimits'),
      { maxLength: 3 },
    );
    const settings = fc.record({
      accounts: some(['main', 'lab']),
      regions: some(['DFW', 'ORD']),
      services: some(['compute', 'image']),
      access: fc.constantFrom('read' as const, 'write' as const),
      allow: globs,
      deny: globs,
    });
    const request = fc.record({
      account: fc.constantFrom('main', 'lab', 'none'),
      region: fc.constantFrom('DFW', 'ORD', 'LON'),
      service: fc.constantFrom('compute', 'image', 'network'),
      operation: fc.constantFrom(...OPERATION_NAMES),
      method: fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'DELETE'),
    });
    const named = (patterns: readonly string[], name: string) =>
      patterns.some((glob) => new RegExp(`^${glob.replaceAll('*', '.*')}$`).test(name)) ||
      (patterns.includes('other') &&
        [...SERVICE_OPERATIONS.map((operation) => operation.name), 'extensionAction'].includes(name));
    fc.assert(
      fc.property(settings, request, (words, asked) => {
        const has = (list: readonly string[] | null, one: string) => !list || list.includes(one);
        const status = !has(words.accounts, asked.account)
          ? 404
          : has(words.regions, asked.region) &&
              has(words.services, asked.service) &&
              (words.access === 'write' || ['GET', 'HEAD'].includes(asked.method)) &&
              named(words.allow, asked.operation) &&
              !named(words.deny, asked.operation)
            ? undefined
            : 403;
        expect(decideAccess(compileGrant(words), asked)?.status).toBe(status);
      }),
      { numRuns: 2000 },
    );
  });
});
