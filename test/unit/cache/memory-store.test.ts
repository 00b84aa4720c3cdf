import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { Entry, type EntryFields } from '../../../src/cache/entry.ts';
import { createMemoryStore, MOST_UNBOUNDED_KEYS } from '../../../src/cache/memory-store.ts';

const entryOf = (key: string, fields: Partial<EntryFields> = {}) =>
  new Entry({
    key,
    scope: 'scope',
    tenant: 't',
    subject: key,
    query: '',
    status: 200,
    body: `{"id": "${key}"}`,
    headers: {},
    storedAt: 0,
    freshUntil: 1,
    staleUntil: 2,
    errorUntil: 3,
    ...fields,
  });

const storeOf = (maxBytes = 1_000_000) => {
  let evictions = 0;
  const store = createMemoryStore({ maxBytes, onEvict: () => evictions++ });
  return { store, evictions: () => evictions };
};

const longBody = JSON.stringify({ text: 'lorem ipsum '.repeat(400) });

describe('an entry', () => {
  it('renders once per variant', () => {
    const entry = entryOf('a');
    let renders = 0;
    const render = (variant: string) =>
      entry.rendition(variant, () => `${variant}${renders++}`).body.toString();
    expect(['json', 'json', 'xml', 'json', 'xml'].map(render)).toEqual([
      'json0',
      'json0',
      'xml1',
      'json0',
      'xml1',
    ]);
  });

  it('gives each representation its own strong tag, the same for the same bytes', () => {
    const rendition = entryOf('a').rendition('json', () => longBody);
    const again = entryOf('b').rendition('other', () => longBody);
    expect(rendition.etag).toMatch(/^"[\w-]{27}"$/);
    expect(again.etag).toBe(rendition.etag);
    expect(entryOf('a').rendition('json', () => 'else').etag).not.toBe(rendition.etag);
    const tags = [rendition.etag, rendition.encoded('gzip').etag, rendition.encoded('br').etag];
    expect(new Set(tags).size).toBe(3);
  });

  it('makes each coding once, and it decodes to the plain bytes', () => {
    const rendition = entryOf('a').rendition('json', () => `${longBody}é`);
    expect(gunzipSync(rendition.encoded('gzip').body)).toEqual(rendition.body);
    expect(brotliDecompressSync(rendition.encoded('br').body)).toEqual(rendition.body);
    expect(rendition.encoded('br')).toBe(rendition.encoded('br'));
  });

  it('still has the upstream`s text after it was rendered and packed', () => {
    const body = `${longBody} \u{1F40C} é`;
    const entry = entryOf('a', { body });
    const before = entry.size;
    entry.rendition('json', () => 'short');
    expect(entry.body).toBe(body);
    expect(entry.size).toBeLessThan(before);
  });

  it('holds a bounded number of renditions, whatever Hosts callers invent', () => {
    const { store } = storeOf();
    const entry = entryOf('a');
    store.set(entry);
    for (let host = 0; host < 1000; host++) entry.rendition(`json http://h${host}`, () => longBody);
    expect(store.stats().bytes).toBeLessThan(12 * longBody.length);
  });
});

describe('the memory store', () => {
  it('never holds more than maxBytes, renditions and codings included', () => {
    const { store, evictions } = storeOf(100_000);
    for (let at = 0; at < 200; at++) {
      const entry = entryOf(`k${at}`, { body: longBody });
      store.set(entry);
      entry.rendition('json', () => longBody).encoded('gzip');
      expect(store.stats().bytes).toBeLessThanOrEqual(100_000);
    }
    expect(evictions()).toBeGreaterThan(100);
    expect(store.get('k199')?.body).toBe(longBody);
    expect(store.get('k0')).toBeUndefined();
  });

  it('counts the bytes of an entry anew when it grows, without dropping it', () => {
    const { store, evictions } = storeOf();
    const entry = entryOf('a', { body: longBody });
    store.set(entry);
    const before = store.stats().bytes;
    entry.rendition('json', () => longBody.repeat(3));
    expect(store.stats()).toEqual({ entries: 1, bytes: entry.size });
    expect(entry.size).toBeGreaterThan(before);
    expect([store.get('a'), evictions()]).toEqual([entry, 0]);
  });

  it('does not keep what is larger than all of it, nor count what grows after leaving', () => {
    const { store } = storeOf(10_000);
    const entry = entryOf('a');
    store.set(entry);
    entry.rendition('json', () => longBody.repeat(10));
    expect(store.stats()).toEqual({ entries: 0, bytes: 0 });
    expect(store.scopes()).toEqual([]);
    entry.rendition('xml', () => longBody);
    expect(store.stats().bytes).toBe(0);
  });

  it('gives invented queries, ids and microversions a fixed number of places', () => {
    const { store } = storeOf(100_000_000);
    store.set(entryOf('list'));
    for (let at = 0; at < 5000; at++) {
      store.set(entryOf(`q${at}`, { query: `x=${at}` }));
      store.set(entryOf(`n${at}`, { status: 404 }));
      store.set(entryOf(`list\n2.${at}`));
    }
    expect(store.stats().entries).toBe(1 + MOST_UNBOUNDED_KEYS);
    expect(store.get('list')).toBeDefined();
  });

  it('drops what it is told to, in one scope only, and counts it', () => {
    const { store } = storeOf();
    store.set(entryOf('a'));
    store.set(entryOf('b'));
    store.set(entryOf('c', { scope: 'elsewhere' }));
    expect(store.drop('scope', ({ key }) => key !== 'b')).toBe(1);
    expect(store.drop('scope', () => true)).toBe(1);
    expect(store.scopes()).toEqual(['elsewhere']);
  });

  it('replaces an entry without leaving its old bytes counted', () => {
    const { store } = storeOf();
    store.set(entryOf('a', { body: longBody }));
    const next = entryOf('a');
    store.set(next);
    expect(store.stats()).toEqual({ entries: 1, bytes: next.size });
    expect(store.entries('scope')).toEqual([next]);
  });
});
