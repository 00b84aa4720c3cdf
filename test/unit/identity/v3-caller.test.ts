import { Agent } from 'undici';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/clock.ts';
import { createCaller } from '../../../src/identity/caller.ts';
import type { CallerLogin } from '../../../src/identity/caller-identity.ts';
import type { JsonObject } from '../../../src/json.ts';
import { json } from '../../support/stub-answers.ts';
import {
  KEYSTONE_CREDENTIAL,
  KEYSTONE_PROJECT,
  KEYSTONE_USER,
  type StubKeystone,
  startStubKeystone,
} from '../../support/stub-keystone.ts';

const LOGIN = 'POST /v3/auth/tokens';
const SIGNAL = new AbortController().signal;
const { name: username, password: secret, domain } = KEYSTONE_USER;
const proof = { kind: 'password', username, secret } as const;
const { id: projectId, name: projectName } = KEYSTONE_PROJECT;

let cloud: StubKeystone;
let dispatcher: Agent;

beforeEach(async () => {
  cloud = await startStubKeystone();
  dispatcher = new Agent();
});

afterEach(async () => {
  await dispatcher.destroy();
  await cloud.close();
});

const caller = (options: { url?: string; project?: object } = {}) =>
  createCaller({
    url: options.url ?? cloud.identityUrl,
    dispatcher,
    timeoutMs: 10_000,
    clock: systemClock,
    userDomain: { name: domain.name },
    project: () => options.project ?? { id: projectId },
  });

const lastAuth = () => {
  const [last] = cloud.identity.requests(LOGIN).slice(-1);
  return (JSON.parse(last!.body) as { auth: JsonObject }).auth;
};

describe('a login that is handed on to Identity v3', () => {
  it.each<[string, CallerLogin, JsonObject]>([
    ['in words of v2.0 is for the account’s project', { proof }, { project: { id: projectId } }],
    ['with an API key', { proof: { ...proof, kind: 'apiKey' } }, { project: { id: projectId } }],
    ['for a tenant by its id', { proof, tenantId: projectId }, { project: { id: projectId } }],
  ])('%s', async (_what, login, scope) => {
    const token = await caller().logIn(login, SIGNAL);
    expect(token).toMatchObject({ id: cloud.tokens[0], tenant: { id: projectId, name: projectName } });
    expect(lastAuth()).toEqual({
      identity: {
        methods: ['password'],
        password: { user: { name: username, domain: { name: domain.name }, password: secret } },
      },
      scope,
    });
  });

  it('for a tenant by its name seeks it in the domain of the user', async () => {
    await expect(caller().logIn({ proof, tenantName: projectName }, SIGNAL)).rejects.toMatchObject({
      reason: 'refused',
    });
    expect(lastAuth()['scope']).toEqual({ project: { name: projectName, domain: { name: domain.name } } });
  });

  it('goes up as it was written, with the account’s project where it names none', async () => {
    const user = { id: KEYSTONE_USER.id, password: secret };
    const v3 = { identity: { methods: ['password'], password: { user } } };
    await caller().logIn({ proof, v3 }, SIGNAL);
    expect(lastAuth()).toEqual({ ...v3, scope: { project: { id: projectId } } });
    await caller().logIn({ proof, v3: { ...v3, scope: 'unscoped' } }, SIGNAL);
    expect(lastAuth()).toEqual({ ...v3, scope: { project: { id: projectId } } });
    const own = { ...v3, scope: { project: { name: projectName, domain: { id: 'default' } } } };
    await caller({ project: { id: 'another' } }).logIn({ proof, v3: own }, SIGNAL);
    expect(lastAuth()).toEqual(own);
  });

  it('with an application credential gets no scope beside it', async () => {
    const { id, secret: hidden } = KEYSTONE_CREDENTIAL;
    const applied = { kind: 'applicationCredential', username: id, secret: hidden } as const;
    const identity = { methods: ['application_credential'], application_credential: { id, secret: hidden } };
    await caller().logIn({ proof: applied, v3: { identity } }, SIGNAL);
    expect(lastAuth()).toEqual({ identity });
    await caller().logIn({ proof: applied }, SIGNAL);
    expect(lastAuth()).toEqual({ identity });
  });

  it('with a token gets another one for the project', async () => {
    const first = await caller().logIn({ proof }, SIGNAL);
    const next = await caller().logIn({ proof: { kind: 'token', tokenId: first.id } }, SIGNAL);
    expect(next.id).not.toBe(first.id);
    expect(lastAuth()).toEqual({
      identity: { methods: ['token'], token: { id: first.id } },
      scope: { project: { id: projectId } },
    });
  });

  it('that is wrong is refused, and what was shown is not repeated', async () => {
    cloud.identity.on(LOGIN, json({ error: { message: `no ${secret}` } }, 401));
    const failure = await caller()
      .logIn({ proof }, SIGNAL)
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ reason: 'refused' });
    expect(String(failure)).not.toContain(secret);
  });
});

describe('a token of Identity v3', () => {
  it('is looked at with itself, is nobody’s once it was given back, and giving it back again is no mistake', async () => {
    const one = caller();
    const token = await one.logIn({ proof }, SIGNAL);
    expect(await one.validate(token.id, projectId, SIGNAL)).toMatchObject({
      id: token.id,
      tenant: { id: projectId },
      catalog: [{ type: 'compute' }, { type: 'identity' }],
    });
    await one.revoke(token.id, SIGNAL);
    expect(await one.validate(token.id, projectId, SIGNAL)).toBeUndefined();
    await one.revoke(token.id, SIGNAL);
    expect(await one.validate('nonsense', undefined, SIGNAL)).toBeUndefined();
  });

  it('that is for no project is good for nothing here', async () => {
    const answer = {
      token: { methods: ['password'], expires_at: '2099-01-01T00:00:00Z', user: { id: 'u' } },
    };
    cloud.identity.on('GET /v3/auth/tokens', json(answer));
    expect(await caller().validate('t', undefined, SIGNAL)).toBeUndefined();
  });

  it('cannot be judged while the service is broken or asks for a pause', async () => {
    cloud.identity.on('GET /v3/auth/tokens', json({}, 500), json({}, 429, { 'retry-after': '9' }));
    await expect(caller().validate('t', undefined, SIGNAL)).rejects.toMatchObject({ reason: 'unavailable' });
    await expect(caller().validate('t', undefined, SIGNAL)).rejects.toMatchObject({
      reason: 'limited',
      retryAfterMs: 9_000,
    });
  });
});

it('a URL without a version is asked once for all that callers want', async () => {
  const one = caller({ url: cloud.rootUrl });
  const token = await one.logIn({ proof }, SIGNAL);
  await one.validate(token.id, undefined, SIGNAL);
  await one.revoke(token.id, SIGNAL);
  expect(cloud.identity.count('GET /')).toBe(1);
});

describe('the gate of an identity service', () => {
  it('is asked before each request and told how it ended', async () => {
    const seen: string[] = [];
    const gate = async ({ method, url }: { method: string; url: URL }) => {
      seen.push(`${method} ${url.pathname}`);
      return {
        answered: (status: number) => void seen.push(`answered ${status}`),
        lost: () => void seen.push('lost'),
      };
    };
    const way = { dispatcher, timeoutMs: 10_000, gate, clock: systemClock };
    const project = () => ({ id: projectId });
    const one = createCaller({ ...way, url: cloud.rootUrl, userDomain: { name: domain.name }, project });
    await one.logIn({ proof }, SIGNAL);
    await cloud.identity.refuse();
    await expect(one.logIn({ proof }, SIGNAL)).rejects.toMatchObject({ reason: 'unreachable' });
    expect(seen).toEqual([
      'GET /',
      'answered 300',
      'POST /v3/auth/tokens',
      'answered 201',
      'POST /v3/auth/tokens',
      'lost',
    ]);
  });
});
