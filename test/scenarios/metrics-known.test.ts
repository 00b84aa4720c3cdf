import { afterEach, beforeEach, expect, it } from 'vitest';
import { ask } from '../support/ask.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { STUB_CREDENTIALS } from '../support/stub-identity.ts';
import { type StubUpstream, startStubUpstream } from '../support/stub-upstream.ts';

let upstream: StubUpstream;
let other: StubUpstream;
let gateway: TestGateway;

beforeEach(async () => {
  upstream = await startStubUpstream({ regions: ['RegionOne', 'RegionTwo'] });
  other = await startStubUpstream({ tenant: '700200' });
});

afterEach(async () => {
  await gateway.close();
  await upstream.close();
  await other.close();
});

const { username, apiKey } = STUB_CREDENTIALS;
const account = (name: string, { identityUrl }: StubUpstream) => ({
  name,
  identity: { url: identityUrl, username, apiKey },
});

const linesOf = async (name: string): Promise<string[]> => {
  const { text } = await ask(`${gateway.adminUrl}/metrics`);
  return text.split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
};

it('counters that operators alert on stand at 0 before anything has happened', async () => {
  gateway = await startGateway({
    identityUrl: upstream.identityUrl,
    settings: { access: { clients: [{ name: 'billing' }] } },
  });
  const name = 'sluice_upstream_overlimit_total';
  expect(await linesOf(name)).toEqual([
    `${name}{account="main",region="RegionOne",service="compute"} 0`,
    `${name}{account="main",region="RegionTwo",service="compute"} 0`,
  ]);
  expect(await linesOf('sluice_cache_evictions_total')).toEqual(['sluice_cache_evictions_total 0']);
  const logins = await linesOf('sluice_token_requests_total');
  expect(logins).toContain('sluice_token_requests_total{account="main",result="refused"} 0');
  expect(logins).toContain('sluice_token_requests_total{account="main",result="ok"} 1');
  const rejected = await linesOf('sluice_limit_rejected_total');
  for (const client of ['anonymous', 'billing'])
    expect(rejected).toContain(
      `sluice_limit_rejected_total{account="main",region="RegionOne",service="compute",scope="user",client="${client}",reason="wait"} 0`,
    );
  expect(await linesOf('sluice_upstream_retries_total')).toContain(
    'sluice_upstream_retries_total{region="RegionTwo",reason="overlimit"} 0',
  );
});

it('the expiry of a token is gone with its account, and stays with one that a reload keeps', async () => {
  gateway = await startGateway({
    identityUrl: upstream.identityUrl,
    settings: { accounts: [account('main', upstream), account('second', other)] },
  });
  const accounts = async () =>
    (await linesOf('sluice_token_expiry_timestamp_seconds')).map((line) => /account="(\w+)"/.exec(line)![1]);
  expect(await accounts()).toEqual(['main', 'second']);
  await gateway.reload({ accounts: [account('main', upstream)] });
  expect(await accounts()).toEqual(['main']);
});
