import { describe, expect, it } from 'vitest';
import { expectFault, harness, object, TENANT } from './harness.ts';

describe('1.8 Limits (absolute), 3.5 Used Limits Extension', () => {
  it('counts what the tenant uses', () => {
    const h = harness();
    h.create({ flavorRef: '4' });
    const id = h.create({ flavorRef: '3' });
    h.create({}, '999');
    expect(object(h.get('/limits')['limits'])).toMatchObject({
      rate: [],
      absolute: {
        maxTotalInstances: 100,
        maxTotalRAMSize: 66560,
        maxPersonality: 6,
        totalInstancesUsed: 2,
        totalRAMUsed: 3072,
        totalCoresUsed: 3,
      },
    });
    h.ask('DELETE', `/servers/${id}`);
    expect(h.region.absoluteLimits(TENANT)).toMatchObject({ totalInstancesUsed: 1, totalRAMUsed: 2048 });
  });

  it.each([
    [{ maxTotalInstances: 1 }, {}],
    [{ maxTotalRAMSize: 1000 }, {}],
    [{ maxTotalCores: 1 }, {}],
    [{ maxServerMeta: 1 }, { metadata: { a: '1', b: '2' } }],
    [{ maxPersonality: 0 }, { personality: [{ path: '/a', contents: '' }] }],
    [{ maxPersonalitySize: 2 }, { personality: [{ path: '/a', contents: 'YWJj' }] }],
  ] as const)('enforces %j with 413 and Retry-After: 0', (absolute, overrides) => {
    const h = harness({ absolute });
    h.create();
    const fault = expectFault(() => h.create(JSON.parse(JSON.stringify(overrides))), 'overLimit');
    expect([fault.code, fault.headers['retry-after']]).toEqual([413, '0']);
    expect(fault.message).toContain(Object.keys(absolute)[0]);
  });

  it('counts decoded bytes of personality, not letters (2.1.2.3)', () => {
    const h = harness({ absolute: { maxPersonalitySize: 3 } });
    h.create({ personality: [{ path: '/a', contents: 'YW\nJj' }] });
    expect(h.region.absoluteLimits(TENANT)['totalInstancesUsed']).toBe(1);
  });

  it('can differ by tenant, and -1 is no limit', () => {
    const h = harness({
      absolute: { maxTotalInstances: -1 },
      absoluteByTenant: { '999': { maxTotalInstances: 1 } },
    });
    h.create({ min_count: 150 });
    h.create({}, '999');
    expectFault(() => h.create({}, '999'), 'overLimit');
    expect(h.region.absoluteLimits('999')['maxTotalInstances']).toBe(1);
  });

  it('has room again once a server is gone', () => {
    const h = harness({ absolute: { maxTotalInstances: 1 } });
    const id = h.create();
    expectFault(() => h.create(), 'overLimit');
    h.ask('DELETE', `/servers/${id}`);
    h.create();
  });
});
