import { expect, test } from 'vitest';
import type { Tree } from '../../../src/settings/tree.ts';
import type { SimulatorInput } from '../../../src/simulator/config.ts';
import type { Answered, AskOptions } from '../../support/ask.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { type Cloud, type Front, startCloud, startFront } from '../../support/openstack-simulator.ts';

/** How Sluice hands on what a Nova 26 says no with, and what it keeps from its callers. */

interface Scene extends Front {
  readonly cloud: Cloud;
}

/** With the machine's time: pauses between attempts go by. */
async function running(settings: Tree = {}, input: SimulatorInput = {}): Promise<Scene> {
  const cloud = await startCloud(input, new FakeClock(Date.now()));
  return { cloud, ...(await startFront(cloud, settings, { standstill: false })) };
}

const JSON_BODY = { 'content-type': 'application/json' };
const XML = { headers: { accept: 'application/xml' } };

const sent = (body: object, method = 'POST'): AskOptions => ({
  method,
  headers: JSON_BODY,
  body: JSON.stringify(body),
});

const imageId = async ({ compute }: Front) =>
  (await compute('/images')).json<{ images: { id: string }[] }>().images[0]!.id;

async function activeServer(scene: Scene): Promise<string> {
  const server = { name: 'web', imageRef: await imageId(scene), flavorRef: '2' };
  const created = await scene.compute('/servers', sent({ server }));
  scene.cloud.simulator.control.advance(600_000);
  return created.json<{ server: { id: string } }>().server.id;
}

/** Status, and the name of the fault in JSON. */
const faultOf = (answer: Answered) => [answer.status, ...Object.keys(answer.json())];

test('the page of a path that no operation has goes down as it came, in the form that Accept asks for', async () => {
  const { compute } = await running();
  const asked = async (accept: string) => {
    const { status, headers, text } = await compute('/os-networksv2', { headers: { accept } });
    return [status, headers['content-type'], text] as const;
  };
  expect((await asked('*/*')).slice(0, 2)).toEqual([404, 'text/html; charset=UTF-8']);
  expect((await asked('application/xml')).slice(0, 2)).toEqual([404, 'text/plain; charset=UTF-8']);
  const [status, type, text] = await asked('application/json');
  expect([status, type, JSON.parse(text)]).toMatchObject([
    404,
    'application/json',
    { code: '404 Not Found' },
  ]);
});

test('the page of an operation is a fault in the caller’s format', async () => {
  const { compute } = await running();
  const body = JSON.stringify({ server: { name: 'x'.repeat(120_000) } });
  for (const accept of ['application/json', '*/*']) {
    const answer = await compute('/servers', { method: 'POST', headers: { ...JSON_BODY, accept }, body });
    expect(faultOf(answer)).toEqual([413, 'overLimit']);
  }
  const xml = await compute('/servers', { method: 'POST', headers: { ...JSON_BODY, ...XML.headers }, body });
  expect([xml.status, xml.text]).toEqual([413, expect.stringMatching(/<overLimit [^>]*code="413"/)]);
});

test('a body that is too long for Nova is its 413: no rate, nothing to wait for, and once', async () => {
  const scene = await running();
  const before = scene.cloud.arrived('DFW').length;
  const answer = await scene.compute('/servers', sent({ server: { name: 'x'.repeat(120_000) } }));
  expect([...faultOf(answer), answer.headers['retry-after']]).toEqual([413, 'overLimit', undefined]);
  expect(scene.cloud.arrived('DFW')).toHaveLength(before + 1);
  expect((await scene.compute('/limits')).status).toBe(200);
});

test('a quota that is exceeded is Nova’s 403 in Nova’s words, once, in JSON and in XML', async () => {
  const scene = await running();
  const server = { name: 'a', imageRef: await imageId(scene), flavorRef: '2', min_count: 101 };
  const before = scene.cloud.arrived('DFW').length;
  const answer = await scene.compute('/servers', sent({ server }));
  const words = 'Quota exceeded for instances: Requested 101, but already used 0 of 100 instances';
  expect([answer.status, answer.json()]).toEqual([403, { forbidden: { code: 403, message: words } }]);
  expect(scene.cloud.arrived('DFW')).toHaveLength(before + 1);
  const xml = await scene.compute('/servers', {
    ...sent({ server }),
    headers: { ...JSON_BODY, ...XML.headers },
  });
  expect([xml.status, xml.text]).toEqual([
    403,
    expect.stringMatching(/<forbidden [^>]*code="403"[\s\S]*Quota exceeded/),
  ]);
});

test('a token that was revoked costs no caller anything, where Nova still takes it and where it does not', async () => {
  const scene = await running();
  const { ask, cloud } = scene;
  const statuses = async (query: string) => {
    const all = [];
    for (const region of ['dfw', 'ord'])
      all.push((await ask(`/${region}/v2.1/${cloud.project}/flavors?minRam=${query}`)).status);
    return all;
  };
  expect((await ask(`/dfw/v2.1/${cloud.project}/flavors`)).status).toBe(200);
  cloud.simulator.control.revokeTokens();
  expect(await statuses('1')).toEqual([200, 200]);
  cloud.clock.tick(300_000);
  expect(await statuses('2')).toEqual([200, 200]);
  expect(cloud.simulator.control.logins()).toBe(2);
});

test('while Keystone is down callers are served with a token that Nova has seen', async () => {
  const { compute, cloud } = await running({ upstream: { retries: 0 } });
  expect((await compute('/flavors')).status).toBe(200);
  cloud.simulator.control.setIdentityDown(true);
  expect((await compute('/flavors?minRam=1')).status).toBe(200);
});

test('while Keystone is down and Nova has not seen the token, its page is a 503 fault, and cached answers go on', async () => {
  const { compute, cloud } = await running(
    { upstream: { retries: 0 } },
    { tokens: { regionCacheSeconds: 0 } },
  );
  expect((await compute('/flavors')).status).toBe(200);
  cloud.simulator.control.setIdentityDown(true);
  expect((await compute('/flavors')).status).toBe(200);
  expect(faultOf(await compute('/servers'))).toEqual([503, 'serviceUnavailable']);
  const xml = await compute('/servers', XML);
  expect([xml.status, xml.text]).toEqual([503, expect.stringMatching(/<serviceUnavailable /)]);
  cloud.simulator.control.setIdentityDown(false);
  await expect.poll(async () => (await compute('/servers')).status).toBe(200);
});

test('without Glance what is cached of images goes on, the rest and creates are Nova’s 500', async () => {
  const scene = await running({ upstream: { retries: 0 } });
  const { compute, cloud } = scene;
  const server = { name: 'a', imageRef: await imageId(scene), flavorRef: '2' };
  cloud.simulator.control.setConditions('DFW', { imagesDown: true });
  expect((await compute('/images')).status).toBe(200);
  for (const answer of [await compute('/images?name=none'), await compute('/servers', sent({ server }))]) {
    expect(faultOf(answer)).toEqual([500, 'computeFault']);
    expect(answer.text).toContain('GlanceConnectionFailed');
  }
});

test('without Nova’s database what is cached goes on, and the rest is its 500', async () => {
  const scene = await running({ upstream: { retries: 0 } });
  const { compute, cloud } = scene;
  expect((await compute('/flavors')).status).toBe(200);
  cloud.simulator.control.setConditions('DFW', { databaseDown: true });
  expect((await compute('/flavors')).status).toBe(200);
  const answer = await compute('/servers');
  expect([...faultOf(answer), answer.text]).toEqual([
    500,
    'computeFault',
    expect.stringContaining('DBConnectionError'),
  ]);
});

test('an accepted action without a body goes down without one, to callers of JSON and of XML', async () => {
  const scene = await running();
  const id = await activeServer(scene);
  const act = async (body: object, headers: Record<string, string> = {}) => {
    const answer = await scene.compute(`/servers/${id}/action`, {
      ...sent(body),
      headers: { ...JSON_BODY, ...headers },
    });
    scene.cloud.simulator.control.advance(600_000);
    return [answer.status, answer.text, answer.headers['content-length']];
  };
  expect(await act({ reboot: { type: 'SOFT' } })).toEqual([202, '', '0']);
  expect(await act({ reboot: { type: 'SOFT' } }, XML.headers)).toEqual([202, '', '0']);
  expect(await act({ createImage: { name: 's' } })).toEqual([202, '', '0']);
  expect(await act({ resize: { flavorRef: '3' } })).toEqual([202, '', '0']);
  expect((await act({ confirmResize: null })).slice(0, 2)).toEqual([204, '']);
});

test('what Nova has no longer is its 410, and volumes of a server are served', async () => {
  const scene = await running();
  const id = await activeServer(scene);
  expect(faultOf(await scene.compute(`/servers/${id}/os-virtual-interfaces`))).toEqual([410, 'computeFault']);
  expect((await scene.compute(`/servers/${id}/os-volume_attachments`)).json()).toEqual({
    volumeAttachments: [],
  });
});

test('no answer of the region that says no, whatever it is, tells where the cloud is', async () => {
  const scene = await running({ upstream: { retries: 0 } });
  const id = await activeServer(scene);
  const answers = [
    await scene.compute('/os-networksv2'),
    await scene.compute('/flavors/none'),
    await scene.compute(`/servers/${id}/os-virtual-interfaces`),
    await scene.compute('/servers?limit=abc'),
    await scene.ask('/dfw/v2.1/abc/servers'),
  ];
  for (const { status, headers, text } of answers) {
    expect(status).toBeGreaterThanOrEqual(400);
    expect(JSON.stringify(headers) + text).not.toContain(new URL(scene.cloud.url).host);
  }
});
