import { Agent } from 'node:http';
import { Redis } from 'ioredis';
import { request } from 'undici';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { createLog } from '../../../src/telemetry/log.ts';
import { loggedError, redactText } from '../../../src/telemetry/redact.ts';

const SECRET = 'hunter2-f00dcafe';

/** What was thrown. */
async function thrownBy(run: () => unknown): Promise<unknown> {
  try {
    await run();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

const withFields = (message: string, fields: object) => Object.assign(new Error(message), fields);

/** Errors as libraries and Node make them, each of which carries the secret somewhere. */
const ERRORS: [what: string, make: () => unknown][] = [
  [
    'ioredis: the command that was refused',
    () =>
      withFields('WRONGPASS invalid username-password pair', {
        command: { name: 'auth', args: ['u', SECRET] },
      }),
  ],
  [
    'ioredis: the errors before',
    () =>
      withFields('Reached the max retries', {
        previousErrors: [withFields(SECRET, {})],
        lastNodeError: withFields('ECONNREFUSED', { command: { args: [SECRET] } }),
      }),
  ],
  [
    'Redis: an unknown command',
    () => new Error(`ERR unknown command 'AUTH', with args beginning with: '${SECRET}' `),
  ],
  ['an address', () => new URL(`http://[u:${SECRET}@`)],
  ['an address in a message', () => new Error(`cannot reach rediss://user:${SECRET}@redis.example:6379/0`)],
  [
    'an address with odd characters in its password',
    () => new Error(`cannot reach redis://:a@b/?#${SECRET}@redis:6379`),
  ],
  ['fetch: an address', () => fetch(`http://u:${SECRET}@127.0.0.1:1/`)],
  ['undici: a header', () => request('http://127.0.0.1:1', { headers: { 'x-auth-token': `${SECRET}\n` } })],
  ['undici: an address', () => request(`http://u:${SECRET}@127.0.0.1:1?token=${SECRET}`)],
  ['JSON: a short text', () => JSON.parse(SECRET)],
  ['JSON: a document', () => JSON.parse(`{"auth": {"password": "${SECRET}"`)],
  ['YAML', () => parse(`password: "${SECRET}\nx: [`)],
  [
    'Node: an argument of the wrong kind',
    () => new AbortController().signal.addEventListener('x', SECRET as never),
  ],
  ['Node: an argument of the wrong value', () => new Agent({ scheduling: SECRET as never })],
  ['Node: an argument', () => Buffer.alloc(SECRET as unknown as number)],
  ['a header in a message', () => new Error(`refused: X-Auth-Token: ${SECRET}`)],
  ['a body in a message', () => new Error(`refused: {"adminPass": "${SECRET}", "name": "x"}`)],
  ['credentials by scheme', () => new Error(`refused: Bearer ${SECRET}`)],
  [
    'a cause',
    () =>
      new Error('outer', {
        cause: new Error(`password=${SECRET}`, { cause: withFields('inner', { headers: SECRET }) }),
      }),
  ],
  [
    'members',
    () => new AggregateError([withFields('one', { request: { headers: SECRET } })], `token=${SECRET}`),
  ],
  ['a name and a code', () => withFields('m', { name: `X ${SECRET}`, code: `at ${SECRET}` })],
  ['no error at all', () => Promise.reject(SECRET)],
  ['an object with everything', () => Promise.reject({ message: SECRET, stack: SECRET })],
];

describe('an error in the log', () => {
  it.each(ERRORS)('says nothing that a secret could be in: %s', async (_, make) => {
    const thrown = await thrownBy(async () => {
      const made = await make();
      throw made;
    });
    const lines: string[] = [];
    const log = createLog(
      { level: 'trace', requests: 'all' },
      { write: (line: string) => void lines.push(line) },
    );
    log.error({ err: thrown }, 'it failed');
    log.child({ account: 'main' }).warn({ err: thrown });
    if (thrown instanceof Error) log.error(thrown);
    const text = lines.join('');
    expect(lines.length).toBeGreaterThanOrEqual(2);
    expect(text).not.toContain(SECRET);
    expect(text).toContain('"message"');
  });

  it('says what kind of error it is, its message, its code, where it was, and what was behind it', () => {
    const cause = withFields('connect ECONNREFUSED 127.0.0.1:6379', { code: 'ECONNREFUSED', port: 6379 });
    const logged = loggedError(new TypeError('fetch failed', { cause }));
    expect(logged).toMatchObject({
      type: 'TypeError',
      message: 'fetch failed',
      cause: { type: 'Error', message: 'connect ECONNREFUSED 127.0.0.1:6379', code: 'ECONNREFUSED' },
    });
    expect(logged.stack).toMatch(/^ {4}at .*redact\.test\.ts/);
    expect(Object.keys(logged.cause!)).toEqual(['type', 'message', 'code', 'stack']);
  });

  it('ends where causes go round in circles', () => {
    const error = new Error('round');
    error.cause = error;
    expect(JSON.stringify(loggedError(error)).match(/round/g)!.length).toBeLessThan(10);
  });
});

it('a password that Redis refuses is not logged, nor printed by the client', async () => {
  const redis = new Redis({ lazyConnect: true, password: SECRET, retryStrategy: null, port: 1 });
  const logged: unknown[] = [];
  redis.on('error', (error) => logged.push(loggedError(error)));
  await redis.connect().catch((error: unknown) => logged.push(loggedError(error)));
  expect(logged.length).toBeGreaterThan(0);
  expect(JSON.stringify(logged)).not.toContain(SECRET);
});

it.each([
  'Command timed out',
  "READONLY You can't write against a read only replica. script: 6dcd4ce23d88e2ee9568ba546c007c63d9131c1b, on @user_script:1.",
  'getaddrinfo ENOTFOUND identity.api.rackspacecloud.com',
  'the region answered 503 to GET /v2/700100/servers/0a3c31a7-8d2c-4d51-a3f1-6e4ad4b0b6f1',
  'Redis holds a token that is no token',
])('a text without secrets stays as it is: %s', (text) => {
  expect(redactText(text)).toBe(text);
});

it('is linear in the worst texts', () => {
  for (const unit of ['://', '://@', 'token', 'token ', 'token:   ', 'a-', '"', 'Bearer ', 'password="']) {
    const text = unit.repeat(100_000);
    expect(redactText(text).length).toBeLessThan(20_000);
  }
});
