import { afterAll, beforeAll, expect, it } from 'vitest';
import { ask } from '../support/ask.ts';
import { keysMode, testClient } from '../support/clients.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import {
  KEYSTONE_PROJECT,
  KEYSTONE_USER,
  type StubKeystone,
  startStubKeystone,
} from '../support/stub-keystone.ts';

const billing = testClient('billing');
let cloud: StubKeystone;
let gateway: TestGateway;

beforeAll(async () => {
  cloud = await startStubKeystone();
  const { name: username, domain, password } = KEYSTONE_USER;
  const identity = {
    url: cloud.identityUrl,
    username,
    password,
    userDomain: { name: domain.name },
    project: { id: KEYSTONE_PROJECT.id },
  };
  const settings = {
    accounts: [{ name: 'main', identity }],
    limits: { enabled: false },
    ...keysMode([billing], { passThrough: true }),
  };
  gateway = await startGateway({ identityUrl: '', settings });
});

afterAll(async () => {
  await gateway.close();
  await cloud.close();
});

/** A token of the user, which Sluice has never seen. */
async function freshToken(): Promise<string> {
  const { id, password } = KEYSTONE_USER;
  const auth = {
    identity: { methods: ['password'], password: { user: { id, password } } },
    scope: { project: { id: KEYSTONE_PROJECT.id } },
  };
  const answer = await ask(`${cloud.identityUrl}/auth/tokens`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ auth }),
  });
  return answer.headers['x-subject-token'] as string;
}

const get = (path: string, token: string) =>
  ask(gateway.url + path, { headers: { 'x-auth-token': token, 'x-subject-token': token } });

it('a token of Identity v3 is shown to it as the subject and as who asks, and then goes up as it is', async () => {
  const token = await freshToken();
  const path = `/dfw/v2/${KEYSTONE_PROJECT.id}/servers`;
  expect((await get(path, token)).status).toBe(200);
  const [looked] = cloud.identity.requests('GET /v3/auth/tokens').slice(-1);
  expect([looked?.headers['x-auth-token'], looked?.headers['x-subject-token']]).toEqual([token, token]);
  expect(cloud.region('DFW').requests('GET /servers').at(-1)?.headers['x-auth-token']).toBe(token);
  const told = await get('/v3/auth/tokens', token);
  expect([told.status, told.headers['x-subject-token']]).toEqual([200, token]);
  expect(told.text).toContain(`${gateway.url}/dfw/v2/${KEYSTONE_PROJECT.id}`);
});

it('a token is told of, and given back, to no other that Identity v3 does not know', async () => {
  const token = await freshToken();
  for (const method of ['GET', 'HEAD', 'DELETE']) {
    const headers = { 'x-auth-token': `nobodys-${method}`, 'x-subject-token': token };
    const answer = await ask(`${gateway.url}/v3/auth/tokens`, { method, headers });
    expect([method, answer.status]).toEqual([method, 401]);
  }
  expect((await get('/v3/auth/tokens', token)).status).toBe(200);
  const unknown = { 'x-auth-token': token, 'x-subject-token': 'nobodys' };
  expect((await ask(`${gateway.url}/v3/auth/tokens`, { headers: unknown })).status).toBe(404);
});

it('a token that Identity v3 does not know is 401, and reaches no region', async () => {
  const before = cloud.region('DFW').requests().length;
  const answers = [];
  for (const tenant of [KEYSTONE_PROJECT.id, 'another'])
    answers.push(await get(`/dfw/v2/${tenant}/servers`, 'junk-of-nobody'));
  expect(answers.map(({ status }) => status)).toEqual([401, 401]);
  expect(cloud.region('DFW').requests().length).toBe(before);
});

it('a token of Identity v3 that is given back is good for nothing any more', async () => {
  const token = await freshToken();
  const path = `/dfw/v2/${KEYSTONE_PROJECT.id}/servers`;
  expect((await get(path, token)).status).toBe(200);
  const answer = await ask(`${gateway.url}/v3/auth/tokens`, {
    method: 'DELETE',
    headers: { 'x-auth-token': token, 'x-subject-token': token },
  });
  expect(answer.status).toBe(204);
  expect((await get(path, token)).status).toBe(401);
});
