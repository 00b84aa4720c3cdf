import { describe, expect, it } from 'vitest';
import { BOOKMARK, expectFault, harness, object, SELF } from './harness.ts';

describe('2.3.3 Rebuild Server', () => {
  it('answers 202 with the server, its password and Location; what is not given stays', () => {
    const h = harness();
    const id = h.active({ metadata: { keep: 'me' }, accessIPv4: '192.0.2.9' });
    const before = h.server(id);
    const image = h.image('CentOS 6.3');
    const answer = h.action(id, { rebuild: { imageRef: image, adminPass: 'Given-1', flavorRef: '8' } });
    expect(answer).toMatchObject({ status: 202, headers: { location: `${SELF}/servers/${id}` } });
    expect(object(answer.body)['server']).toEqual({
      ...before,
      adminPass: 'Given-1',
      image: { id: image, links: [{ rel: 'bookmark', href: `${BOOKMARK}/images/${image}` }] },
      status: 'REBUILD',
      progress: 0,
      'OS-EXT-STS:task_state': 'rebuilding',
      'OS-EXT-STS:power_state': 0,
      updated: '2026-01-01T00:00:20Z',
    });
    h.clock.tick(10_000);
    expect(h.server(id)).toMatchObject({ status: 'REBUILD', progress: 50 });
    h.clock.tick(10_000);
    expect(h.server(id)).toMatchObject({ status: 'ACTIVE', progress: 100, addresses: before['addresses'] });
    expect(h.server(id)).not.toHaveProperty('adminPass');
  });

  it('replaces what is given', () => {
    const h = harness();
    const id = h.active({ metadata: { old: '1' } });
    const rebuild = {
      imageRef: `${SELF}/images/${h.image('CentOS 6.3')}`,
      name: 'renamed',
      metadata: { new: '2' },
      accessIPv6: '2001:db8::77',
      'OS-DCF:diskConfig': 'MANUAL',
      personality: [{ path: '/etc/motd', contents: 'aGVsbG8=' }],
    };
    const server = object(object(h.action(id, { rebuild }).body)['server']);
    expect(server).toMatchObject({
      name: 'renamed',
      metadata: { new: '2' },
      accessIPv6: '2001:db8::77',
      'OS-DCF:diskConfig': 'MANUAL',
      adminPass: expect.stringMatching(/^\w{12}$/),
    });
  });

  it.each([
    [{}, 'badRequest'],
    [{ imageRef: 'nope' }, 'itemNotFound'],
    [{ imageRef: 'WINDOWS' }, 'badRequest'],
    [{ imageRef: 'CENTOS', name: '' }, 'badRequest'],
    [{ imageRef: 'CENTOS', 'OS-DCF:diskConfig': 'manual' }, 'badRequest'],
    [{ imageRef: 'CENTOS', metadata: 'x' }, 'badRequest'],
    [{ imageRef: 'CENTOS', personality: Array(7).fill({ path: '/a', contents: '' }) }, 'overLimit'],
  ] as const)('refuses %j and leaves the server alone', (given, fault) => {
    const h = harness();
    const id = h.active();
    const before = h.server(id);
    const text = JSON.stringify(given)
      .replace('WINDOWS', h.image('Windows Server 2012'))
      .replace('CENTOS', h.image('CentOS 6.3'));
    expectFault(() => h.action(id, { rebuild: JSON.parse(text) }), fault);
    expect(h.server(id)).toEqual(before);
  });
});
