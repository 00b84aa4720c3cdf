import { randomBytes, scryptSync } from 'node:crypto';
import { afterEach, beforeEach, describe, expect } from 'vitest';
import { generateClientKey } from '../../src/access/client-key.ts';
import { testClient } from '../support/clients.ts';
import { FAST_PATH } from '../support/gateway.ts';
import { connectRaw, type RawAnswer, type RawConnection, requestText } from '../support/raw-connection.ts';
import { scenario } from '../support/scenario.ts';

const robot = testClient('robot');
const salt = randomBytes(16);
const hash = scryptSync('right', salt, 32, { N: 1024 }).toString('base64url');
const keyHash = `scrypt:1024:8:1:${salt.toString('base64url')}:${hash}`;

/** The clock stands still: a pause lasts, and Retry-After is the same twice. */
const { it, gateway, clock } = scenario('file', {
  standstill: true,
  settings: { access: { mode: 'keys', clients: [robot.settings, { name: 'anna', keyHash }] } },
});

const HIT = '/dfw/v2/700100/flavors/detail';
const JSON_TYPE = { 'Content-Type': 'application/json' };

/** Every test has an address of its own, and failures of the name leak away between them: none reaches the others. */
let tests = 0;
let address: string;
const opened: RawConnection[] = [];
beforeEach(async () => {
  address = `127.9.0.${++tests}`;
  await clock.advance(60_000);
});
afterEach(() => {
  for (const connection of opened.splice(0)) connection.close();
});

async function connect(from = address): Promise<RawConnection> {
  const connection = await connectRaw(gateway.url, from);
  opened.push(connection);
  return connection;
}

/** A connection on which the first message, which is always Node's, is over. */
async function kept(from = address): Promise<RawConnection> {
  const connection = await connect(from);
  expect((await connection.ask(HIT, robot.headers)).status).toBe(200);
  return connection;
}

const v2 = (username: string, password: string) =>
  JSON.stringify({ auth: { passwordCredentials: { username, password } } });
const v3 = (name: string, password: string) =>
  JSON.stringify({
    auth: {
      identity: { methods: ['password'], password: { user: { name, domain: { id: 'default' }, password } } },
    },
  });
const applicationCredential = (name: string, secret: string) =>
  JSON.stringify({
    auth: { identity: { methods: ['application_credential'], application_credential: { name, secret } } },
  });

/** Answers from the socket's bytes end with the request id; those that Node writes begin with it. */
const isFast = ({ fields }: RawAnswer) => fields.at(-1)![0] === 'X-Compute-Request-Id';

/** Fields that differ from one answer to the next. */
const DIFFERS = /^(?:X-(?:Compute|Openstack)-Request-Id|Date)$/;

/** What must be the same whoever writes an answer. */
const essence = ({ status, fields, body }: RawAnswer) => ({
  status,
  body,
  fields: fields.map(([name, value]) => [name, DIFFERS.test(name) ? '' : value].join(': ')).sort(),
});

/** The lines of the log and of the audit log about an answer, without what differs from one to the next. */
function linesOf(answer: RawAnswer): unknown[] {
  const id = answer.field('X-Compute-Request-Id');
  return gateway
    .logged()
    .filter(
      (line) => line['id'] === id || (line['audit'] as { requestId?: string } | undefined)?.requestId === id,
    )
    .map(({ id: _id, audit, ...line }) => ({
      ...line,
      audit: audit && { ...(audit as object), requestId: '' },
    }));
}

const wrongKey = generateClientKey('anna');

describe('a login that is refused on a kept-alive connection is answered, logged and counted like one on a new one', () => {
  it.each<[string, number, string, string, Record<string, string>?]>([
    ['a password that was wrong before', 401, '/v2.0/tokens', v2('anna', 'wrong')],
    ['a password of nobody', 401, '/v2.0/tokens', v2('nobody', 'wrong')],
    ['a name that is not ASCII', 401, '/v2.0/tokens', v2('zoë', 'größer')],
    ['a key of nobody', 401, '/v2.0/tokens', v2('anna', wrongKey)],
    ['a key that was mistyped', 401, '/v2.0/tokens', v2('anna', `${wrongKey}x`)],
    ['a key of another', 401, '/v2.0/tokens', v2('anna', robot.key)],
    ['words without end', 401, '/v2.0/tokens', v2('anna', 'x'.repeat(2_000))],
    [
      'an API key',
      401,
      '/v2.0/tokens',
      '{"auth":{"RAX-KSKEY:apiKeyCredentials":{"username":"anna","apiKey":"wrong"}}}',
    ],
    ['another spelling of the path', 401, '//v2.0/tokens/', v2('anna', 'wrong')],
    ['a caller of XML', 401, '/v2.0/tokens', v2('anna', 'wrong'), { Accept: 'application/xml' }],
    ['a suffix', 401, '/v2.0/tokens.xml', v2('anna', 'wrong')],
    ['a login of v3', 401, '/v3/auth/tokens', v3('anna', 'wrong')],
    ['a login of v3 without a catalog', 401, '/v3/auth/tokens?nocatalog', v3('anna', 'wrong')],
    ['an application credential', 401, '/v3/auth/tokens', applicationCredential('anna', wrongKey)],
    [
      'a traced one',
      401,
      '/v2.0/tokens',
      v2('anna', 'wrong'),
      { traceparent: `00-${'a1'.repeat(16)}-${'b2'.repeat(8)}-01` },
    ],
    ['a wrong token beside', 401, '/v2.0/tokens', v2('anna', 'wrong'), { 'X-Auth-Token': 'anything' }],
  ])('%s', async (_what, status, path, body, fields) => {
    const host = { Host: new URL(gateway.url).host, ...JSON_TYPE, ...fields };
    const [keptOne, first, second] = [await kept(), await connect(), await connect()];
    // It is verified once: what follows need not be.
    await first.ask(path, host, 'POST', body);
    const labels = { status: `${status}`, operation: 'other', method: 'POST' };
    const before = await gateway.metric('sluice_http_requests_total', labels);
    const byNode = await second.ask(path, host, 'POST', body);
    const fast = await keptOne.ask(path, host, 'POST', body);
    expect(fast.status).toBe(status);
    expect([isFast(byNode), isFast(fast)]).toEqual([false, FAST_PATH]);
    expect(essence(fast)).toEqual(essence(byNode));
    expect(await gateway.metric('sluice_http_requests_total', labels)).toBe(before + 2);
    await expect.poll(() => linesOf(fast)).toHaveLength(2);
    expect(linesOf(fast).map(withoutTimes)).toEqual(linesOf(byNode).map(withoutTimes));
    // The connection goes on, and whoever knows the password or a key is served on it.
    expect((await keptOne.ask(HIT, robot.headers)).status).toBe(200);
    expect((await keptOne.ask('/v2.0/tokens', JSON_TYPE, 'POST', v2('anna', 'right'))).status).toBe(200);
  });

  it.each([
    ['v2.0', '/v2.0/tokens', v2],
    ['v3', '/v3/auth/tokens', v3],
  ])('too many failures, at %s', async (_what, path, login) => {
    const host = { Host: new URL(gateway.url).host, ...JSON_TYPE };
    const [keptOne, fresh] = [await kept(), await connect()];
    for (let failure = 0; failure < 6; failure++)
      expect((await keptOne.ask(path, host, 'POST', login('anna', `guess ${failure}`))).status).toBe(401);
    const byNode = await fresh.ask(path, host, 'POST', login('anna', 'another guess'));
    const fast = await keptOne.ask(path, host, 'POST', login('anna', 'yet another'));
    expect(fast.status).toBe(429);
    expect(fast.field('retry-after')).toBe('1');
    expect([isFast(byNode), isFast(fast)]).toEqual([false, FAST_PATH]);
    expect(essence(fast)).toEqual(essence(byNode));
    expect(linesOf(fast).map(withoutTimes)).toEqual(linesOf(byNode).map(withoutTimes));
  });
});

/** Times are measured. */
function withoutTimes(line: unknown): unknown {
  const { ms: _ms, time: _time, ...rest } = line as Record<string, unknown>;
  return rest;
}

describe('what is more than one plain login is read by Node', () => {
  const login = v2('anna', wrongKey);
  const text = (fields: Record<string, string>, body = login) =>
    requestText('gw', '/v2.0/tokens', { ...JSON_TYPE, ...fields }, 'POST', body);

  it('two in one piece have an answer each, in their order', async () => {
    const connection = await kept();
    connection.write(text({}) + requestText('gw', '/v2.0/nothing', {}) + text({}));
    const statuses: number[] = [];
    for (let at = 0; at < 3; at++) statuses.push((await connection.answer()).status);
    expect(statuses).toEqual([401, 404, 401]);
  });

  it('a request in a body is no request', async () => {
    const connection = await kept();
    const inner = requestText('gw', HIT, robot.headers);
    const answer = await connection.ask('/v2.0/tokens', JSON_TYPE, 'POST', inner);
    expect(answer.status).toBe(400);
    expect((await connection.ask('/v2.0/tokens', JSON_TYPE, 'POST', login)).status).toBe(401);
  });

  it('a body in two pieces is waited for', async () => {
    const connection = await kept();
    const [whole, cut] = [text({}), text({}).length - 20];
    connection.write(whole.slice(0, cut));
    await new Promise(setImmediate);
    connection.write(whole.slice(cut));
    const answer = await connection.answer();
    expect(answer.status).toBe(401);
    // Whether they came in one piece is the network's affair.
    expect((await connection.ask('/v2.0/tokens', JSON_TYPE, 'POST', login)).status).toBe(401);
  });

  it.each<[string, string, number]>([
    ['a length and chunks', text({ 'Transfer-Encoding': 'chunked' }), 400],
    ['two lengths', text({}).replace('Host: gw', `Host: gw\r\nContent-Length: ${login.length}`), 400],
    ['two hosts', text({}).replace('Host: gw', 'Host: gw\r\nHost: other'), 400],
    ['another type', text({ 'Content-Type': 'text/plain' }), 415],
    ['no JSON', text({}, '{"auth"'), 400],
    ['no credentials', text({}, '{"auth":{}}'), 400],
    ['a format that there is none of', text({ Accept: 'text/plain' }), 406],
  ])('%s', async (_what, request, status) => {
    const connection = await kept();
    connection.write(request);
    const answer = await connection.answer();
    expect(answer.status).toBe(status);
    expect(isFast(answer)).toBe(false);
  });

  it('whoever shows a key beside is looked at as before', async () => {
    const connection = await kept();
    const answer = await connection.ask('/v2.0/tokens', { ...JSON_TYPE, ...robot.headers }, 'POST', login);
    expect(answer.status).toBe(401);
    expect(isFast(answer)).toBe(false);
  });
});
