import { beforeEach, describe, expect } from 'vitest';
import { ask } from '../support/ask.ts';
import { scenario } from '../support/scenario.ts';
import { STUB } from '../support/stub-documents.ts';

const { it, gateway, dfw } = scenario('file');

let base: string;
beforeEach(() => {
  base = `${gateway.url}/dfw/v2/700100`;
  dfw.forget();
});

describe('the format of an answer', () => {
  it.each<[string, string, Record<string, string>, 'json' | 'xml']>([
    ['JSON by default', '/flavors', {}, 'json'],
    ['JSON for an empty Accept', '/flavors', { accept: '' }, 'json'],
    ['JSON for anything', '/flavors', { accept: '*/*' }, 'json'],
    ['what Accept says', '/flavors', { accept: 'application/xml' }, 'xml'],
    ['what the vendor type says', '/flavors', { accept: 'application/vnd.openstack.compute+xml' }, 'xml'],
    [
      'what the vendor type with a version says',
      '/flavors',
      { accept: 'application/vnd.openstack.compute+json;version=2' },
      'json',
    ],
    [
      'the one with the greater q-value',
      '/flavors',
      { accept: 'application/json;q=0.3, application/xml;q=0.9' },
      'xml',
    ],
    ['JSON where both are as welcome', '/flavors', { accept: 'application/xml, application/json' }, 'json'],
    ['the only one that is not refused', '/flavors', { accept: 'application/json;q=0, */*' }, 'xml'],
    ['what the suffix says before Accept', '/flavors.xml', { accept: 'application/json' }, 'xml'],
    ['what the JSON suffix says before Accept', '/flavors.json', { accept: 'application/xml' }, 'json'],
    ['what the query says before Accept', '/flavors?format=xml', { accept: 'application/json' }, 'xml'],
    ['JSON by the query', '/flavors?format=json&cacheid=17', {}, 'json'],
    ['the same on what is not cached', '/servers?format=xml', {}, 'xml'],
    ['the same on what Sluice answers itself', '/limits.xml', {}, 'xml'],
  ])('is %s: %s', async (_what, path, headers, format) => {
    const answered = await ask(base + path, { headers });
    expect(answered.status).toBe(200);
    expect(answered.headers['content-type']).toContain(`application/${format}`);
    expect(answered.text.startsWith(format === 'json' ? '{' : '<?xml')).toBe(true);
    expect(Number(answered.headers['content-length'])).toBe(Buffer.byteLength(answered.text));
  });

  it('never matters to the upstream: it is spoken to in JSON, without suffix and without our query', async () => {
    await ask(`${base}/servers/detail.xml?format=xml&cacheid=1&limit=3`);
    const [seen] = dfw.requests('GET /servers/detail');
    expect(seen?.url).toBe('/v2/700100/servers/detail?limit=3');
    expect(seen?.headers.accept).toBe('application/json');
  });

  it('nobody accepts is 406, and nothing reaches the region', async () => {
    for (const path of ['/servers', '/images', '/limits']) {
      const { status, json } = await ask(base + path, { headers: { accept: 'text/html, image/*' } });
      expect(status).toBe(406);
      expect(json()).toHaveProperty('computeFault.code', 406);
    }
    expect(dfw.count('GET /servers')).toBe(0);
  });

  it('of a metadata key that looks like a suffix is read as a suffix only for json and xml', async () => {
    await ask(`${base}/servers/${STUB.serverId}/metadata/app.conf`);
    await ask(`${base}/servers/${STUB.serverId}/metadata/app.xml`);
    expect(dfw.requests('GET /servers/*/metadata/*').map(({ path }) => path.split('/').at(-1))).toEqual([
      'app.conf',
      'app',
    ]);
  });

  it('of a HEAD is told without a body', async () => {
    for (const path of ['/flavors', '/servers', '/limits']) {
      const got = await ask(base + path);
      const { status, headers, text } = await ask(base + path, { method: 'HEAD' });
      expect(status, path).toBe(200);
      expect(text).toBe('');
      if (path !== '/limits') expect(headers['content-length'], path).toBe(got.headers['content-length']);
    }
  });
});

describe('the format of a request', () => {
  const server = '{"server":{"name":"n"}}';

  it.each([
    'application/json',
    'application/json; charset=UTF-8',
    'application/vnd.openstack.compute+json',
    'APPLICATION/JSON',
    '',
  ])('"%s" is JSON', async (type) => {
    const { status } = await ask(`${base}/servers/${STUB.serverId}`, {
      method: 'PUT',
      body: server,
      headers: type ? { 'content-type': type } : {},
    });
    expect(status).toBe(200);
    expect(dfw.requests('PUT /servers/*')[0]).toMatchObject({ body: server });
    expect(dfw.requests('PUT /servers/*')[0]?.headers['content-type']).toBe('application/json');
  });

  it.each(['application/xml', 'application/xml; charset=utf-8', 'application/vnd.openstack.compute+xml'])(
    '"%s" is XML',
    async (type) => {
      const body = '<server xmlns="http://docs.openstack.org/compute/api/v1.1" name="n"/>';
      const { status } = await ask(`${base}/servers/${STUB.serverId}`, {
        method: 'PUT',
        body,
        headers: { 'content-type': type },
      });
      expect(status).toBe(200);
      expect(JSON.parse(dfw.requests('PUT /servers/*')[0]!.body)).toEqual({ server: { name: 'n' } });
    },
  );

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'application/octet-stream', 'nonsense'])(
    '"%s" is 415 badMediaType',
    async (type) => {
      const { status, json } = await ask(`${base}/servers`, {
        method: 'POST',
        body: server,
        headers: { 'content-type': type },
      });
      expect(status).toBe(415);
      expect(json()).toHaveProperty('badMediaType.code', 415);
      expect(dfw.count('POST /servers')).toBe(0);
    },
  );

  it('is 415 badMediaType for a body that is packed, and what it would be for one that says that it is not', async () => {
    const send = (coding: string) => {
      const headers = { 'content-type': 'application/json', 'content-encoding': coding };
      return ask(`${base}/servers`, { method: 'POST', body: server, headers });
    };
    const refused = await send('gzip');
    expect(refused.status).toBe(415);
    expect(refused.json()).toHaveProperty('badMediaType.message', expect.stringContaining('"gzip"'));
    expect(dfw.count('POST /servers')).toBe(0);
    expect((await send('identity')).status).toBe(202);
  });

  it('is no matter where there is no body: JSON as the type of nothing is legal', async () => {
    const headers = { 'content-type': 'application/json' };
    expect((await ask(`${base}/servers`, { headers })).status).toBe(200);
    expect((await ask(`${base}/flavors`, { headers: { ...headers, 'content-length': '0' } })).status).toBe(
      200,
    );
    const deleted = await ask(`${base}/servers/${STUB.serverId}`, {
      method: 'DELETE',
      headers: { ...headers, 'content-length': '0' },
    });
    expect(deleted.status).toBe(204);
    expect(deleted.headers['content-length']).toBeUndefined();
  });

  it('may differ from that of the answer', async () => {
    const { status, text } = await ask(`${base}/servers`, {
      method: 'POST',
      body: server,
      headers: { 'content-type': 'application/json', accept: 'application/xml' },
    });
    expect(status).toBe(202);
    expect(text).toMatch(new RegExp(`<server [^>]*id="${STUB.newServerId}"`));
    expect(text).toContain(`${base}/servers/${STUB.newServerId}`);
  });

  it('reaches the upstream with Content-Length, chunked or not', async () => {
    const { status } = await ask(`${base}/servers`, {
      method: 'POST',
      body: server,
      chunked: true,
      headers: { 'content-type': 'application/json' },
    });
    expect(status).toBe(202);
    const { headers, body } = dfw.requests('POST /servers')[0]!;
    expect(headers['content-length']).toBe(String(server.length));
    expect(headers['transfer-encoding']).toBeUndefined();
    expect(body).toBe(server);
  });
});
