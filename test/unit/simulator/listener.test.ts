import { expect, it } from 'vitest';
import { idleMs } from '../../../src/simulator/listener.ts';

it('eventlet closes a connection after 900 s on which nothing is asked, not after a few', () => {
  expect(idleMs({ dialect: 'openstack' })).toBe(900_000);
});
