import { execFile, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { connectRaw, type RawAnswer, type RawConnection } from '../support/raw-connection.ts';
import type { StubRegion } from '../support/stub-region.ts';
import { type StubUpstream, startStubUpstream } from '../support/stub-upstream.ts';

const P = '/dfw/v2/700100';
const MEBIBYTE = 1024 * 1024;
const LARGE = Buffer.alloc(24 * MEBIBYTE, 0x20);
const run = promisify(execFile);
const hasPython = spawnSync('python3', ['--version']).status === 0;
if (!hasPython && process.env['CI'] === 'true')
  throw new Error('python3 is not installed; with CI=true the callers in Python must run');
if (!hasPython) console.warn('python3 is not installed: the callers in Python are skipped');

const head = (path: string, ...fields: string[]) =>
  `POST ${path} HTTP/1.1\r\n${['Host: gw', 'Content-Type: application/json', ...fields].join('\r\n')}\r\n\r\n`;

const SCRIPT = `
import http.client, sys, urllib.error, urllib.request
base, path, times, sizes = sys.argv[1:]
seen = []
for size in map(int, sizes.split(',')):
    for _ in range(int(times)):
        fields = {'Content-Type': 'application/json'}
        request = urllib.request.Request(base + path, data=b' ' * (size << 20), method='POST', headers=fields)
        try:
            urllib.request.urlopen(request)
        except urllib.error.HTTPError as error:
            error.read()
            seen.append(error.code)
        connection = http.client.HTTPConnection(base.split('//')[1])
        fields['Transfer-Encoding'] = 'chunked'
        body = (b' ' * 65536 for _ in range(size << 4))
        connection.request('POST', path, body, encode_chunked=True, headers=fields)
        answer = connection.getresponse()
        answer.read()
        seen.append(answer.status)
        connection.close()
print(set(seen), len(seen))
`;

/** What callers in Python read who send everything before: the set of statuses, and how many. @param sizes MiB */
async function fromPython(url: string, path: string, times: number, sizes: number[]): Promise<string> {
  const { stdout } = await run('python3', ['-c', SCRIPT, url, path, `${times}`, sizes.join()]);
  return stdout.trim();
}

describe.each([true, false])('with the fast path: %s', (fastPath) => {
  let upstream: StubUpstream;
  let gateway: TestGateway;
  let dfw: StubRegion;

  beforeAll(async () => {
    upstream = await startStubUpstream();
    dfw = upstream.region('DFW');
    gateway = await startGateway({ identityUrl: upstream.identityUrl, settings: { listen: { fastPath } } });
  });

  afterAll(async () => {
    await gateway.close();
    await upstream.close();
  });

  /** As callers that read nothing before all they have to say is said. */
  async function sendThenRead(url: string, ...parts: (string | Buffer)[]): Promise<RawAnswer> {
    const connection = await connectRaw(url);
    connection.socket.pause();
    await new Promise<void>((resolve, reject) => {
      connection.socket.once('error', reject);
      for (const part of parts.slice(0, -1)) connection.socket.write(part);
      connection.socket.write(parts.at(-1)!, () => resolve());
    });
    connection.socket.resume();
    const answer = await connection.answer();
    await ended(connection);
    return answer;
  }

  async function ended({ socket, answer }: RawConnection): Promise<void> {
    await expect(answer()).rejects.toThrow('ended after ""');
    if (!socket.closed) await once(socket.end(), 'close');
  }

  describe('a caller that sends its whole body before it reads', () => {
    const length = `Content-Length: ${LARGE.length}`;
    /** With its length announced, and without. */
    const framed = (path: string, ...fields: string[]): (string | Buffer)[][] => [
      [head(path, length, ...fields), LARGE],
      [
        head(path, 'Transfer-Encoding: chunked', ...fields),
        `${LARGE.length.toString(16)}\r\n`,
        LARGE,
        '\r\n0\r\n\r\n',
      ],
    ];

    it.each([
      ['an operation', `${P}/servers`],
      ['an action', `${P}/servers/1/action`],
      ['a login', '/v2.0/tokens'],
      ['a login of v3', '/v3/auth/tokens'],
    ])('reads 413 for %s, with its length announced and without', async (_what, path) => {
      for (const parts of framed(path)) {
        const answer = await sendThenRead(gateway.url, ...parts);
        expect([answer.status, answer.field('connection')]).toEqual([413, 'close']);
        expect(Object.values(JSON.parse(answer.body))).toMatchObject([{ code: 413 }]);
      }
      expect(dfw.count('POST /servers')).toBe(0);
    });

    it.each([
      ['an unknown tenant', '/dfw/v2/999/servers', 404],
      ['an unknown region', '/nowhere/v2/700100/servers', 404],
      ['a path that leads aside', `${P}/servers/../x`, 400],
      ['a method a path does not have', `${P}/flavors`, 405],
      ['a target that is too long', `${P}/${'x'.repeat(9_000)}`, 414],
      ['what is nowhere at the façade', '/v2.0/users', 404],
      ['what is nowhere at that of v3', '/v3/users', 404],
      ['a method that a version document does not have', '/v3', 405],
      ['a service that there is not', '/dfw/services/image/v2/images', 404],
    ])('reads why it is refused: %s', async (_what, path, status) => {
      for (const parts of framed(path))
        expect((await sendThenRead(gateway.url, ...parts)).status).toBe(status);
    });

    it('reads that its body is no HTTP', async () => {
      const parts = [head(`${P}/servers`, 'Transfer-Encoding: chunked'), 'xyz\r\n', LARGE];
      expect((await sendThenRead(gateway.url, ...parts)).status).toBe(400);
    });

    it('reads that its head is no HTTP', async () => {
      expect((await sendThenRead(gateway.url, 'GET / HTTP/9.9\r\n', LARGE)).status).toBe(400);
    });

    it.each([
      ['that is too long', '/admin/cache/purge', [], 413],
      ['of another type', '/admin/cache/purge', ['Content-Type: text/plain'], 415],
      ['for nothing', '/admin/nothing', [], 413],
      ['by a page of another site', '/admin/cache/purge', ['Origin: http://elsewhere.test'], 403],
    ])('reads why it is refused at the operators’ listener: one %s', async (_what, path, fields, status) => {
      for (const [first, ...rest] of framed(path)) {
        const own = fields.some((field) => field.startsWith('Content-Type'))
          ? (first as string).replace('Content-Type: application/json\r\n', '')
          : (first as string);
        const host = own.replace('Host: gw', ['Host: 127.0.0.1', ...fields].join('\r\n'));
        expect((await sendThenRead(gateway.adminUrl, host, ...rest)).status).toBe(status);
      }
    });

    it('does not take the answer for one to a request behind it', async () => {
      const behind = head(`${P}/servers`, 'Content-Length: 2');
      const answer = await sendThenRead(gateway.url, head(`${P}/servers`, length), LARGE, `${behind}{}`);
      expect(answer.status).toBe(413);
    });
  });

  it.skipIf(!hasPython)(
    'urllib and http.client of Python read their 413, twenty times of twenty',
    async () => {
      expect(await fromPython(gateway.url, `${P}/servers`, 20, [2, 8, 32])).toBe('{413} 120');
    },
    600_000,
  );

  it.skipIf(!hasPython).each([
    ['a login', () => gateway.url, '/v2.0/tokens'],
    ['a login of v3', () => gateway.url, '/v3/auth/tokens'],
    ['the operators’ listener', () => gateway.adminUrl, '/admin/cache/purge'],
  ])(
    'they read it at %s as well',
    async (_what, url, path) => {
      expect(await fromPython(url(), path, 5, [2, 8])).toBe('{413} 20');
    },
    600_000,
  );

  it.each(['/v2.0/tokens', '/v3/auth/tokens'])('a login at %s has 112 KiB at most', async (path) => {
    const body = (length: number) => JSON.stringify({ auth: 'x'.repeat(length - 11) });
    const most = body(112 * 1024);
    const connection = await connectRaw(gateway.url);
    connection.write(head(path, `Content-Length: ${most.length}`) + most);
    expect([400, 401]).toContain((await connection.answer()).status);
    connection.close();
    const more = body(112 * 1024 + 1);
    for (const framing of [`Content-Length: ${more.length}`, 'Transfer-Encoding: chunked']) {
      const sent = framing.startsWith('T') ? `${more.length.toString(16)}\r\n${more}\r\n0\r\n\r\n` : more;
      const refused = await connectRaw(gateway.url);
      refused.write(head(path, framing) + sent);
      expect((await refused.answer()).status).toBe(413);
      refused.close();
    }
  });

  describe('a caller that asks whether to send its body', () => {
    const expecting = (path: string, length: number) =>
      head(path, `Content-Length: ${length}`, 'Expect: 100-continue');
    const body = '{"server":{"name":"a","imageRef":"1","flavorRef":"2"}}';

    it.each([
      ['an operation', `${P}/servers`, 202],
      ['what is passed on', `${P}/os-things`, 404],
    ])('is told to where it is read: %s', async (_what, path, status) => {
      const connection = await connectRaw(gateway.url);
      connection.write(expecting(path, body.length));
      expect((await connection.answer()).status).toBe(100);
      connection.write(body);
      expect((await connection.answer()).status).toBe(status);
      expect((await connection.ask(`${P}/flavors/detail`)).status).toBe(200);
      connection.close();
    });

    it.each([
      ['is too large', `${P}/servers`, LARGE.length, 413],
      ['is for nobody', '/dfw/v2/999/servers', 10, 404],
    ])('gets its answer instead where the body %s', async (_what, path, length, status) => {
      const connection = await connectRaw(gateway.url);
      connection.write(expecting(path, length));
      const answer = await connection.answer();
      expect([answer.status, answer.field('connection')]).toEqual([status, 'close']);
      await ended(connection);
    });
  });

  it('a body that was read whole leaves its connection as it is, whatever the answer', async () => {
    const connection = await connectRaw(gateway.url);
    const answer = await connection.ask(
      `${P}/servers`,
      { 'Content-Type': 'application/json' },
      'POST',
      '{"x"',
    );
    expect([answer.status, answer.field('connection')]).toEqual([400, 'keep-alive']);
    expect((await connection.ask(`${P}/flavors`)).status).toBe(200);
    connection.close();
  });
});
