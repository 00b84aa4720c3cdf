import { pathToFileURL } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Value } from '@sinclair/typebox/value';
import { type CacheRequest, createCache, type ResponseCache } from '../src/cache/cache.ts';
import { silentObserver } from '../src/cache/observer.ts';
import { CacheSchema, type CacheSettings } from '../src/cache/settings.ts';
import { systemClock } from '../src/clock.ts';
import { matchPath } from '../src/operations/match.ts';
import { flavorsDocument, imagesDocument, PROVIDER_METADATA } from './documents.ts';

/**
 * What the cache costs: bytes of memory held per byte of answers cached, that 100,000 keys stay within `maxBytes`, and
 * the time of a lookup. Memory is what the process holds (heap and buffers) after a full collection.
 */

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const settings = (maxBytes: number, derives: boolean): CacheSettings => ({
  ...(Value.Default(CacheSchema, {}) as CacheSettings),
  maxBytes,
  derive: { flavors: derives, images: derives },
});
const open = (maxBytes: number, derives = false) =>
  createCache({ settings: settings(maxBytes, derives), clock: systemClock, observe: silentObserver });

function askFor(path: string): CacheRequest {
  const match = matchPath('GET', path);
  if (match.kind !== 'operation') throw new Error(`${path} is no operation`);
  const { operation, params } = match;
  const where = {
    account: 'main',
    tenant: '010101',
    region: 'DFW',
    service: '',
    variant: '',
    cacheControl: undefined,
  };
  return { ...where, operation, params, path, query: '' };
}

function heldBytes(): number {
  for (let round = 0; round < 3; round++) collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** An image's answer of about that many bytes, as repetitive as real ones and no more. */
function bodyOf(id: string, bytes: number): string {
  const members: string[] = [];
  for (let length = 0, at = 0; length < bytes - 80; at++) {
    const member = `"org.example__${at}__${(at * 2_654_435_761) % 97}": "value ${(at * 40_503) % 1009}"`;
    members.push(member);
    length += member.length + 2;
  }
  return `{"image": {"id": "${id}", "status": "ACTIVE", "metadata": {${members.join(', ')}}}}`;
}

async function fill(cache: ResponseCache, count: number, bytes: number): Promise<number> {
  let total = 0;
  for (let at = 0; at < count; at++) {
    const body = bodyOf(`id-${at}`, bytes);
    total += body.length;
    const stored = { status: 200, body, headers: {} };
    const { entry } = await cache.fetch(cache.lookup(askFor(`/images/id-${at}`)), async () => stored);
    entry.rendition('json http://sluice.test', () => body);
  }
  return total;
}

/** One answer size: what the process holds against the bytes of the answers, and against what the cache counts. */
export interface MemoryResult {
  answerBytes: number;
  entries: number;
  heldPerCachedByte: number;
  heldPerCountedByte: number;
}

export async function measureMemory(answerBytes: number, count: number): Promise<MemoryResult> {
  const cache = open(1_000_000_000);
  await fill(cache, 200, answerBytes);
  await cache.purge({});
  const before = heldBytes();
  const total = await fill(cache, count, answerBytes);
  const held = heldBytes() - before;
  const { entries, bytes } = cache.stats();
  await cache.close();
  return { answerBytes, entries, heldPerCachedByte: held / total, heldPerCountedByte: held / bytes };
}

/**
 * The answers of whole regions, as their callers ask for them: lists with and without details, and every item of them.
 *
 * @param asItems items are fetched one by one; else computed from their lists
 */
export async function measureRegions(regions: number, asItems: boolean): Promise<number> {
  const cache = open(1_000_000_000, !asItems);
  await fillRegion(cache, 'WARM');
  await cache.purge({});
  const before = heldBytes();
  let total = 0;
  for (let at = 0; at < regions; at++) total += await fillRegion(cache, `R${at}`);
  const held = heldBytes() - before;
  await cache.close();
  return held / total;
}

const ORIGIN = 'http://compute.upstream.test';

/** Fetches, or computes, and renders every answer about flavors and images; returns their bytes. */
async function fillRegion(cache: ResponseCache, region: string): Promise<number> {
  let total = 0;
  for (const [name, document, pathOf] of [
    ['flavors', flavorsDocument(ORIGIN), (id: string) => `/flavors/${id}`],
    ['images', imagesDocument(ORIGIN, 60, PROVIDER_METADATA), (id: string) => `/images/${id}`],
  ] as const) {
    const members = (JSON.parse(document.toString()) as Record<string, { id: string }[]>)[name]!;
    const summaries = members.map((member) => ({ id: member.id, name: '', links: [], ...pick(member) }));
    const item = name.slice(0, -1);
    const answers: [string, string][] = [
      [`/${name}/detail`, document.toString()],
      [`/${name}`, JSON.stringify({ [name]: summaries })],
      ...members.map((member): [string, string] => [pathOf(member.id), JSON.stringify({ [item]: member })]),
    ];
    for (const [path, body] of answers) total += await keep(cache, { ...askFor(path), region }, body);
  }
  return total;
}

const pick = (member: object) =>
  Object.fromEntries(Object.entries(member).filter(([key]) => ['id', 'name', 'links'].includes(key)));

/** Puts an answer in, or finds it there, and renders it; returns its bytes. */
async function keep(cache: ResponseCache, ask: CacheRequest, body: string): Promise<number> {
  const lookup = cache.lookup(ask);
  const stored = { status: 200, body, headers: {} };
  const entry =
    lookup.verdict === 'hit' ? lookup.entry : (await cache.fetch(lookup, async () => stored)).entry;
  const text = entry.body.replaceAll(ORIGIN, 'http://sluice.internal:8080/dfw');
  return entry.rendition('json http://sluice.internal:8080', () => text).body.length;
}

/** 100,000 keys into a cache of 64 MiB: what is counted, and what the process really holds. */
export async function measureManyKeys(): Promise<{
  entries: number;
  countedBytes: number;
  heldBytes: number;
  maxBytes: number;
}> {
  const maxBytes = 67_108_864;
  const before = heldBytes();
  const cache = open(maxBytes);
  await fill(cache, 100_000, 600);
  const held = heldBytes() - before;
  const { entries, bytes } = cache.stats();
  await cache.close();
  return { entries, countedBytes: bytes, heldBytes: held, maxBytes };
}

/** Nanoseconds of one lookup that hits. */
export async function measureLookup(): Promise<number> {
  const cache = open(67_108_864);
  await fill(cache, 50, 2000);
  const asks = Array.from({ length: 50 }, (_, at) => askFor(`/images/id-${at}`));
  let hits = 0;
  const rounds = 2_000_000;
  const run = () => {
    for (let at = 0; at < rounds; at++) if (cache.lookup(asks[at % 50]!).verdict === 'hit') hits++;
  };
  run();
  const start = process.hrtime.bigint();
  run();
  const elapsed = Number(process.hrtime.bigint() - start);
  if (hits !== 2 * rounds) throw new Error('a lookup did not hit');
  await cache.close();
  return elapsed / rounds;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for (const [bytes, count] of [
    [600, 20_000],
    [2000, 10_000],
    [10_000, 3000],
    [50_000, 600],
  ] as const) {
    const result = await measureMemory(bytes, count);
    console.log(
      `answers of ${bytes} bytes, rendered: ${result.heldPerCachedByte.toFixed(2)} bytes held per cached byte, ` +
        `${result.heldPerCountedByte.toFixed(2)} per counted byte`,
    );
  }
  for (const asItems of [true, false]) {
    const how = asItems ? 'fetched one by one' : 'computed from their lists';
    const held = await measureRegions(100, asItems);
    console.log(
      `regions of 7 flavors and 60 images, lists and all items, ${how}: ${held.toFixed(2)} bytes held per cached byte`,
    );
  }
  const many = await measureManyKeys();
  console.log(
    `100,000 keys: ${many.entries} kept, ${many.countedBytes} bytes counted, ${many.heldBytes} held, of ${many.maxBytes}`,
  );
  console.log(`lookup that hits: ${(await measureLookup()).toFixed(0)} ns`);
}
