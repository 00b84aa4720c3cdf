import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished } from 'vitest';
import { type Answered, ask } from '../support/ask.ts';
import { type Creations, creates } from '../support/creating-region.ts';
import { createGate } from '../support/gate.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { redisAvailable, startRedis } from '../support/redis-server.ts';
import { scenario } from '../support/scenario.ts';
import { empty, fault, hang, json, reset, text, unavailable } from '../support/stub-answers.ts';

const { it, gateway, upstream, dfw } = scenario('test', {
  regions: ['DFW', 'ORD'],
  settings: { upstream: { headersTimeoutMs: 500 } },
});
let made: Creations;

beforeEach(() => {
  made = creates(dfw);
});

interface Sent {
  key?: string;
  name?: string;
  headers?: Record<string, string>;
  to?: TestGateway;
  region?: string;
  metadata?: Record<string, string>;
}

function create({
  key = '"k-1"',
  name = 'n',
  headers = {},
  to = gateway,
  region = 'dfw',
  metadata,
}: Sent = {}) {
  return ask(`${to.url}/${region}/v2/700100/servers`, {
    method: 'POST',
    body: JSON.stringify({ server: { name, flavorRef: '1', imageRef: 'i', metadata } }),
    headers: { 'content-type': 'application/json', 'idempotency-key': key, ...headers },
  });
}

const action = (body: object, key: string): Promise<Answered> =>
  ask(`${gateway.url}/dfw/v2/700100/servers/1/action`, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json', 'idempotency-key': key },
  });

describe('the same key and body again', () => {
  it('gives the first answer, password included, and makes no second server', async () => {
    const first = await create();
    const again = await create();
    expect(first.status).toBe(202);
    expect(first.headers).not.toHaveProperty('idempotent-replayed');
    expect(again.status).toBe(202);
    expect(again.json()).toEqual(first.json());
    expect(again.headers).toMatchObject({
      'idempotent-replayed': 'true',
      location: first.headers.location,
    });
    expect(made.servers).toHaveLength(1);
    expect(await gateway.metric('sluice_idempotency_requests_total', { outcome: 'replayed' })).toBe(1);
  });

  it('is the same in XML, in another order of members, and with a key without quotes', async () => {
    await create();
    const xml = await ask(`${gateway.url}/dfw/v2/700100/servers`, {
      method: 'POST',
      body: '<server xmlns="http://docs.openstack.org/compute/api/v1.1" imageRef="i" flavorRef="1" name="n"/>',
      headers: {
        'content-type': 'application/xml',
        accept: 'application/xml',
        'idempotency-key': 'k-1',
      },
    });
    expect(xml.status).toBe(202);
    expect(xml.text).toMatch(/^<\?xml.*<server /s);
    expect(xml.headers).toHaveProperty('idempotent-replayed', 'true');
    expect(made.servers).toHaveLength(1);
  });

  it('replays what was refused for good', async () => {
    dfw.on('POST /servers', fault('badRequest', 400, 'no such flavor'), json({ server: { id: '2' } }, 202));
    expect((await create()).status).toBe(400);
    const again = await create();
    expect(again.status).toBe(400);
    expect(again.text).toContain('no such flavor');
    expect(dfw.count('POST /servers')).toBe(1);
  });

  it.each([
    ['503', unavailable],
    ['a quota', fault('overLimit', 413, 'Quota exceeded: instances')],
  ])('is sent again after %s, which did nothing', async (_what, answer) => {
    dfw.on('POST /servers', answer, json({ server: { id: '2' } }, 202));
    expect((await create()).status).toBeGreaterThanOrEqual(400);
    expect((await create()).status).toBe(202);
    expect(dfw.count('POST /servers')).toBe(2);
  });

  it('is sent again when the region could not be reached', async () => {
    await dfw.refuse();
    expect((await create()).status).toBe(503);
    await dfw.accept();
    expect((await create()).status).toBe(202);
    expect(made.servers).toHaveLength(1);
  });
});

describe('twenty at once', () => {
  it('with one key make one server and get one answer', async () => {
    made.fail = async (exchange) => {
      await new Promise((resolve) => setTimeout(resolve, 100));
      await json({ server: { id: made.servers[0]!.id } }, 202)(exchange);
    };
    const answers = await Promise.all(Array.from({ length: 20 }, () => create()));
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
    expect(made.servers).toHaveLength(1);
  });

  it('are 409 at once where they may not wait', async () => {
    let go = () => {};
    const held = new Promise<void>((resolve) => {
      go = resolve;
    });
    made.fail = async (exchange) => {
      await held;
      await json({ server: { id: 'x' } }, 202)(exchange);
    };
    const first = create();
    await expect.poll(() => made.servers.length).toBe(1);
    const second = await create({ headers: { 'x-sluice-max-wait': '0' } });
    expect(second.status).toBe(409);
    expect(second.json()).toHaveProperty('conflictingRequest.code', 409);
    expect(second.headers).toHaveProperty('retry-after', '1');
    go();
    expect((await first).status).toBe(202);
  });
});

describe('a key', () => {
  it('with another body, path or region is 422, in the format of its caller', async () => {
    await create();
    const other = await create({ name: 'another' });
    expect(other.status).toBe(422);
    expect(other.json()).toHaveProperty('badRequest.code', 422);
    expect((await create({ region: 'ord' })).status).toBe(422);
    expect((await action({ reboot: { type: 'SOFT' } }, 'k-1')).status).toBe(422);
    const xml = await create({ name: 'another', headers: { accept: 'application/xml' } });
    expect(xml.text).toMatch(/<badRequest [^>]*code="422"/);
    expect(made.servers).toHaveLength(1);
  });

  it.each(['', '""', '"a', 'a b', 'a, b', `"${'x'.repeat(256)}"`, '"ä"'])('%j is 400', async (key) => {
    expect((await create({ key: Buffer.from(key).toString('latin1') })).status).toBe(400);
    expect(made.servers).toHaveLength(0);
  });

  it('of one client says nothing to another', async () => {
    await create({ headers: { 'x-sluice-client': 'one' } });
    const settings = { access: { clients: [{ name: 'one' }, { name: 'two' }] } };
    await gateway.reload(settings);
    expect((await create({ headers: { 'x-sluice-client': 'one' }, key: 'k-2' })).status).toBe(202);
    const other = await create({ headers: { 'x-sluice-client': 'two' }, key: 'k-2', name: 'mine' });
    expect(other.status).toBe(202);
    expect(other.headers).not.toHaveProperty('idempotent-replayed');
    expect(made.servers).toHaveLength(3);
  });

  it('outlives a reload', async () => {
    await create();
    await gateway.reload({ limits: { maxQueue: 7 } });
    expect((await create()).headers).toHaveProperty('idempotent-replayed', 'true');
  });

  it('is kept for every POST of the table, and is nothing to others', async () => {
    dfw.on('POST /servers/1/action', ({ response }) => void response.writeHead(202).end());
    for (let time = 0; time < 2; time++)
      expect((await action({ reboot: { type: 'SOFT' } }, 'k-9')).status).toBe(202);
    expect(dfw.count('POST /servers/1/action')).toBe(1);
    const bad = { headers: { 'idempotency-key': '"' } };
    expect((await ask(`${gateway.url}/dfw/v2/700100/servers`, bad)).status).toBe(200);
  });
});

describe('a create whose answer is lost', () => {
  it.each([
    ['by a reset', reset],
    ['in silence', hang],
    ['behind a 502', text('bad gateway', 502)],
    ['behind a 504', text('gateway timeout', 504)],
    ['behind a 500', fault('computeFault', 500, 'Unexpected API Error')],
  ])('%s is found at the region and answered', async (_how, answer) => {
    made.fail = answer;
    const first = await create();
    expect(first.status).toBe(202);
    expect(first.headers).toHaveProperty('x-sluice-recovered', 'true');
    const { server } = first.json<{ server: { id: string; links: { href: string }[] } }>();
    expect(server.id).toBe(made.servers[0]!.id);
    expect(server.links[0]!.href).toBe(`${gateway.url}/dfw/v2/700100/servers/${server.id}`);
    expect(first.headers.location).toBe(`${gateway.url}/dfw/v2/700100/servers/${server.id}`);
    const again = await create();
    expect(again.json()).toEqual(first.json());
    expect(made.servers).toHaveLength(1);
  });

  it('and which cannot be found is 500, and never sent again while it may be under way', async () => {
    made.fail = reset;
    made.hidden = true;
    const first = create({ headers: { 'x-sluice-max-wait': '0' } });
    const second = await create();
    expect((await first).status).toBe(500);
    expect(second.status).toBe(500);
    expect(second.text).toMatch(/same Idempotency-Key/);
    expect(second.headers).toHaveProperty('retry-after');
    made.hidden = false;
    expect((await create()).headers).toHaveProperty('x-sluice-recovered', 'true');
    expect(made.servers).toHaveLength(1);
    expect(dfw.count('POST /servers')).toBe(1);
  }, 60_000);

  it('and which has made nothing is sent again once that is certain', async () => {
    await gateway.reload({ idempotency: { settleMs: 1000 } });
    dfw.on('POST /servers', reset, json({ server: { id: '2' } }, 202));
    expect((await create()).status).toBe(500);
    expect((await create()).status).toBe(202);
    expect(dfw.count('POST /servers')).toBe(2);
  }, 60_000);

  it('and which has made nothing, but may have, is not sent again after a 500 either', async () => {
    made.fail = fault('computeFault', 500, 'Unexpected API Error');
    made.hidden = true;
    const first = await create();
    expect(first.status).toBe(500);
    expect(first.text).toMatch(/500 \(Unexpected API Error\).*same Idempotency-Key/);
    made.fail = undefined;
    expect((await create()).status).toBe(500);
    made.hidden = false;
    expect((await create()).headers).toHaveProperty('x-sluice-recovered', 'true');
    expect(made.servers).toHaveLength(1);
  });

  it('and of which a 503 says that it was not done is looked for again before it is sent again', async () => {
    made.fail = unavailable;
    made.hidden = true;
    expect((await create()).status).toBe(503);
    made.hidden = false;
    expect((await create()).headers).toHaveProperty('x-sluice-recovered', 'true');
    expect(made.servers).toHaveLength(1);
  });

  it('and which bears no stamp is never sent again: that cannot be found out', async () => {
    await gateway.reload({ idempotency: { settleMs: 1000 }, limits: { source: 'static' } });
    dfw.on('GET /limits', json({ limits: { rate: [], absolute: { maxServerMeta: 4 } } }));
    const metadata = { a: '1', b: '2', c: '3', d: '4' };
    made.fail = reset;
    const answers = [await create({ metadata }), await create({ metadata })];
    const settledAt = Date.now() + 1000;
    await expect.poll(() => Date.now(), { timeout: 5000 }).toBeGreaterThan(settledAt);
    answers.push(await create({ metadata }));
    for (const { status, text } of answers)
      expect([status, text]).toEqual([500, expect.stringMatching(/cannot be found out/)]);
    expect(made.servers).toHaveLength(1);
    expect(dfw.count('POST /servers')).toBe(1);
  });

  it.each([
    ['is a page', text('<html>accepted</html>', 202)],
    ['is empty', empty(202)],
  ])('or says nothing: it %s', async (_what, answer) => {
    made.fail = answer;
    const first = await create();
    expect(first.headers).toHaveProperty('x-sluice-recovered', 'true');
    expect(first.json()).toHaveProperty('server.id', made.servers[0]!.id);
  });

  it('is not taken for an older one of the same key, or for a copy of its metadata', async () => {
    await create();
    const old = made.servers[0]!;
    old.created = '2020-01-01T00:00:00Z';
    await gateway.reload({ idempotency: { keepMs: 60_001 } });
    made.fail = reset;
    const again = await create();
    expect(again.headers).toHaveProperty('x-sluice-recovered', 'true');
    expect(again.json()).toHaveProperty('server.id', made.servers[1]!.id);
  });

  it('is found though the clock of its region is far behind', async () => {
    const hourMs = 3_600_000;
    const behind = (ms: number) => new Date(ms - hourMs).toISOString().replace(/\.\d+/, '');
    made.fail = reset;
    dfw.on('GET /servers/detail', async (exchange) => {
      const since = new URLSearchParams(exchange.request.query).get('changes-since')!;
      const [server] = made.servers;
      const servers =
        Date.parse(since) <= Date.now() - hourMs ? [{ ...server, created: behind(Date.now()) }] : [];
      await json({ servers }, 200, { date: new Date(Date.now() - hourMs).toUTCString() })(exchange);
    });
    expect((await create()).headers).toHaveProperty('x-sluice-recovered', 'true');
  });

  it('is answered though its caller has left', async () => {
    let go = () => {};
    const held = new Promise<void>((resolve) => {
      go = resolve;
    });
    made.fail = async (exchange) => {
      await held;
      await json({ server: { id: 'x' } }, 202)(exchange);
    };
    await gateway.reload({ upstream: { headersTimeoutMs: 30_000 } });
    const left = new AbortController();
    const first = ask(`${gateway.url}/dfw/v2/700100/servers`, {
      method: 'POST',
      body: JSON.stringify({ server: { name: 'n', flavorRef: '1', imageRef: 'i' } }),
      headers: { 'content-type': 'application/json', 'idempotency-key': 'k-1' },
      signal: left.signal,
    });
    await expect.poll(() => made.servers.length).toBe(1);
    left.abort();
    await expect(first).rejects.toThrow();
    go();
    const again = await create();
    expect(again.json()).toEqual({ server: { id: 'x' } });
    expect(made.servers).toHaveLength(1);
  });

  it('bears a stamp in its metadata from which nobody learns the key', async () => {
    await create({ key: 'a-very-particular-key' });
    const { metadata } = made.servers[0]!;
    expect(Object.keys(metadata)).toEqual(['sluice-idempotency']);
    expect(JSON.stringify(metadata)).not.toContain('particular');
  });

  it('without a key is 500, which no client takes for success or repeats', async () => {
    for (const answer of [reset, text('bad gateway', 502), text('timeout', 504)]) {
      made.fail = answer;
      const lost = await ask(`${gateway.url}/dfw/v2/700100/servers`, {
        method: 'POST',
        body: '{"server":{"name":"n"}}',
        headers: { 'content-type': 'application/json' },
      });
      expect(lost.status).toBe(500);
      expect(lost.json()).toHaveProperty('computeFault.code', 500);
      expect(lost.text).toMatch(/may have been done/);
    }
  });
});

describe('a ledger', () => {
  it('remembers over a restart, and holds neither key nor answer in plain', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sluice-keys-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const ledger = join(folder, 'ledger.json');
    const start = () => startGateway({ identityUrl: upstream.identityUrl, settings: { limits: { ledger } } });
    let front = await start();
    const { url: firstUrl } = front;
    const first = await create({ to: front, key: 'k-restart' });
    await front.close();
    const kept = await readFile(`${ledger}.keys`, 'utf8');
    expect(kept).not.toContain('k-restart');
    expect(kept).not.toContain('pass-');
    front = await start();
    const again = await create({ to: front, key: 'k-restart' });
    expect(again.text.replaceAll(front.url, '')).toBe(first.text.replaceAll(firstUrl, ''));
    expect(again.headers).toHaveProperty('idempotent-replayed', 'true');
    expect(made.servers).toHaveLength(1);
    await front.close();
  });
});

describe('a ledger that was damaged', () => {
  it('is not taken for one that holds nothing: what was made is found', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sluice-keys-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const ledger = join(folder, 'ledger.json');
    const start = () => startGateway({ identityUrl: upstream.identityUrl, settings: { limits: { ledger } } });
    let front = await start();
    await create({ to: front });
    await front.close();
    await writeFile(`${ledger}.keys`, '\0'.repeat(4096));
    front = await start();
    expect((await create({ to: front })).headers).toHaveProperty('x-sluice-recovered', 'true');
    expect(made.servers).toHaveLength(1);
    await front.close();
  });
});

describe.skipIf(!redisAvailable())('several instances with a Redis', () => {
  const start = (url: string, settings = {}) =>
    startGateway({
      identityUrl: upstream.identityUrl,
      settings: { redis: { url, signingKeys: ['a key of thirty-two characters..'] }, ...settings },
    });

  it('make one server of one key, and give its answer everywhere', async () => {
    const redis = await startRedis();
    const fronts = await Promise.all([start(redis.url), start(redis.url), start(redis.url)]);
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, index) => create({ to: fronts[index % 3]!, key: 'shared' })),
    );
    expect(
      new Set(
        answers.map(({ status, json }) => JSON.stringify([status, json()]).replaceAll(/:\d{4,5}\//g, ':/')),
      ).size,
    ).toBe(1);
    expect(made.servers).toHaveLength(1);
    expect((await create({ to: fronts[1]!, key: 'shared', name: 'x' })).status).toBe(422);
    await Promise.all(fronts.map((front) => front.close()));
    await redis.stop();
  });

  it('make one server even where Redis has forgotten the key, or somebody has written over it', async () => {
    const redis = await startRedis();
    const [one, two] = await Promise.all([start(redis.url), start(redis.url)]);
    const first = await create({ to: one!, key: 'lost' });
    expect(first.status).toBe(202);
    await redis.restart();
    let again = first;
    await expect
      .poll(
        async () => {
          again = await create({ to: two!, key: 'lost' });
          return again.status;
        },
        { timeout: 20_000 },
      )
      .toBe(202);
    expect(again.headers).toHaveProperty('x-sluice-recovered', 'true');
    expect(made.servers).toHaveLength(1);
    await Promise.all([one!.close(), two!.close()]);
    await redis.stop();
  }, 60_000);

  it('look before they send what waited while Redis went away: another instance may have sent it', async () => {
    const redis = await startRedis();
    const settings = { limits: { source: 'static' } };
    const [one, two] = await Promise.all([start(redis.url, settings), start(redis.url, settings)]);
    // Whether there is room for one more item of metadata is asked between the claim and the sending.
    const room = createGate();
    dfw.on('GET /limits', async (exchange) => {
      if (room.arrivals === 0) await room.pass();
      await json({ limits: { rate: [], absolute: { maxServerMeta: 20 } } })(exchange);
    });
    const metadata = { a: '1', b: '2', c: '3', d: '4' };
    const waiting = create({ to: one!, key: 'away', metadata });
    await room.arrived(1);
    await redis.kill();
    expect((await create({ to: two!, key: 'away', metadata })).status).toBe(202);
    room.open();
    const answer = await waiting;
    expect([answer.status, answer.headers['x-sluice-recovered']]).toEqual([202, 'true']);
    expect(made.servers).toHaveLength(1);
    await Promise.all([one!.close(), two!.close()]);
    await redis.stop();
  });
});
