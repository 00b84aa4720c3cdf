import { expect, test } from 'vitest';
import { createCounters } from '../../../src/simulator/counters.ts';

test('requests are counted by path and by operation, for one region or for all', () => {
  const counters = createCounters();
  counters.request('DFW', 'GET', '/flavors', 'listFlavors');
  counters.request('ORD', 'GET', '/flavors', 'listFlavors');
  counters.request('ORD', 'POST', '/servers/1/action', 'action');
  counters.action('ORD', 'reboot');
  counters.request(null, 'POST', '/v2.0/tokens', 'identityV2');
  counters.rejected('DFW');
  counters.rejected(null);
  expect([counters.count('GET', '/flavors'), counters.count('GET', '/flavors', 'dfw')]).toEqual([2, 1]);
  expect([counters.countOperation('listFlavors'), counters.countOperation('reboot', 'ORD')]).toEqual([2, 1]);
  expect(counters.count('POST', '/v2.0/tokens')).toBe(1);
  expect([counters.countRejected(), counters.countRejected('DFW')]).toEqual([2, 1]);
  counters.reset();
  expect([counters.count('GET', '/flavors'), counters.countRejected()]).toEqual([0, 0]);
});
