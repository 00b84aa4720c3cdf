import { describe, expect, it } from 'vitest';
import { expectFault, type Harness, harness, SELF } from './harness.ts';

/** The same six operations on a server and on an image of one's own. */
const OWNERS: [string, (h: Harness) => string][] = [
  ['a server', (h) => `/servers/${h.active()}/metadata`],
  [
    'an image',
    (h) => {
      const answer = h.action(h.active(), { createImage: { name: 'i' } });
      return `${String(answer.headers?.['location']).slice(SELF.length)}/metadata`;
    },
  ],
];

describe.each(OWNERS)('2.7 Metadata of %s', (_, urlOf) => {
  const start = () => {
    const h = harness();
    const url = urlOf(h);
    return { h, url };
  };

  it('is listed, set, updated (2.7.1-2.7.3)', () => {
    const { h, url } = start();
    expect(h.get(url)).toEqual({ metadata: {} });
    expect(h.ask('PUT', url, { metadata: { a: '1', b: '2' } })).toMatchObject({
      status: 200,
      body: { metadata: { a: '1', b: '2' } },
    });
    expect(h.ask('POST', url, { metadata: { b: '3', c: '4' } }).body).toEqual({
      metadata: { a: '1', b: '3', c: '4' },
    });
    expect(h.ask('PUT', url, { metadata: { z: '26' } }).body).toEqual({ metadata: { z: '26' } });
    expect(h.get(url)).toEqual({ metadata: { z: '26' } });
  });

  it('has items that are read, set and deleted (2.7.4-2.7.6)', () => {
    const { h, url } = start();
    expect(h.ask('PUT', `${url}/My%20Label`, { meta: { 'My Label': 'Web' } })).toMatchObject({
      status: 200,
      body: { meta: { 'My Label': 'Web' } },
    });
    expect(h.get(`${url}/My%20Label`)).toEqual({ meta: { 'My Label': 'Web' } });
    h.ask('PUT', `${url}/other`, { meta: { other: '' } });
    expect(h.ask('DELETE', `${url}/My%20Label`).status).toBe(204);
    expect(h.get(url)).toEqual({ metadata: { other: '' } });
    expectFault(() => h.get(`${url}/My%20Label`), 'itemNotFound');
    expectFault(() => h.ask('DELETE', `${url}/My%20Label`), 'itemNotFound');
    expectFault(() => h.get(`${url}/toString`), 'itemNotFound');
  });

  it('holds 20 items of 255 bytes, and no more', () => {
    const { h, url } = start();
    const many = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`k${index}`, 'v'.repeat(255)]));
    h.ask('PUT', url, { metadata: many });
    const before = h.get(url);
    for (const act of [
      () => h.ask('POST', url, { metadata: { k20: 'v' } }),
      () => h.ask('PUT', url, { metadata: { ...many, k20: 'v' } }),
      () => h.ask('PUT', `${url}/k20`, { meta: { k20: 'v' } }),
    ]) {
      const fault = expectFault(act, 'overLimit');
      expect([fault.code, fault.headers]).toEqual([413, { 'retry-after': '0' }]);
    }
    const tooLong = expectFault(
      () => h.ask('PUT', `${url}/k0`, { meta: { k0: 'v'.repeat(256) } }),
      'overLimit',
    );
    expect(tooLong.headers).toEqual({});
    expect(h.get(url)).toEqual(before);
    expect(h.ask('PUT', `${url}/k0`, { meta: { k0: 'short' } }).status).toBe(200);
  });

  it('refuses bodies that are none', () => {
    const { h, url } = start();
    for (const body of [
      undefined,
      {},
      { metadata: null },
      { metadata: [] },
      { metadata: { a: {} } },
      { metadata: { '': 'x' } },
    ]) {
      expectFault(() => h.ask('PUT', url, body), 'badRequest');
      expectFault(() => h.ask('POST', url, body), 'badRequest');
    }
    for (const body of [
      undefined,
      { meta: {} },
      { meta: { b: 'x' } },
      { meta: { a: '1', b: '2' } },
      { a: '1' },
    ])
      expectFault(() => h.ask('PUT', `${url}/a`, body), 'badRequest');
    expect(h.get(url)).toEqual({ metadata: {} });
  });

  it('turns numbers and booleans into texts', () => {
    const { h, url } = start();
    expect(h.ask('PUT', url, { metadata: { n: 5, b: true } }).body).toEqual({
      metadata: { n: '5', b: 'true' },
    });
  });

  it('changes when its owner was last updated', () => {
    const { h, url } = start();
    const owner = url.slice(0, -'/metadata'.length);
    h.clock.tick(100_000);
    h.ask('PUT', url, { metadata: { a: '1' } });
    const [document] = Object.values(h.get(owner));
    expect(document).toMatchObject({ updated: '2026-01-01T00:02:00Z', metadata: { a: '1' } });
  });
});

describe('2.7 Metadata', () => {
  it('of base images can be read, not written', () => {
    const h = harness();
    const url = `/images/${h.image('CentOS 6.3')}/metadata`;
    expect(h.get(`${url}/os_distro`)).toEqual({ meta: { os_distro: 'centos' } });
    expectFault(() => h.ask('PUT', url, { metadata: {} }), 'forbidden');
    expectFault(() => h.ask('DELETE', `${url}/os_distro`), 'forbidden');
  });

  it('keeps a key such as __proto__ like any other', () => {
    const h = harness();
    const url = `/servers/${h.active({ metadata: JSON.parse('{"__proto__":"x","a":"1"}') })}/metadata`;
    expect(Object.entries(h.get(url)['metadata']!)).toEqual([
      ['__proto__', 'x'],
      ['a', '1'],
    ]);
    h.ask('POST', url, { metadata: JSON.parse('{"__proto__":"y"}') });
    expect(JSON.stringify(h.ask('GET', `${url}/__proto__`).body)).toBe('{"meta":{"__proto__":"y"}}');
    expect(h.ask('DELETE', `${url}/__proto__`).status).toBe(204);
    expect(h.get(url)).toEqual({ metadata: { a: '1' } });
  });

  it('of a server being built cannot be written (409)', () => {
    const h = harness();
    const url = `/servers/${h.create({ metadata: { a: '1' } })}/metadata`;
    expect(h.get(url)).toEqual({ metadata: { a: '1' } });
    expectFault(() => h.ask('PUT', url, { metadata: {} }), 'buildInProgress');
    expectFault(() => h.ask('POST', url, { metadata: {} }), 'buildInProgress');
    expectFault(() => h.ask('DELETE', `${url}/a`), 'buildInProgress');
  });
});
