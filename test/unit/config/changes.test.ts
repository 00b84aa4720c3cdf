import { expect, it } from 'vitest';
import { changedSettings } from '../../../src/config/changes.ts';

const ACCOUNT = { name: 'main', regions: ['DFW'], identity: { apiKey: 'secret-1' } };

it.each([
  ['nothing', { a: 1 }, { a: 1 }, []],
  ['a value', { log: { level: 'info' } }, { log: { level: 'warn' } }, ['log.level']],
  [
    'a secret, which is not shown',
    { accounts: [ACCOUNT] },
    { accounts: [{ ...ACCOUNT, identity: { apiKey: 'secret-2' } }] },
    ['accounts.main.identity.apiKey'],
  ],
  [
    'a member of a list',
    { accounts: [ACCOUNT] },
    { accounts: [ACCOUNT, { ...ACCOUNT, name: 'other' }] },
    ['accounts.other (added)'],
  ],
  [
    'members in another order, which is no change',
    { clients: [{ name: 'a' }, { name: 'b' }] },
    { clients: [{ name: 'b' }, { name: 'a' }] },
    [],
  ],
  ['a list that was null', { regions: null }, { regions: ['DFW'] }, ['regions']],
])('%s', (_what, before, after, changed) => expect(changedSettings(before, after)).toEqual(changed));

it('many are counted', () => {
  const many = Object.fromEntries(Array.from({ length: 30 }, (_, at) => [`key${at}`, at]));
  expect(changedSettings({}, many).at(-1)).toBe('and 10 more');
});
