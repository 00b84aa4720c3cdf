import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { type Cloud, startCloud } from '../support/openstack-simulator.ts';

/** What a Glance 25 answers on the wire. */

interface Image {
  id: string;
  name: string;
  status: string;
  size: number | null;
  checksum: string | null;
  os_hash_value: string | null;
  visibility: string;
}

const json = (method: string, body: unknown, type = 'application/json'): RequestInit => ({
  method,
  body: JSON.stringify(body),
  headers: { 'content-type': type },
});
const PATCH = 'application/openstack-images-v2.1-json-patch';

const glance = (cloud: Cloud) => (path: string, init?: RequestInit) => cloud.ask(`/image/dfw${path}`, init);

async function create(cloud: Cloud, members: object = {}): Promise<Image> {
  const body = { name: 'own', disk_format: 'raw', container_format: 'bare', ...members };
  const response = await glance(cloud)('/v2/images', json('POST', body));
  expect(response.status).toBe(201);
  return (await response.json()) as Image;
}

const upload = (cloud: Cloud, id: string, data: Buffer) =>
  glance(cloud)(`/v2/images/${id}/file`, {
    method: 'PUT',
    // A stream is sent chunked, as the command line does with --file.
    body: new Blob([new Uint8Array(data)]).stream(),
    duplex: 'half',
    headers: { 'content-type': 'application/octet-stream' },
  } as RequestInit);

test('the root is 300 with every version, /versions 200, /v2 leads to /v2/', async () => {
  const { url } = await startCloud();
  const root = await fetch(`${url}/image/dfw/`);
  expect([root.status, ((await root.json()) as { versions: object[] }).versions[0]]).toEqual([
    300,
    { id: 'v2.15', status: 'CURRENT', links: [{ rel: 'self', href: `${url}/image/dfw/v2/` }] },
  ]);
  expect((await fetch(`${url}/image/dfw/versions`)).status).toBe(200);
  const old = await fetch(`${url}/image/dfw/v2`, { redirect: 'manual' });
  expect([old.status, old.headers.get('location')]).toEqual([302, `${url}/image/dfw/v2/`]);
});

test('a list is paged with relative links that keep the query, newest first', async () => {
  const cloud = await startCloud();
  const list = async (path: string) =>
    (await (await glance(cloud)(path)).json()) as { images: Image[]; next?: string; first: string };
  const first = await list('/v2/images?limit=2');
  expect([first.images.length, first.first]).toEqual([2, '/v2/images?limit=2']);
  expect(first.next).toBe(`/v2/images?limit=2&marker=${first.images[1]!.id}`);
  const second = await list(first.next!);
  expect(second.images.map(({ id }) => id)).not.toContain(first.images[0]!.id);
  const { name } = first.images[0]!;
  expect(
    (await list(`/v2/images?name=${encodeURIComponent(name)}`)).images.map((image) => image.name),
  ).toEqual([name]);
  expect((await glance(cloud)('/v2/images?limit=abc')).status).toBe(400);
  expect((await glance(cloud)('/v2/images?marker=x')).status).toBe(400);
});

test('an image goes up chunked and comes down with the same checksum, whole and in ranges', async () => {
  const cloud = await startCloud();
  const data = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 251));
  const { id, status, visibility } = await create(cloud);
  expect([status, visibility]).toEqual(['queued', 'shared']);
  expect((await glance(cloud)(`/v2/images/${id}/file`)).status).toBe(204);
  expect((await upload(cloud, id, data)).status).toBe(204);
  expect(await (await glance(cloud)(`/v2/images/${id}`)).json()).toMatchObject({
    status: 'active',
    size: data.length,
    checksum: createHash('md5').update(data).digest('hex'),
    os_hash_algo: 'sha512',
    os_hash_value: createHash('sha512').update(data).digest('hex'),
  });
  const whole = await glance(cloud)(`/v2/images/${id}/file`);
  expect(Buffer.from(await whole.arrayBuffer()).equals(data)).toBe(true);
  const part = await glance(cloud)(`/v2/images/${id}/file`, { headers: { range: 'bytes=10-19' } });
  expect([part.status, part.headers.get('content-range')]).toEqual([206, 'bytes 10-19/300000']);
  expect(Buffer.from(await part.arrayBuffer()).equals(data.subarray(10, 20))).toBe(true);
  const beyond = await glance(cloud)(`/v2/images/${id}/file`, { headers: { range: 'bytes=1000000-' } });
  expect(beyond.status).toBe(416);
  expect((await upload(cloud, id, data)).status).toBe(409);
});

test('a server is made of an image that was uploaded, and a snapshot is an image of Glance’s', async () => {
  const cloud = await startCloud();
  const { id } = await create(cloud);
  await upload(cloud, id, Buffer.from('data'));
  const created = await cloud.create('of-own', id);
  expect(created.status).toBe(202);
  const { server } = (await created.json()) as { server: { id: string } };
  cloud.simulator.control.advance(60_000);
  const taken = await cloud.compute(
    `/servers/${server.id}/action`,
    json('POST', { createImage: { name: 'snap' } }),
  );
  const snapshot = taken.headers.get('location')!.split('/').at(-1)!;
  cloud.simulator.control.advance(60_000);
  expect(await (await glance(cloud)(`/v2/images/${snapshot}`)).json()).toMatchObject({
    status: 'active',
    name: 'snap',
    visibility: 'private',
  });
});

test('changes are a list of operations of a type of their own; what is read only is 403', async () => {
  const cloud = await startCloud();
  const { id } = await create(cloud, { foo: 'bar' });
  const change = (changes: unknown, type = PATCH) =>
    glance(cloud)(`/v2/images/${id}`, json('PATCH', changes, type));
  const changed = await change([
    { op: 'replace', path: '/name', value: 'other' },
    { op: 'add', path: '/x', value: 'y' },
    { op: 'remove', path: '/foo' },
  ]);
  const image = (await changed.json()) as Image;
  expect(image).toMatchObject({ name: 'other', x: 'y' });
  expect(image).not.toHaveProperty('foo');
  expect((await change([{ op: 'replace', path: '/size', value: 1 }])).status).toBe(403);
  expect((await change([{ op: 'replace', path: '/visibility', value: 'public' }])).status).toBe(403);
  const wrong = await change([], 'application/json');
  expect([wrong.status, wrong.headers.get('accept-patch')]).toEqual([
    415,
    expect.stringContaining('json-patch'),
  ]);
});

test('tags, protection, deletion; others’ images can be seen only where they are public', async () => {
  const cloud = await startCloud();
  const ask = glance(cloud);
  const { id } = await create(cloud, { protected: true });
  expect((await ask(`/v2/images/${id}/tags/t`, { method: 'PUT' })).status).toBe(204);
  const tagged = (await (await ask('/v2/images?tag=t')).json()) as { images: Image[] };
  expect(tagged.images.map((image) => image.id)).toEqual([id]);
  expect((await ask(`/v2/images/${id}`, { method: 'DELETE' })).status).toBe(403);
  await ask(`/v2/images/${id}`, json('PATCH', [{ op: 'replace', path: '/protected', value: false }], PATCH));
  const other = (await cloud.login(undefined, { project: { name: 'demo-second' } })).headers.get(
    'x-subject-token',
  )!;
  expect((await ask(`/v2/images/${id}`, { headers: { 'x-auth-token': other } })).status).toBe(404);
  expect((await ask(`/v2/images/${id}`, { method: 'DELETE' })).status).toBe(204);
  expect((await ask(`/v2/images/${id}`)).status).toBe(404);
  const [base] = ((await (await ask('/v2/images?limit=1')).json()) as { images: Image[] }).images;
  expect((await ask(`/v2/images/${base!.id}`, { method: 'DELETE' })).status).toBe(403);
});

test('refusals are pages, 401 with the identity service’s address; schemas say what may be written', async () => {
  const cloud = await startCloud();
  const missing = await glance(cloud)('/v2/images/nope');
  expect([missing.status, missing.headers.get('content-type')]).toEqual([404, 'text/html; charset=UTF-8']);
  const nobody = await fetch(`${cloud.url}/image/dfw/v2/images`);
  expect([nobody.status, nobody.headers.get('www-authenticate')]).toEqual([
    401,
    `Keystone uri="${cloud.url}"`,
  ]);
  const schema = await (await glance(cloud)('/v2/schemas/image')).json();
  expect(schema).toMatchObject({ name: 'image', properties: { size: { readOnly: true } } });
});

test('without its image service Nova is 500 for images and the service itself 503', async () => {
  const cloud = await startCloud();
  cloud.simulator.control.setConditions('DFW', { imagesDown: true });
  expect((await glance(cloud)('/v2/images')).status).toBe(503);
  const nova = await cloud.compute('/images');
  expect([nova.status, Object.keys((await nova.json()) as object)]).toEqual([500, ['computeFault']]);
});
