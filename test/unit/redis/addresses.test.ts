import { expect, it } from 'vitest';
import { redisAddresses } from '../../../src/redis/addresses.ts';
import type { RedisSettings } from '../../../src/redis/settings.ts';

const NONE = { url: null, sentinels: null, cluster: null } as RedisSettings;
const nodes = [
  { host: 'one.test', port: 26379 },
  { host: 'two.test', port: 26380 },
];

it.each<[string, Partial<RedisSettings>, string[]]>([
  ['none', {}, []],
  ['a URL', { url: 'rediss://user:secret@redis.test:7000/2' }, ['redis.test:7000']],
  ['a URL without a port', { url: 'redis://:secret@redis.test' }, ['redis.test:6379']],
  [
    'sentinels',
    { sentinels: { name: 'm', nodes, password: 'secret', sentinelPassword: null } },
    ['one.test:26379', 'two.test:26380'],
  ],
  ['a cluster', { cluster: { nodes, password: 'secret' } }, ['one.test:26379', 'two.test:26380']],
])('%s: hosts and ports, nothing secret', (_what, settings, expected) => {
  expect(redisAddresses({ ...NONE, ...settings })).toEqual(expected);
});
