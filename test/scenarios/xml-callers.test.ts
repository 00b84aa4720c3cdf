import { XMLParser } from 'fast-xml-parser';
import { beforeEach, describe, expect } from 'vitest';
import { ask } from '../support/ask.ts';
import { scenario } from '../support/scenario.ts';
import { json, noContent } from '../support/stub-answers.ts';
import { STUB } from '../support/stub-documents.ts';

const { it, gateway, dfw } = scenario('file');

let base: string;
beforeEach(() => {
  base = `${gateway.url}/dfw/v2/700100`;
  dfw.forget();
});

const COMPUTE = 'http://docs.openstack.org/compute/api/v1.1';
const asXml = { 'content-type': 'application/xml', accept: 'application/xml' };
const server = `${'/servers/'}${STUB.serverId}`;

/** Sends XML, and gives the JSON that the region got, having checked how it got it. */
async function sent(
  method: string,
  path: string,
  body: string,
): Promise<{ status: number; text: string; got: unknown }> {
  const { status, text } = await ask(base + path, { method, body, headers: asXml });
  const [request] = dfw.requests(`${method} ${path}`);
  expect(request, `${status} ${text}`).toBeDefined();
  const { headers, body: got } = request!;
  expect(headers['content-type']).toBe('application/json');
  expect(headers.accept).toBe('application/json');
  expect(headers['content-length']).toBe(String(Buffer.byteLength(got)));
  expect(headers['transfer-encoding']).toBeUndefined();
  return { status, text, got: JSON.parse(got) };
}

describe('an XML body reaches the region as JSON, with Content-Length:', () => {
  it('a create, with typed members, metadata, personality, extensions and references', async () => {
    const { status, text, got } = await sent(
      'POST',
      '/servers',
      `<?xml version="1.0" encoding="UTF-8"?>
       <server xmlns="${COMPUTE}" xmlns:OS-DCF="http://docs.openstack.org/compute/ext/disk_config/api/v1.1"
         name="caf&#233; &amp; co" imageRef="${base}/images/${STUB.imageId}" flavorRef="2" OS-DCF:diskConfig="MANUAL">
         <metadata><meta key="role">web</meta></metadata>
         <personality><file path="/etc/motd">aGVsbG8=</file></personality>
       </server>`,
    );
    expect(got).toEqual({
      server: {
        name: 'café & co',
        imageRef: STUB.imageId,
        flavorRef: '2',
        'OS-DCF:diskConfig': 'MANUAL',
        metadata: { role: 'web' },
        personality: [{ path: '/etc/motd', contents: 'aGVsbG8=' }],
      },
    });
    expect(status).toBe(202);
    expect(text).toMatch(new RegExp(`<server [^>]*adminPass="${STUB.adminPass}"`));
  });

  it.each<[string, string, unknown, number]>([
    ['reboot', `<reboot xmlns="${COMPUTE}" type="HARD"/>`, { reboot: { type: 'HARD' } }, 202],
    [
      'changePassword',
      `<changePassword xmlns="${COMPUTE}" adminPass="s3cret"/>`,
      { changePassword: { adminPass: 's3cret' } },
      202,
    ],
    ['resize', `<resize xmlns="${COMPUTE}" flavorRef="3"/>`, { resize: { flavorRef: '3' } }, 202],
    ['confirmResize', `<confirmResize xmlns="${COMPUTE}"/>`, { confirmResize: null }, 204],
    ['revertResize', `<revertResize xmlns="${COMPUTE}"/>`, { revertResize: null }, 202],
    [
      'createImage',
      `<createImage xmlns="${COMPUTE}" name="snap"><metadata><meta key="a">1</meta></metadata></createImage>`,
      { createImage: { name: 'snap', metadata: { a: '1' } } },
      202,
    ],
  ])('the action %s', async (_name, body, expected, status) => {
    const answered = await sent('POST', `${server}/action`, body);
    expect(answered.got).toEqual(expected);
    expect(answered.status).toBe(status);
  });

  it('rescue and unrescue, with the namespaces clients use', async () => {
    const rescue = await sent('POST', `${server}/action`, `<rescue xmlns="${COMPUTE}"/>`);
    expect(rescue.status).toBe(200);
    expect(rescue.text).toContain(STUB.adminPass);
    dfw.forget();
    expect((await sent('POST', `${server}/action`, `<unrescue xmlns="${COMPUTE}"/>`)).got).toEqual({
      unrescue: null,
    });
  });

  it('rebuild, answered with the server', async () => {
    const { got, text } = await sent(
      'POST',
      `${server}/action`,
      `<rebuild xmlns="${COMPUTE}" name="n" imageRef="${STUB.imageId}" adminPass="p"><metadata/></rebuild>`,
    );
    expect(got).toMatchObject({ rebuild: { name: 'n', imageRef: STUB.imageId, adminPass: 'p' } });
    expect(text).toMatch(new RegExp(`<server [^>]*id="${STUB.serverId}"`));
  });

  it('metadata, whole and one item', async () => {
    dfw.on('* /servers/*/metadata', json({ metadata: { a: '1' } }));
    dfw.on('* /servers/*/metadata/*', json({ meta: { a: '1' } }));
    for (const method of ['PUT', 'POST']) {
      dfw.forget();
      const { got, text } = await sent(
        method,
        `${server}/metadata`,
        `<metadata xmlns="${COMPUTE}"><meta key="a">1</meta><meta key="b"/></metadata>`,
      );
      expect(got).toEqual({ metadata: { a: '1', b: '' } });
      expect(text).toMatch(/<meta key="a">1<\/meta>/);
    }
    const { got, text } = await sent(
      'PUT',
      `${server}/metadata/a`,
      `<meta xmlns="${COMPUTE}" key="a">1</meta>`,
    );
    expect(got).toEqual({ meta: { a: '1' } });
    expect(text).toMatch(/<meta [^>]*key="a"[^>]*>1<\/meta>/);
  });
});

describe('an XML answer', () => {
  const parser = new XMLParser({ ignoreAttributes: false, attributeNamePrefix: '' });

  it.each([
    '/servers',
    '/servers/detail',
    server,
    '/flavors',
    '/flavors/detail',
    '/flavors/2',
    '/images',
    '/images/detail',
    `/images/${STUB.imageId}`,
    '/extensions',
    '/extensions/OS-DCF',
    '/limits',
  ])('of %s is well-formed, in the namespace of the API, and its links lead through Sluice', async (path) => {
    const { status, text, headers } = await ask(`${base}${path}.xml`);
    expect(status).toBe(200);
    expect(headers['content-type']).toContain('application/xml');
    const parsed = parser.parse(text) as Record<string, Record<string, unknown>>;
    const [root] = Object.keys(parsed).filter((name) => !name.startsWith('?'));
    const common = ['extensions', 'extension', 'limits'].includes(root!);
    expect(parsed[root!]?.['xmlns']).toBe(common ? 'http://docs.openstack.org/common/api/v1.0' : COMPUTE);
    expect(text).not.toContain(new URL(dfw.url).host);
  });

  it('of a cached document has its own ETag, and is not modified for who has it', async () => {
    const asked = (accept: string, etag?: string) =>
      ask(`${base}/flavors`, { headers: { accept, ...(etag ? { 'if-none-match': etag } : {}) } });
    const [xml, plain] = [await asked('application/xml'), await asked('application/json')];
    expect(xml.headers.etag).not.toBe(plain.headers.etag);
    expect(plain.headers['x-cache']).toBe('HIT');
    expect(xml.headers.vary).toMatch(/Accept/);
    expect((await asked('application/xml', xml.headers.etag)).status).toBe(304);
    expect((await asked('application/json', xml.headers.etag)).status).toBe(200);
  });

  it('without a body has none', async () => {
    dfw.on('DELETE /servers/*', noContent());
    const { status, text, headers } = await ask(`${base}${server}.xml`, { method: 'DELETE' });
    expect([status, text, headers['content-type']]).toEqual([204, '', undefined]);
    const action = await ask(`${base}${server}/action`, {
      method: 'POST',
      body: `<reboot xmlns="${COMPUTE}" type="SOFT"/>`,
      headers: asXml,
    });
    expect([action.status, action.text]).toEqual([202, '']);
  });

  it("of an extension's action, whose document nobody described, is XML all the same", async () => {
    dfw.on(
      'POST /servers/*/action',
      json({ console: { type: 'novnc', url: 'https://console.test/?token=1' } }),
    );
    const { status, text } = await ask(`${base}${server}/action`, {
      method: 'POST',
      body: '{"os-getVNCConsole":{"type":"novnc"}}',
      headers: { 'content-type': 'application/json', accept: 'application/xml' },
    });
    dfw.off('POST /servers/*/action');
    expect(status).toBe(200);
    expect(text).toContain('console');
    expect(text).toContain('https://console.test/?token=1');
  });

  it('of what a region should not have answered there is XML all the same', async () => {
    for (const odd of [
      {},
      [],
      'text',
      7,
      null,
      { servers: 'none' },
      { servers: [1, null] },
      { other: { deep: [{}] } },
    ]) {
      dfw.on('GET /servers', json(odd));
      const { status, text } = await ask(`${base}/servers.xml`);
      expect(status, JSON.stringify(odd)).toBe(200);
      expect(() => parser.parse(text, true), text).not.toThrow();
    }
    dfw.off('GET /servers');
  });
});
