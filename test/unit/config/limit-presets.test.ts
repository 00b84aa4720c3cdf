import { expect, it } from 'vitest';
import { presetNames } from '../../../src/config/limit-presets.ts';
import { checkTree } from '../../../src/config/load.ts';

const load = (limits: object) =>
  checkTree(
    {
      accounts: [{ name: 'main', identity: { url: 'us', username: 'someone', password: 'not-so-secret' } }],
      limits: limits as never,
    },
    {},
    '.',
  );

it.each(presetNames())('the preset %s can be used', (preset) => {
  const loaded = load({ preset });
  expect(loaded).toHaveProperty('config');
  if ('config' in loaded) expect(loaded.config.limits.presetLimits.length).toBeGreaterThan(0);
});

it('OVHcloud counts logins by user, and the requests of each service by project', () => {
  const loaded = load({ preset: 'ovhcloud' });
  const limits = 'config' in loaded ? loaded.config.limits.presetLimits : [];
  const said = limits.map(({ service, scope, value, unit }) => `${service} ${scope} ${value}/${unit}`);
  expect(said.sort()).toEqual([
    'block-storage project 20/SECOND',
    'compute project 20/SECOND',
    'identity user 60/MINUTE',
    'image project 20/SECOND',
    'network project 20/SECOND',
  ]);
});

it('one that is not there is an error that lists those that are', () => {
  const loaded = load({ preset: 'nobody' });
  expect(loaded).toEqual({
    problems: [expect.stringMatching(/limits\.preset.* one of ovhcloud, rackspace, or null/)],
  });
});

it('its limits cannot be written in its place', () => {
  expect(load({ presetLimits: [] })).toHaveProperty('problems');
});

it.each([
  [{ service: 'image', scope: 'tenant', verb: 'ALL', uri: '*', value: 1, unit: 'SECOND' }, 'scope'],
  [{ service: 'a b', verb: 'ALL', uri: '*', value: 1, unit: 'SECOND' }, 'service'],
])('a row that makes no sense is refused (%o)', (row, name) => {
  const loaded = load({ static: [row] });
  expect(loaded).toEqual({ problems: [expect.stringContaining(`limits.static.0.${name}`)] });
});

it('a row without a service is about compute', () => {
  const loaded = load({ static: [{ verb: 'GET', uri: '*', value: 5, unit: 'MINUTE' }] });
  expect('config' in loaded && loaded.config.limits.static[0]!.service).toBe('compute');
});
