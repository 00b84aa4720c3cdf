import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Stored } from '../../src/cache/cache.ts';
import { type RedisServer, redisAvailable, startRedis } from '../support/redis-server.ts';
import {
  answering,
  type Instance,
  never,
  ok,
  openInstance,
  ShiftedClock,
  status,
} from '../unit/cache/instances.ts';
import { askFor, flavorsDetail, gate, imageText } from '../unit/cache/support.ts';

/**
 * What holds wherever answers are kept. With memory the writer and the reader are one instance; with Redis they are
 * two, so that everything read has been through the second level.
 */
const kinds = [
  { kind: 'memory', withRedis: false },
  ...(redisAvailable() ? [{ kind: 'Redis', withRedis: true }] : []),
];
let redis: RedisServer | undefined;
beforeAll(async () => {
  if (redisAvailable()) redis = await startRedis();
});
afterAll(() => redis?.stop());

const detail = askFor('/flavors/detail');
const image = askFor('/images/a');
const images = askFor('/images');

describe.each(kinds)('answers kept in $kind', ({ withRedis }) => {
  let clock: ShiftedClock;
  let writer: Instance;
  let reader: Instance;
  let open: Instance[];

  const openOne = async (): Promise<Instance> => {
    const instance = openInstance(withRedis ? redis!.url : null, clock);
    open.push(instance);
    if (withRedis) await isConnected(instance);
    return instance;
  };

  beforeEach(async () => {
    clock = new ShiftedClock();
    open = [];
    writer = await openOne();
    await writer.cache.purge({});
    reader = withRedis ? await openOne() : writer;
  });
  afterEach(() => Promise.all(open.map(({ cache }) => cache.close())));

  it('are read back as they were written, text and headers', async () => {
    const body = `{"flavors": [], "text": "Ünïcödé \\u0000 ${'long '.repeat(500)}"}`;
    await writer.get(detail, answering(ok(body)));
    const { entry, verdict } = await reader.get(detail, never);
    expect([verdict, entry.status, entry.body, entry.headers]).toEqual([
      'hit',
      200,
      body,
      { 'openstack-api-version': 'compute 2.1' },
    ]);
  });

  it('are never shown to another tenant, account, region or microversion', async () => {
    await writer.get(detail, answering(ok('"mine"')));
    for (const other of [{ tenant: '1' }, { account: 'b' }, { region: 'ORD' }, { variant: 'x' }])
      expect((await reader.get({ ...detail, ...other }, answering(ok('"theirs"')))).entry.body).toBe(
        '"theirs"',
      );
  });

  it('include that there is no such item, for seconds', async () => {
    await writer.get(image, answering(status(404)));
    expect((await reader.get(image, never)).entry.status).toBe(404);
    clock.shift(10_000);
    expect((await reader.get(image, answering(ok('"made"')))).entry.body).toBe('"made"');
  });

  it.each([401, 403, 413, 500, 503])('do not include a %d', async (code) => {
    await writer.get(detail, answering(status(code)));
    expect((await reader.get(detail, answering(ok('"next"')))).entry.body).toBe('"next"');
  });

  it('that are stale are served while one request refreshes them', async () => {
    await writer.get(images, answering(ok('"old"')));
    clock.shift(301_000);
    const stale = await reader.get(images, answering(ok('"new"')));
    expect([stale.verdict, stale.entry.body]).toEqual(['stale', '"old"']);
    await vi.waitFor(async () => expect((await writer.get(images, never)).entry.body).toBe('"new"'));
  });

  it('stand in for an upstream that fails', async () => {
    await writer.get(images, answering(ok('"old"')));
    clock.shift(4_000_000);
    const fetched = await reader.get(images, answering(status(503)));
    expect([fetched.verdict, fetched.reason, fetched.entry.body]).toEqual([
      'stale',
      'stale-if-error',
      '"old"',
    ]);
    clock.shift(86_400_000);
    expect((await reader.get(images, answering(status(503)))).entry.status).toBe(503);
  });

  it('about an image that is being saved are asked for again after seconds', async () => {
    await writer.get(image, answering(ok(`{"image": ${imageText({ id: 'a', status: 'SAVING' })}}`)));
    clock.shift(5000);
    expect((await reader.get(image, answering(ok('"saved"')))).entry.body).toBe('"saved"');
  });

  it('are gone for everybody once a write has touched them', async () => {
    for (const ask of [image, images]) await writer.get(ask, answering(ok('"old"')));
    for (const ask of [image, images]) await reader.get(ask, never);
    await writer.cache.invalidate({ ...image, invalidates: ['image', 'imageLists'] });
    await vi.waitFor(() => expect(reader.cache.lookup(image).verdict).toBe('miss'));
    for (const ask of [image, images])
      expect((await reader.get(ask, answering(ok('"new"')))).entry.body).toBe('"new"');
  });

  it('never include an answer that was asked for before a write and came after it', async () => {
    const work = gate<Stored>();
    const asked = gate<void>();
    const early = reader.get(image, () => {
      asked.open();
      return work.promise;
    });
    await asked.promise;
    await writer.cache.invalidate({ ...image, invalidates: ['image'] });
    work.open(ok('"old"'));
    expect((await early).entry.body).toBe('"old"');
    const third = withRedis ? await openOne() : reader;
    expect((await third.get(image, answering(ok('"new"')))).entry.body).toBe('"new"');
  });

  it('are purged by account, region and resource', async () => {
    for (const region of ['DFW', 'ORD'])
      await writer.get({ ...detail, region }, answering(ok(flavorsDetail())));
    await writer.cache.purge({ account: 'main', region: 'dfw', resource: 'flavors' });
    const third = withRedis ? await openOne() : reader;
    expect((await third.get({ ...detail, region: 'ORD' }, never)).verdict).toBe('hit');
    expect((await third.get(detail, answering(ok('"new"')))).entry.body).toBe('"new"');
  });

  it('are fetched once for all callers of all instances', async () => {
    let loads = 0;
    const work = gate<Stored>();
    const asked = gate<void>();
    const load = () => {
      loads++;
      asked.open();
      return work.promise;
    };
    const first = writer.get(detail, load);
    await asked.promise;
    const others = Array.from({ length: 20 }, (_, at) => [writer, reader][at % 2]!.get(detail, load));
    work.open(ok('"once"'));
    for (const { entry } of await Promise.all([first, ...others])) expect(entry.body).toBe('"once"');
    expect(loads).toBe(1);
  });

  it('leave the next caller free to ask when a fetch has failed', async () => {
    const failing = async () => {
      throw new Error('reset');
    };
    await expect(writer.get(detail, failing)).rejects.toThrow('reset');
    expect((await reader.get(detail, answering(ok('"next"')))).entry.body).toBe('"next"');
  });
});

/** The connection comes up in the background; a purge that is told proves it, news included. */
async function isConnected({ cache, commands }: Instance): Promise<void> {
  await vi.waitFor(async () => {
    await cache.purge({ account: 'nobody' });
    expect(commands).toContain('scopes ok');
  });
}
