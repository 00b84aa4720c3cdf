import { describe, expect, it } from 'vitest';
import {
  comesDown,
  passthroughRequestHeaders,
  passthroughResponseHeaders,
  requestHeaders,
  variantOf,
} from '../../../src/upstream/headers.ts';

const caller = {
  host: 'gw.test',
  'x-auth-token': 'callers',
  'x-storage-token': 'callers',
  authorization: 'Bearer callers',
  cookie: 'callers',
  forwarded: 'host=callers',
  'x-forwarded-host': 'callers',
  'x-forwarded-anything': 'callers',
  'x-sluice-client': 'billing',
  'x-region': 'dfw',
  connection: 'keep-alive, X-Hop',
  'x-hop': 'for this hop',
  te: 'trailers',
  accept: 'application/xml',
  'accept-encoding': 'gzip',
  'content-type': 'application/xml',
  'content-length': '12',
  'if-none-match': '"e"',
  'x-own': 'kept',
  'openstack-api-version': 'compute 2.1',
};

describe('a request of a known operation', () => {
  it("carries Sluice's token, JSON, and the caller's own headers alone", () => {
    expect(requestHeaders(caller, 'ours', true, false)).toEqual({
      'x-auth-token': 'ours',
      accept: 'application/json',
      'content-type': 'application/json',
      'user-agent': 'sluice',
      'x-own': 'kept',
      'openstack-api-version': 'compute 2.1',
    });
  });

  it('whose answer is shared carries nothing that is not part of its cache key', () => {
    expect(requestHeaders(caller, 'ours', false, true)).toEqual({
      'x-auth-token': 'ours',
      accept: 'application/json',
      'user-agent': 'sluice',
      'openstack-api-version': 'compute 2.1',
    });
    expect(variantOf(caller)).toBe('compute 2.1|');
    expect(variantOf({ 'x-own': 'x' })).toBe('');
  });
});

describe('a request that goes through', () => {
  it("keeps the caller's formats and conditions, never its secrets", () => {
    expect(passthroughRequestHeaders(caller, 'ours', 7)).toEqual({
      accept: 'application/xml',
      'accept-encoding': 'gzip',
      'content-type': 'application/xml',
      'if-none-match': '"e"',
      'x-own': 'kept',
      'openstack-api-version': 'compute 2.1',
      'content-length': '7',
      'x-auth-token': 'ours',
    });
  });

  it('without a body announces none, whatever the caller announced', () => {
    expect(passthroughRequestHeaders(caller, 'ours', undefined)).not.toHaveProperty('content-length');
  });
});

describe('an answer', () => {
  it.each([
    'set-cookie',
    'www-authenticate',
    'x-auth-token',
    'x-subject-token',
    'transfer-encoding',
    'connection',
    'server',
  ])('of a region keeps its %s to itself', (name) => {
    expect(comesDown(name)).toBe(false);
  });

  it.each(['openstack-api-version', 'x-openstack-request-id', 'x-own'])(
    'of a region brings %s along',
    (name) => {
      expect(comesDown(name)).toBe(true);
    },
  );

  it("of a path that goes through has Sluice's marks, and its Location leads through Sluice", () => {
    const call = { requestId: 'req-ours', region: 'DFW', waitedMs: 12.4 };
    const upstream = {
      'set-cookie': ['a=b'],
      'content-length': '3',
      location: 'http://u/x',
      'x-own': 'kept',
    };
    expect(
      passthroughResponseHeaders(upstream, call, (url) => url.replace('http://u', 'http://gw')),
    ).toMatchObject({
      'content-length': '3',
      location: 'http://gw/x',
      'x-own': 'kept',
      'x-compute-request-id': 'req-ours',
      via: '1.1 sluice',
      'x-sluice-region': 'DFW',
      'x-sluice-wait-ms': '12',
    });
    expect(passthroughResponseHeaders(upstream, call, String)).not.toHaveProperty('set-cookie');
    const own = passthroughResponseHeaders(
      { 'x-compute-request-id': 'req-theirs' },
      { ...call, waitedMs: 0 },
      String,
    );
    expect(own['x-compute-request-id']).toBe('req-theirs');
    expect(own).not.toHaveProperty('x-sluice-wait-ms');
  });
});
