import { describe, expect, it } from 'vitest';
import {
  isSince,
  microversionHeaders,
  microversionOf,
  withoutMicroversion,
} from '../../../src/upstream/microversion.ts';

describe('the microversion of Compute', () => {
  it.each<[string, Record<string, string>, string]>([
    ['of a request that names none', {}, ''],
    ['in the standard header', { 'openstack-api-version': 'compute 2.61' }, '2.61'],
    ['in the older one', { 'x-openstack-nova-api-version': '2.61' }, '2.61'],
    [
      'in both: the standard one counts',
      { 'openstack-api-version': 'compute 2.61', 'x-openstack-nova-api-version': '2.1' },
      '2.61',
    ],
    ['in a list of several services', { 'openstack-api-version': 'volume 3.59, compute 2.61' }, '2.61'],
    ['twice in a list: the last counts', { 'openstack-api-version': 'compute 2.1,compute 2.2' }, '2.2'],
    ['in another case', { 'openstack-api-version': 'Compute\tLATEST' }, 'LATEST'],
    ['of another service alone', { 'openstack-api-version': 'volume 3.4' }, ''],
    [
      'of another service, beside the older header',
      { 'openstack-api-version': 'volume 3.4', 'x-openstack-nova-api-version': '2.9' },
      '2.9',
    ],
    ['without a version', { 'openstack-api-version': 'compute' }, ''],
    ['that is none', { 'openstack-api-version': 'compute  two point one ' }, 'two point one'],
    ['of a list of the older header', { 'x-openstack-nova-api-version': '2.1, 2.3' }, '2.3'],
  ])('%s', (_what, headers, version) => {
    expect(microversionOf(headers)).toBe(version);
  });

  it('goes up in both headers, and not at all where none was named', () => {
    expect(microversionHeaders('2.61')).toEqual({
      'openstack-api-version': 'compute 2.61',
      'x-openstack-nova-api-version': '2.61',
    });
    expect(microversionHeaders('')).toEqual({});
    expect(microversionOf(microversionHeaders('latest'))).toBe('latest');
  });

  it.each<[string, boolean]>([
    ['', false],
    ['2.1', false],
    ['2.44', false],
    ['2.45', true],
    ['2.100', true],
    ['LATEST', true],
    ['two', false],
  ])('%j is 2.45 or later: %s', (version, expected) => expect(isSince(version, 45)).toBe(expected));

  it('can be left out', () => {
    const headers = { ...microversionHeaders('2.61'), accept: 'x' };
    expect(withoutMicroversion(headers)).toEqual({ accept: 'x' });
  });
});
