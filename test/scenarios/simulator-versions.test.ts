import { expect, test } from 'vitest';
import { DEMO_USER } from '../../src/simulator/config.ts';
import { startSimulator } from '../unit/simulator/running-simulator.ts';

interface VersionAnswer {
  version: { id: string; status: string; links?: { href: string }[] };
}

test('a region lists its versions and describes v2 without a token, with and without the slash', async () => {
  const { url } = await startSimulator();
  for (const path of ['/dfw', '/dfw/', '/dfw/.json']) {
    const { versions } = (await (await fetch(url + path)).json()) as { versions: { id: string }[] };
    expect(versions.map(({ id }) => id)).toEqual(['v2']);
  }
  for (const path of ['/dfw/v2', '/dfw/v2/', '/dfw/v2/.json']) {
    const { version } = (await (await fetch(url + path)).json()) as VersionAnswer;
    expect(version).toMatchObject({ id: 'v2', status: 'CURRENT', links: [{ href: `${url}/dfw/v2/` }] });
    expect(version).not.toHaveProperty('min_version');
  }
  const xml = await fetch(`${url}/dfw/v2/.xml`);
  expect(await xml.text()).toMatch(/<version [^>]*id="v2"/);
});

test('the guide’s bare version document and its redirect are switches', async () => {
  const { url } = await startSimulator({ versionDocument: 'guide', redirectVersion: true });
  const redirect = await fetch(`${url}/dfw/v2`, { redirect: 'manual' });
  expect(redirect.status).toBe(302);
  expect(redirect.headers.get('location')).toBe(`${url}/dfw/v2/`);
  expect(await (await fetch(`${url}/dfw/v2/`)).json()).toEqual({ version: { id: 'v2', status: 'CURRENT' } });
});

test('the tenant’s own URL is known with a slash and a token only', async () => {
  const { ask, base } = await (await startSimulator()).session();
  expect((await ask('')).status).toBe(404);
  expect((await ask('/')).status).toBe(200);
  expect((await fetch(`${base}/`)).status).toBe(401);
});

test('a bookmark link is answered 300 unless Accept names the version', async () => {
  const { ask, base, token } = await (await startSimulator()).session();
  const { flavors } = (await (await ask('/flavors')).json()) as {
    flavors: { links: { rel: string; href: string }[] }[];
  };
  const bookmark = flavors[0]!.links.find(({ rel }) => rel === 'bookmark')!.href;
  const headers = { 'x-auth-token': token };
  const choices = await fetch(bookmark, { headers });
  expect(choices.status).toBe(300);
  expect(await choices.json()).toMatchObject({ choices: [{ links: [{ href: `${base}/flavors/2` }] }] });
  const named = await fetch(bookmark, { headers: { ...headers, accept: 'application/json;version=1.1' } });
  expect(named.status).toBe(200);
});

test('the root and the identity versions are described before anybody logs in', async () => {
  const { url } = await startSimulator();
  const root = (await (await fetch(`${url}/`)).json()) as {
    versions: { values: { id: string; status: string }[] };
  };
  expect(root.versions.values.map(({ id }) => id)).toEqual(['v3.14', 'v2.0']);
  for (const name of ['v2.0', 'v3'])
    for (const path of [`/${name}`, `/${name}/`]) {
      const { version } = (await (await fetch(url + path)).json()) as VersionAnswer;
      expect(version.links![0]!.href).toBe(`${url}/${name}/`);
    }
});

test('identity’s versions are XML for who asks for it, by suffix or by Accept', async () => {
  const { url } = await startSimulator();
  const xml = async (path: string, headers: Record<string, string> = {}) => {
    const response = await fetch(url + path, { headers });
    expect(response.headers.get('content-type')).toBe('application/xml');
    return response.text();
  };
  for (const text of [await xml('/.xml'), await xml('/', { accept: 'application/xml' })])
    expect(text).toMatch(
      /<versions xmlns="http:\/\/docs.openstack.org\/common[^>]*>.*id="v2.0" status="stable"/s,
    );
  const paths = ['/v2.0.xml', '/v2.0/.xml', '/v2.0/'];
  for (const path of paths) {
    const text = await xml(path, { accept: path.endsWith('.xml') ? 'application/json' : 'application/xml' });
    expect(text).toMatch(/<version [^>]*id="v2.0"/);
    expect(text).toContain(`href="${url}/v2.0/"`);
  }
  const json = await fetch(`${url}/v2.0/.json`, { headers: { accept: 'application/xml' } });
  expect(json.headers.get('content-type')).toBe('application/json');
});

test('links follow the Host the caller wrote, and a proxy’s headers only if told to', async () => {
  const headers = {
    'x-forwarded-proto': 'https',
    'x-forwarded-host': 'cloud.example',
    'x-forwarded-prefix': '/east',
  };
  const linkOf = async (url: string) =>
    ((await (await fetch(`${url}/dfw/v2/`, { headers })).json()) as VersionAnswer).version.links![0]!.href;
  const plain = await startSimulator();
  expect(await linkOf(plain.url)).toBe(`${plain.url}/dfw/v2/`);
  const trusting = await startSimulator({ forwardedHeaders: true });
  expect(await linkOf(trusting.url)).toBe('https://cloud.example/east/dfw/v2/');
});

test('an unknown region is answered with the regions there are, a service that is only listed with 501', async () => {
  const { url } = await startSimulator();
  const unknown = await fetch(`${url}/mars/v2/${DEMO_USER.tenant}/servers`);
  expect(unknown.status).toBe(404);
  expect(await unknown.text()).toContain('DFW, ORD, LON');
  expect((await fetch(`${url}/v1.0/${DEMO_USER.tenant}/servers`)).status).toBe(501);
});

test('doubled slashes are one', async () => {
  const { ask } = await (await startSimulator()).session();
  expect((await ask('//limits')).status).toBe(200);
});

test('the internal URL of a region leads to the same servers and images', async () => {
  const { access, url } = await startSimulator();
  const { token, serviceCatalog } = await access();
  const { internalURL } = serviceCatalog.find(({ name }) => name === 'cloudServersOpenStack')!.endpoints[0]!;
  expect(internalURL).toBe(`${url}/internal/dfw/v2/${DEMO_USER.tenant}`);
  const response = await fetch(`${internalURL}/flavors/2`, { headers: { 'x-auth-token': token.id } });
  expect(await response.json()).toMatchObject({
    flavor: { links: [{ href: `${internalURL}/flavors/2` }, {}] },
  });
});
