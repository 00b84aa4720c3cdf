import { Readable } from 'node:stream';
import { Agent, request } from 'undici';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LIMITER_KINDS } from './reference-upstreams.ts';
import {
  type Answer,
  brokenJson,
  chunked,
  chunkedCut,
  closeEnded,
  hang,
  json,
  raw,
  reset,
  resetMidBody,
  thenClose,
  tooMany,
  truncated,
  unavailable,
} from './stub-answers.ts';
import { STUB } from './stub-documents.ts';
import { STUB_CREDENTIALS } from './stub-identity.ts';
import { enforcedBy, publishedAs } from './stub-rates.ts';
import { type StubUpstream, startStubUpstream } from './stub-upstream.ts';

let upstream: StubUpstream;
let agent: Agent;
let token: string;

beforeEach(async () => {
  agent = new Agent();
  upstream = await startStubUpstream({ regions: ['DFW', 'ORD'] });
  const { username, apiKey } = STUB_CREDENTIALS;
  const answer = await request(`${upstream.identityUrl}/tokens`, {
    method: 'POST',
    dispatcher: agent,
    body: JSON.stringify({ auth: { 'RAX-KSKEY:apiKeyCredentials': { username, apiKey } } }),
  });
  const { access } = (await answer.body.json()) as { access: { token: { id: string } } };
  token = access.token.id;
});

afterEach(async () => {
  await upstream.close();
  await agent.destroy();
});

async function get(path: string, region = 'DFW'): Promise<{ status: number; text: string }> {
  const url = upstream.region(region).url + path;
  const answer = await request(url, { dispatcher: agent, headers: { 'x-auth-token': token } });
  return { status: answer.statusCode, text: await answer.body.text() };
}

describe('the scripted upstream', () => {
  it('is a small cloud when nothing is scripted', async () => {
    const { status, text } = await get(`/servers/${STUB.serverId}`);
    expect(status).toBe(200);
    const { url } = upstream.region('DFW');
    expect(JSON.parse(text).server.links[0].href).toBe(`${url}/servers/${STUB.serverId}`);
    expect((await get('/servers/none')).status).toBe(404);
    expect(upstream.region('DFW').count('GET /servers/*')).toBe(2);
    expect(upstream.region('ORD').requests()).toEqual([]);
  });

  it('refuses wrong credentials, dead tokens and chunked bodies', async () => {
    const wrong = await request(`${upstream.identityUrl}/tokens`, {
      method: 'POST',
      dispatcher: agent,
      body: '{"auth":{"passwordCredentials":{"username":"x","password":"y"}}}',
    });
    expect(wrong.statusCode).toBe(401);
    await wrong.body.dump();
    const posted = await request(`${upstream.region('DFW').url}/servers`, {
      method: 'POST',
      dispatcher: agent,
      headers: { 'x-auth-token': token },
      body: Readable.from([Buffer.from('{}')]),
    });
    expect(posted.statusCode).toBe(400);
    await posted.body.dump();
    upstream.identity.revokeAll();
    expect((await get('/servers')).status).toBe(401);
  });

  it('answers in the order scripted, then goes on with the last', async () => {
    upstream.region('DFW').on('GET /servers', unavailable, tooMany.quota, json({ servers: [] }));
    const statuses = [];
    for (let turn = 0; turn < 4; turn++) statuses.push((await get('/servers')).status);
    expect(statuses).toEqual([503, 413, 200, 200]);
    upstream.region('DFW').off('GET /servers');
    expect(JSON.parse((await get('/servers')).text).servers).toHaveLength(2);
  });

  it('holds requests until the gate lets them go', async () => {
    const dfw = upstream.region('DFW');
    const gate = dfw.hold('GET /flavors/*');
    const answers = [get('/flavors/2'), get('/flavors/3')];
    await gate.arrived(2);
    expect(gate.waiting).toBe(2);
    gate.open();
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([200, 200]);
    expect((await get('/flavors/2')).status).toBe(200);
  });

  it.each<[string, Answer]>([
    ['a reset', reset],
    ['a reset in the middle of a body', resetMidBody({ servers: [] })],
    ['a body that is too short', truncated({ servers: [] })],
    ['chunks that break off', chunkedCut({ servers: [] })],
    ['no HTTP', raw('SSH-2.0-stub\r\n')],
  ])('can ruin an answer: %s', async (_title, answer) => {
    upstream.region('DFW').on('GET /servers', answer);
    await expect(get('/servers')).rejects.toThrow();
  });

  it.each<[string, Answer]>([
    ['chunked', chunked({ servers: [] }, 3)],
    ['ended by closing', closeEnded({ servers: [] })],
    ['closed afterwards', thenClose(json({ servers: [] }))],
  ])('frames a whole answer in every legal way: %s', async (_title, answer) => {
    upstream.region('DFW').on('GET /servers', answer);
    for (let turn = 0; turn < 3; turn++)
      expect(await get('/servers')).toEqual({ status: 200, text: '{"servers":[]}' });
  });

  it('can say JSON and send none', async () => {
    upstream.region('DFW').on('GET /servers', brokenJson);
    const { text } = await get('/servers');
    expect(() => JSON.parse(text)).toThrow(SyntaxError);
  });

  it('knows when a caller left', async () => {
    const dfw = upstream.region('DFW');
    dfw.on('GET /servers', hang);
    const gate = dfw.hold('GET /servers');
    const controller = new AbortController();
    const headers = { 'x-auth-token': token };
    const gone = request(`${dfw.url}/servers`, { dispatcher: agent, headers, signal: controller.signal });
    await gate.arrived(1);
    gate.open();
    controller.abort();
    await expect(gone).rejects.toThrow();
    const [seen] = dfw.requests('GET /servers');
    await seen!.closed;
    expect(seen!.aborted).toBe(true);
  });

  it('refuses connections and takes them again on the same port', async () => {
    const dfw = upstream.region('DFW');
    await dfw.refuse();
    await expect(get('/servers')).rejects.toThrow(/ECONNREFUSED|other side closed/);
    expect((await get('/servers', 'ORD')).status).toBe(200);
    await dfw.accept();
    expect((await get('/servers')).status).toBe(200);
  });

  it('enforces a rate model and counts what it refused', async () => {
    const dfw = upstream.region('DFW');
    let left = 2;
    dfw.enforce({ refuse: () => (left-- > 0 ? undefined : tooMany.rateBySeconds(7)) });
    const statuses = [];
    for (let turn = 0; turn < 3; turn++) statuses.push((await get('/servers')).status);
    expect(statuses).toEqual([200, 200, 413]);
    expect(dfw.overLimits).toBe(1);
    dfw.enforce(undefined);
    expect((await get('/servers')).status).toBe(200);
  });

  it.each(LIMITER_KINDS)('enforces the limits it publishes (%s)', async (kind) => {
    let now = Date.parse('2026-01-01T00:00:00Z');
    const limited = await startStubUpstream({ now: () => now });
    const dfw = limited.region('DFW');
    const limits = [{ verb: 'GET', uri: '/servers', value: 2, unit: 'SECOND' as const }];
    dfw.enforce(enforcedBy(kind, limits));
    dfw.publish(publishedAs(limits));
    const login = await request(`${limited.identityUrl}/tokens`, {
      method: 'POST',
      dispatcher: agent,
      body: JSON.stringify({ auth: { passwordCredentials: STUB_CREDENTIALS } }),
    });
    await login.body.dump();
    const ask = async (path: string) => {
      const headers = { 'x-auth-token': limited.identity.tokens[0]! };
      const answer = await request(dfw.url + path, { dispatcher: agent, headers });
      return { status: answer.statusCode, text: await answer.body.text() };
    };
    try {
      expect(JSON.parse((await ask('/limits')).text).limits.rate).toEqual(publishedAs(limits));
      const paths = ['/servers', '/servers/detail', '/servers', '/flavors'];
      const first = [];
      for (const path of paths) first.push((await ask(path)).status);
      expect(first).toEqual([200, 200, 413, 200]);
      now += 1001;
      expect((await ask('/servers')).status).toBe(200);
      expect(dfw.overLimits).toBe(1);
    } finally {
      await limited.close();
    }
  });

  it('serves all regions on one port when asked to', async () => {
    const one = await startStubUpstream({ regions: ['DFW', 'ORD'], onePort: true });
    try {
      expect(new URL(one.region('ORD').url).origin).toBe(new URL(one.identityUrl).origin);
      expect(one.region('ORD').url).toMatch(/\/ord\/v2\/700100$/);
      const answer = await request(one.region('ORD').url.replace(/\/700100$/, '/'), { dispatcher: agent });
      const { version } = (await answer.body.json()) as { version: { links: [{ href: string }] } };
      expect(version.links[0].href).toMatch(/\/ord\/v2\/$/);
      expect(one.region('ORD').count('GET /v2/')).toBe(1);
    } finally {
      await one.close();
    }
  });

  it('closes while requests hang', async () => {
    upstream.region('DFW').on('GET /servers', hang);
    const gate = upstream.region('DFW').hold('GET /servers');
    const pending = get('/servers').catch((error: unknown) => error);
    await gate.arrived(1);
    gate.open();
    await upstream.close();
    expect(await pending).toBeInstanceOf(Error);
  });
});
