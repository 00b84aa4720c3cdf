import { describe, expect, it } from 'vitest';
import { asFault, FAULTS, Fault, type FaultName } from '../../../src/faults/faults.ts';

describe('a fault', () => {
  it.each(Object.entries(FAULTS) as [FaultName, number][])(
    '%s has status %i in its document and its code',
    (name, code) => {
      const fault = new Fault(name, 'why');
      expect(fault.code).toBe(code);
      expect(fault.toDocument()).toEqual({ [name]: { code, message: 'why' } });
    },
  );

  it('says details and when to come back, and keeps its cause to itself', () => {
    const cause = new Error('secret');
    const fault = new Fault('overLimit', 'm', {
      details: 'd',
      retryAt: 't',
      headers: { 'retry-after': '1' },
      cause,
    });
    expect(fault.toDocument()).toEqual({
      overLimit: { code: 413, message: 'm', details: 'd', retryAt: 't' },
    });
    expect(fault.headers).toEqual({ 'retry-after': '1' });
    expect(fault.cause).toBe(cause);
  });

  it('may have a code that the table has no name for', () => {
    expect(new Fault('computeFault', 'm', { code: 406 }).toDocument()).toEqual({
      computeFault: { code: 406, message: 'm' },
    });
  });
});

describe('whatever else is thrown', () => {
  it('is a computeFault that tells nothing away', () => {
    const fault = asFault(new Error('password=secret'));
    expect(fault).toMatchObject({ fault: 'computeFault', code: 500 });
    expect(JSON.stringify(fault.toDocument())).not.toContain('secret');
  });

  it('stays what it is when it is a fault', () => {
    const fault = new Fault('itemNotFound', 'm');
    expect(asFault(fault)).toBe(fault);
  });
});
