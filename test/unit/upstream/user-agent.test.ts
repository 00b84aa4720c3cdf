import { describe, expect, it } from 'vitest';
import { passthroughRequestHeaders, requestHeaders } from '../../../src/upstream/headers.ts';
import { userAgent } from '../../../src/upstream/user-agent.ts';
import { PRODUCT, VERSION } from '../../../src/version.ts';

const KIND = { hasBody: false, shared: false, isCompute: true };

describe('the User-Agent that goes up', () => {
  it('is the caller’s, extended by who passes it on', () => {
    expect(userAgent('python-novaclient', 'billing')).toBe(
      `python-novaclient via sluice/${VERSION} (billing)`,
    );
    expect(userAgent('python-novaclient', undefined)).toBe(`python-novaclient via ${PRODUCT}`);
  });

  it.each([undefined, '', '   '])('is Sluice’s own for a caller that sends %j', (name) => {
    expect(userAgent(name, undefined)).toBe(PRODUCT);
    expect(userAgent(name, 'billing')).toBe(`${PRODUCT} (billing)`);
  });

  it('is bounded, and holds nothing that servers read differently', () => {
    expect(userAgent('x'.repeat(10_000), 'billing')).toBe(`${'x'.repeat(256)} via ${PRODUCT} (billing)`);
    expect(userAgent('caf\u00e9\u0001\ttool', undefined)).toBe(`caf???tool via ${PRODUCT}`);
  });

  it('says nothing of the caller where the answer is shared', () => {
    const caller = { 'user-agent': 'python-novaclient' };
    expect(requestHeaders(caller, 't', { ...KIND, shared: true }, 'billing')['user-agent']).toBe(PRODUCT);
    expect(requestHeaders(caller, 't', KIND, 'billing')['user-agent']).toBe(
      `python-novaclient via ${PRODUCT} (billing)`,
    );
  });

  it('is not for a Connection to take away', () => {
    const caller = { 'user-agent': 'curl/8', connection: 'user-agent' };
    expect(passthroughRequestHeaders(caller, 't', undefined, true)['user-agent']).toBe(
      `curl/8 via ${PRODUCT}`,
    );
  });
});
