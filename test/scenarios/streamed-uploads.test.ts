import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Answered, ask } from '../support/ask.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import {
  type Answer,
  json,
  type StubRequest,
  tooMany,
  unauthorized,
  unavailable,
} from '../support/stub-answers.ts';
import type { StubRegion } from '../support/stub-region.ts';
import { type StubService, startStubService } from '../support/stub-service.ts';
import { type StubUpstream, startStubUpstream } from '../support/stub-upstream.ts';

let clock: FakeClock;
let images: StubService;
let upstream: StubUpstream;
let gateway: TestGateway;
let dfw: StubRegion;
let base: string;

beforeEach(async () => {
  clock = new FakeClock(Date.now());
  images = await startStubService();
  upstream = await startStubUpstream({
    now: () => clock.now(),
    services: [{ name: 'glance', type: 'image', endpoints: [{ region: 'DFW', publicURL: images.origin }] }],
  });
  dfw = upstream.region('DFW');
  gateway = await startGateway({ identityUrl: upstream.identityUrl, clock });
  base = `${gateway.url}/dfw/v2/700100`;
});

afterEach(async () => {
  await gateway.close();
  await Promise.all([upstream.close(), images.close()]);
});

const BODY = Buffer.alloc(2 * 1024 * 1024, 'x');
const upload = (method = 'PUT', url = `${base}/os-blobs/1`) => ask(url, { method, body: BODY });
const taken: Answer = json((request: StubRequest) => ({ length: request.body.length }));
const logins = () => upstream.identity.count('POST /tokens');

/** Lets sockets and timers do what they have to, a turn of the clock at a time, until the condition holds. */
async function until(holds: () => boolean, stepMs = 1000): Promise<void> {
  for (let step = 0; step < 60 && !holds(); step++) {
    for (let turn = 0; turn < 100 && !holds(); turn++) await settle();
    if (!holds()) await clock.advance(stepMs);
  }
  expect(holds()).toBe(true);
}

async function inTime(asked: Promise<Answered>): Promise<Answered> {
  let isOver = false;
  const watched = asked.finally(() => {
    isOver = true;
  });
  watched.catch(() => {});
  await until(() => isOver);
  return watched;
}

function expectComeBack({ status, headers, json: parse }: Answered): void {
  expect(status).toBe(503);
  expect(headers['retry-after']).toMatch(/^[1-9]\d*$/);
  expect(parse()).toHaveProperty('serviceUnavailable.code', 503);
}

describe('a body too large to be kept, sent with a token that was revoked', () => {
  it('is told to come back, never 401; the next one goes through', async () => {
    dfw.on('PUT /os-blobs/1', taken);
    await clock.advance(10_000);
    upstream.identity.revokeAll();
    expectComeBack(await upload());
    expect((await inTime(upload())).json()).toEqual({ length: BODY.length });
    expect(logins()).toBe(2);
    expect(dfw.count('PUT /os-blobs/1')).toBe(2);
  });

  it('the same when the token is only seconds old, without anything else that would renew it', async () => {
    dfw.on('PUT /os-blobs/1', taken);
    upstream.identity.revokeAll();
    expectComeBack(await upload());
    expect((await inTime(upload())).json()).toEqual({ length: BODY.length });
    expect(logins()).toBe(2);
  });

  it('several at once cause one login', async () => {
    dfw.on('PUT /os-blobs/1', taken);
    await clock.advance(10_000);
    upstream.identity.revokeAll();
    for (const answered of await Promise.all([upload(), upload(), upload()])) expectComeBack(answered);
    await until(() => logins() === 2);
    expect((await inTime(upload())).status).toBe(200);
    expect(logins()).toBe(2);
  });

  it('to another service the same', async () => {
    images.on('PUT /v2/images/1/file', unauthorized, taken);
    await clock.advance(10_000);
    const url = `${gateway.url}/dfw/services/image/v2/images/1/file`;
    expectComeBack(await upload('PUT', url));
    expect((await inTime(upload('PUT', url))).json()).toEqual({ length: BODY.length });
  });

  it('while identity is down goes on being told to come back', async () => {
    await clock.advance(10_000);
    upstream.identity.revokeAll();
    upstream.identity.on('POST /tokens', ({ response }) => void response.writeHead(500).end());
    expectComeBack(await upload());
    await until(() => logins() === 2);
    expectComeBack(await inTime(upload()));
  });
});

describe('a body too large to be kept, refused for a rate', () => {
  it.each<[string, () => Answer]>([
    ['in seconds', () => tooMany.rateBySeconds(30)],
    ['as a date', () => tooMany.rateByDate(new Date(clock.now() + 30_000))],
  ])('%s is told when to come back', async (_what, refusal) => {
    dfw.on('PUT /os-blobs/1', refusal(), taken);
    const { status, headers, json: parse } = await upload();
    expect(status).toBe(413);
    expect(Number(headers['retry-after'])).toBeGreaterThanOrEqual(28);
    // Nobody publishes a limit of uploads: what is found out from the refusal may be one per minute, and nothing longer.
    expect(Number(headers['retry-after'])).toBeLessThanOrEqual(62);
    expect(parse()).toHaveProperty('overLimit.retryAt');
    expect(dfw.count('PUT /os-blobs/1')).toBe(1);
    await clock.advance(1000 * (Number(headers['retry-after']) + 1));
    expect((await inTime(upload())).status).toBe(200);
  });

  it('or for a quota gets the words of the region', async () => {
    dfw.on('PUT /os-blobs/1', tooMany.quota);
    const { status, headers, text } = await upload();
    expect(status).toBe(413);
    expect(headers['retry-after']).toBe('0');
    expect(text).toContain('Quota exceeded in the stub: cores');
  });
});

describe('a body too large to be kept, for a region that is away', () => {
  it('is answered on the same connection, and nothing is taken for sent', async () => {
    await dfw.refuse();
    const { status, json: parse } = await upload();
    expect(status).toBe(503);
    expect(parse()).toHaveProperty('serviceUnavailable');
    await dfw.accept();
    dfw.on('PUT /os-blobs/1', taken);
    expect((await upload()).json()).toEqual({ length: BODY.length });
  });

  it('is sent again when that is safe and nothing of it has been read', async () => {
    dfw.on('DELETE /os-blobs/1', taken);
    await dfw.refuse();
    const asked = upload('DELETE');
    while ((await gateway.metric('sluice_upstream_retries_total', { reason: 'refused' })) === 0);
    await dfw.accept();
    expect((await inTime(asked)).json()).toEqual({ length: BODY.length });
  });

  it('is answered as the region does when it is only busy', async () => {
    dfw.on('* /os-blobs/1', unavailable);
    for (const method of ['PUT', 'DELETE']) expect((await upload(method)).status).toBe(503);
    expect(dfw.count('* /os-blobs/1')).toBe(2);
  });
});
