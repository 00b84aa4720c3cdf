import { beforeEach, describe, expect } from 'vitest';
import { ask } from '../support/ask.ts';
import { keysMode, testClient } from '../support/clients.ts';
import { connectRaw } from '../support/raw-connection.ts';
import { scenario } from '../support/scenario.ts';
import { text } from '../support/stub-answers.ts';

/**
 * What was tried at a running gateway and is no other file's, a line an attack: what comes in, and what must not come out of it.
 */

const P = '/dfw/v2/700100';
const whole = testClient('whole');
const careful = testClient('careful', { deny: ['deleteServer', '*Image', 'other'] });
const partly = testClient('partly', { deny: ['deleteServer', 'createImage'] });
const lister = testClient('lister', { allow: ['list*', 'other'] });

const { it, gateway, dfw, clock } = scenario('file', {
  standstill: true,
  settings: { limits: { enabled: false }, ...keysMode([whole, careful, partly, lister]) },
});

beforeEach(() => {
  dfw.forget();
  dfw.on('POST /servers/1/action', text('', 202));
});

/** What reached the region on somebody's behalf. */
const arrived = () =>
  dfw
    .requests()
    .filter(({ headers }) => 'x-auth-token' in headers)
    .map(({ method, path }) => `${method} ${path}`);

describe('a second request hidden in a body', () => {
  const hidden = `GET ${P}/servers/hidden HTTP/1.1\r\nHost: gw\r\nX-Auth-Token: ${whole.key}\r\n\r\n`;
  const framed = (fields: string, body: string) =>
    `POST ${P}/servers HTTP/1.1\r\nHost: gw\r\nX-Auth-Token: ${whole.key}\r\nContent-Type: application/json\r\n${fields}\r\n${body}${hidden}`;

  it.each<[what: string, fields: string, body: string, status: number]>([
    ['a length and chunks', 'Content-Length: 6\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\nG', 400],
    ['two lengths alike', 'Content-Length: 2\r\nContent-Length: 2\r\n', '{}', 400],
    ['a list of lengths', 'Content-Length: 2, 2\r\n', '{}', 400],
    ['a length with a sign', 'Content-Length: +2\r\n', '{}', 400],
    ['a coding that is none', 'Transfer-Encoding: xchunked\r\n', '0\r\n\r\n', 400],
    ['chunks that are not last', 'Transfer-Encoding: chunked, identity\r\n', '0\r\n\r\n', 400],
    ['a coding below the chunks', 'Transfer-Encoding: gzip, chunked\r\n', '2\r\n{}\r\n0\r\n\r\n', 501],
    ['chunks twice', 'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n', 400],
    ['a folded field', 'Transfer-Encoding:\r\n chunked\r\n', '0\r\n\r\n', 400],
    ['a blank before the colon', 'Transfer-Encoding : chunked\r\n', '0\r\n\r\n', 400],
    ['a line that ends in LF', 'X-A: b\nContent-Length: 2\r\n', '{}', 400],
    ['a line that ends in CR', 'X-A: b\rContent-Length: 99\r\nContent-Length: 2\r\n', '{}', 400],
    ['a chunk’s length with 0x', 'Transfer-Encoding: chunked\r\n', '0x2\r\n{}\r\n0\r\n\r\n', 400],
    ['a chunk longer than it says', 'Transfer-Encoding: chunked\r\n', '2\r\n{}XX0\r\n\r\n', 400],
  ])('is none: with %s', async (_what, fields, body, status) => {
    const connection = await connectRaw(gateway.url);
    connection.write(framed(fields, body));
    const answer = await connection.answer();
    expect([answer.status, answer.field('connection')]).toEqual([status, 'close']);
    await expect(connection.answer()).rejects.toThrow('ended after ""');
    expect(arrived()).toEqual([]);
    connection.close();
  });
});

describe('what a grant denies', () => {
  const act = (client: typeof whole, body: string) =>
    ask(`${gateway.url}${P}/servers/1/action`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...client.headers },
      body,
    });

  it.each<[what: string, client: typeof whole, body: string, status: number]>([
    ['other: an extension’s action', careful, '{"os-stop":null}', 403],
    ['other: an action nearly of the guide’s', careful, '{"CREATEIMAGE":{"name":"x"}}', 403],
    ['*Image, its name in escapes', careful, '{"\\u0063reateImage":{"name":"x"}}', 403],
    ['*Image beside another', careful, '{"reboot":{},"createImage":{"name":"x"}}', 400],
    ['deleteServer: deleted for good', partly, '{"forceDelete":null}', 403],
    [
      'createImage: a backup',
      partly,
      '{"createBackup":{"name":"x","backup_type":"daily","rotation":1}}',
      403,
    ],
    ['what it does not: another action', partly, '{"os-stop":null}', 202],
    ['what is not allowed: deleted for good', lister, '{"forceDelete":null}', 403],
    ['what is not: an action that is other', lister, '{"os-stop":null}', 202],
    ['nothing', whole, '{"forceDelete":null}', 202],
  ])('is not to be had as something else: %s', async (_what, client, body, status) => {
    expect((await act(client, body)).status).toBe(status);
    expect(arrived()).toEqual(status === 202 ? ['POST /servers/1/action'] : []);
  });

  it.each([
    ...[
      '//servers//1',
      '/servers/1/',
      '/servers/1.json',
      '/%73ervers/1',
      '/servers/1?x=.xml',
      '/./servers/1',
    ],
    ...[
      '/servers%2F1',
      '/servers/x/../1',
      '/os-x/%2e%2e/servers/1',
      '/os-x/%252e%252e/servers/1',
      '/servers/1;x',
    ],
    ...['/servers/1%00', '/SERVERS/1', '/servers/1%20', '/%2573ervers/1'],
  ])('is not to be had by another spelling: %s', async (path) => {
    for (const base of [P, '/dfw/700100', '/v2/-', '/DFW/v2/%37%30%30100', '/all/../dfw/v2/700100']) {
      const { status } = await ask(gateway.url + base + path, { method: 'DELETE', headers: careful.headers });
      expect([base, [400, 403, 404, 405].includes(status)]).toEqual([base, true]);
    }
    expect(arrived()).toEqual([]);
  });
});

it('nothing in the log or the audit log is an order to a terminal, whatever callers and regions write', async () => {
  const orders = '\u009b31m\u0085';
  dfw.on(
    'GET /servers/odd',
    text('{"itemNotFound":{"code":404,"message":"\u009b31m\u202e"}}', 404, {
      'content-type': 'application/json',
      'x-compute-request-id': `req-${orders}`,
    }),
  );
  const connection = await connectRaw(gateway.url);
  const fields = { 'X-Auth-Token': whole.key, 'User-Agent': `agent ${orders}` };
  expect((await connection.ask(`${P}/servers/odd`, fields)).status).toBe(404);
  for (const id of ['%C2%9B31m', '%E2%80%AE', '%1B[31m', '%E2%80%A8'])
    expect((await connection.ask(`${P}/servers/${id}`, fields, 'DELETE')).status).toBeLessThan(500);
  connection.close();
  const ofRequests = () => gateway.logged().filter(({ method }) => method === 'DELETE' || method === 'GET');
  await expect.poll(() => ofRequests().length).toBeGreaterThanOrEqual(5);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is looked for
  expect(gateway.logText()).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028-\u202e]/);
  // What was written is still to be read.
  const agents = gateway.logged().map((line) => line['user_agent.original']);
  expect(agents).toContain(`agent ${orders}`);
  expect(gateway.logged().flatMap(({ audit }) => (audit as { resource?: string })?.resource ?? [])).toEqual(
    expect.arrayContaining(['\u009b31m', '\u202e']),
  );
});

it('a token that was got with a token ends when that does, however often it is renewed', async () => {
  const asJson = { 'content-type': 'application/json' };
  const login = async (auth: object) => {
    const answer = await ask(`${gateway.url}/v2.0/tokens`, {
      method: 'POST',
      headers: asJson,
      body: JSON.stringify({ auth }),
    });
    expect(answer.status).toBe(200);
    return answer.json<{ access: { token: { id: string; expires: string } } }>().access.token;
  };
  const first = await login({ passwordCredentials: { username: whole.name, password: whole.key } });
  let last = first;
  for (let renewal = 0; renewal < 3; renewal++) {
    clock.tick(3_600_000);
    last = await login({ token: { id: last.id } });
    expect(last.expires).toBe(first.expires);
  }
  expect(last.id).not.toBe(first.id);
  const headers = { ...asJson, 'x-auth-token': last.id };
  const v3 = await ask(`${gateway.url}/v3/auth/tokens`, {
    method: 'POST',
    headers: asJson,
    body: JSON.stringify({ auth: { identity: { methods: ['token'], token: { id: last.id } } } }),
  });
  expect(Date.parse(v3.json<{ token: { expires_at: string } }>().token.expires_at)).toBe(
    Date.parse(first.expires),
  );
  expect((await ask(`${gateway.url}${P}/servers`, { headers })).status).toBe(200);
  clock.tick(Date.parse(first.expires) - clock.now());
  expect((await ask(`${gateway.url}${P}/servers`, { headers })).status).toBe(401);
  // Who shows the key itself gets a whole day again.
  const again = await login({ token: { id: whole.key } });
  expect(Date.parse(again.expires) - clock.now()).toBeGreaterThan(23 * 3_600_000);
});
