import { describe, expect, it } from 'vitest';
import { checkTree } from '../../../src/config/load.ts';

const one = (region: string, more: object = {}) => ({
  region,
  url: 'us',
  username: 'mara',
  apiKey: 'k',
  ...more,
});
function problems(identity: unknown, env: Record<string, string> = {}): string {
  const loaded = checkTree({ accounts: [{ name: 'main', identity }] }, env, process.cwd());
  return 'problems' in loaded ? loaded.problems.join('\n') : '';
}

describe('an identity service in each region', () => {
  it('is a list in place of one', () => {
    expect(problems([one('DFW3'), one('SYD2')])).toBe('');
    expect(problems({ url: 'us', username: 'mara', apiKey: 'k' })).toBe('');
  });

  it.each<[unknown, RegExp]>([
    [[one('DFW3'), one('dfw3')], /^accounts\.0\.identity\.1\.region: is used twice/],
    [[one('DFW3', { region: undefined })], /^accounts\.0\.identity\.0\.region: is missing/],
    [[one('DFW3', { url: 'nowhere' })], /^accounts\.0\.identity\.0\.url: is no identity service/],
    [[one('DFW3', { apiKey: undefined })], /^accounts\.0\.identity\.0: has no secret/],
    [[one('DFW3', { caFile: '/absent' })], /^accounts\.0\.identity\.0\.caFile: cannot be read/],
    [[one('DFW3', { keyfile: 'x' })], /^accounts\.0\.identity\.0\.keyfile: is no setting/],
    [[one('DFW3', { username: 1234 })], /^accounts\.0\.identity\.0\.username: is a number/],
    [[], /^accounts\.0\.identity: has fewer than 1 members|^accounts\.0\.identity: is a list/],
    [{ region: 'DFW3', url: 'us', username: 'mara', apiKey: 'k' }, /identity\.region: is no setting/],
  ])('%j is refused with its place', (identity, text) => {
    expect(problems(JSON.parse(JSON.stringify(identity)))).toMatch(text);
  });

  it('takes variables for each', () => {
    const env = { SLUICE_ACCOUNTS_0_IDENTITY_1_APIKEY: 'from-the-environment' };
    expect(problems([one('DFW3'), { region: 'SYD2', url: 'us', username: 'mara' }], env)).toBe('');
  });
});
