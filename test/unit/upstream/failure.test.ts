import { describe, expect, it } from 'vitest';
import { ExchangeError } from '../../../src/upstream/exchange.ts';
import { failureFault } from '../../../src/upstream/failure.ts';

const fault = (kind: ExchangeError['kind'], sent: boolean, method: string) =>
  failureFault(new ExchangeError(kind, sent, 'what happened'), method, 'DFW');

describe('no answer', () => {
  it.each<[ExchangeError['kind'], boolean, string, number, string]>([
    ['refused', false, 'GET', 503, 'serviceUnavailable'],
    ['refused', false, 'POST', 503, 'serviceUnavailable'],
    ['reset', true, 'GET', 503, 'serviceUnavailable'],
    ['broken', true, 'HEAD', 503, 'serviceUnavailable'],
    ['timeout', true, 'GET', 504, 'computeFault'],
    ['timeout', true, 'POST', 500, 'computeFault'],
    ['reset', true, 'POST', 500, 'computeFault'],
    ['broken', true, 'PUT', 500, 'computeFault'],
    ['reset', true, 'DELETE', 500, 'computeFault'],
    ['aborted', true, 'GET', 499, 'computeFault'],
  ])('%s (sent: %s) of a %s is %i %s', (kind, sent, method, code, name) => {
    expect(fault(kind, sent, method)).toMatchObject({ code, fault: name });
  });

  it('of a write that may have arrived says so, and names the region', () => {
    expect(fault('timeout', true, 'POST').message).toMatch(/DFW.*may have been done/);
    expect(fault('refused', false, 'POST').message).toMatch(/DFW cannot be reached/);
  });

  it('keeps what happened as its cause', () => {
    expect(fault('reset', true, 'GET').cause).toBeInstanceOf(ExchangeError);
  });
});
