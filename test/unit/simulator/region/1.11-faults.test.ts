import { describe, expect, it } from 'vitest';
import { expectFault, harness } from './harness.ts';

describe('1.11 Faults', () => {
  it('answers 405 with Allow for a method that is not possible', () => {
    const fault = expectFault(() => harness().ask('DELETE', '/flavors'), 'badMethod');
    expect([fault.code, fault.headers]).toEqual([405, { allow: 'GET, HEAD' }]);
  });

  it('answers HEAD like GET, and doubled slashes like single ones', () => {
    const h = harness();
    expect(h.ask('HEAD', '/flavors').status).toBe(200);
    expect(h.get('//flavors//2')).toHaveProperty('flavor');
  });
});
