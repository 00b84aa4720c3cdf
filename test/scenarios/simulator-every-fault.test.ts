import { describe, expect, test } from 'vitest';
import { FAULTS, type FaultName } from '../../src/faults/faults.ts';
import { DEMO_USER } from '../../src/simulator/config.ts';
import { xmlBody } from '../conformance/xml-body.ts';
import { startSimulator } from '../unit/simulator/running-simulator.ts';

/**
 * Every fault of the guide's Table 1.6 and of the rescue sections (2.3.7, 2.3.8), each for a reason a real region has,
 * over plain HTTP in both formats. A fault without a way to provoke it does not compile, and does not pass.
 */

type Format = 'json' | 'xml';
type Body = Parameters<typeof xmlBody>[0];

const IMAGE = '8389b2cb-f161-427b-9665-06ab841f689c';
const VOLUME = '5f0c7a10-5555-4a6e-b0d2-31c4aa000005';
const SERVER = { name: 'one', imageRef: IMAGE, flavorRef: '2' };

async function stage(format: Format) {
  const { session, simulator, clock, url } = await startSimulator({
    timing: { buildSeconds: 20, actionSeconds: 10, imageSeconds: 30 },
    absoluteLimits: { maxTotalInstances: 2 },
    rateLimits: { perAccount: { [DEMO_USER.username]: [{ verb: 'ALL', uri: '/limits', value: 1 }] } },
  });
  const { ask: plain } = await session();
  const headers = { accept: `application/${format}`, 'content-type': `application/${format}` };
  const written = (body: Body) => (format === 'xml' ? xmlBody(body) : JSON.stringify(body));
  const ask = (method: string, path: string, body?: Body, given: Record<string, string> = {}) =>
    plain(path, {
      method,
      headers: { ...headers, ...given },
      ...(body === undefined ? {} : { body: written(body) }),
    });
  const create = async (): Promise<string> => {
    const answer = await ask('POST', '/servers', { server: SERVER });
    expect(answer.status).toBe(202);
    return answer.headers.get('location')!.split('/').at(-1)!;
  };
  return {
    ask,
    plain,
    /** What is no region's: another service of the catalog. */
    elsewhere: (path: string) => fetch(url + path, { headers }),
    control: simulator.control,
    create,
    /** A server that is ACTIVE. */
    async active(): Promise<string> {
      const id = await create();
      clock.tick(20_000);
      return id;
    },
    act: (id: string, body: Body) => ask('POST', `/servers/${id}/action`, body),
  };
}

type Stage = Awaited<ReturnType<typeof stage>>;

interface Provocation {
  readonly why: string;
  readonly provoke: (stage: Stage) => Promise<Response>;
  /** Headers the answer must have; null: must not. */
  readonly headers?: Readonly<Record<string, string | null | RegExp>>;
}

const PROVOCATIONS: Readonly<Record<FaultName, readonly Provocation[]>> = {
  computeFault: [
    {
      why: 'the image service of the region cannot be reached',
      async provoke({ ask, control }) {
        control.setConditions('DFW', { imagesDown: true });
        return ask('POST', '/servers', { server: SERVER });
      },
    },
  ],
  badRequest: [
    {
      why: 'a server without an image',
      provoke: ({ ask }) => ask('POST', '/servers', { server: { name: 'x', flavorRef: '2' } }),
    },
    { why: 'a limit that is no number', provoke: ({ ask }) => ask('GET', '/servers?limit=many') },
    {
      why: 'an action the region does not have',
      provoke: async ({ act, active }) => act(await active(), { 'os-getConsole': {} }),
    },
  ],
  unauthorized: [
    {
      why: 'a token that was never given',
      provoke: ({ ask }) => ask('GET', '/servers', undefined, { 'x-auth-token': 'none' }),
      headers: { 'www-authenticate': /^Keystone uri=/ },
    },
    {
      why: 'a token that has been revoked',
      async provoke({ ask, control }) {
        control.revokeTokens();
        return ask('GET', '/servers');
      },
    },
  ],
  forbidden: [
    { why: 'a base image is nobody’s to delete', provoke: ({ ask }) => ask('DELETE', `/images/${IMAGE}`) },
  ],
  resizeNotAllowed: [
    {
      why: 'a resize to the flavor the server has',
      provoke: async ({ act, active }) => act(await active(), { resize: { flavorRef: '2' } }),
    },
    {
      why: 'a confirmation with no resize to confirm',
      provoke: async ({ act, active }) => act(await active(), { confirmResize: {} }),
    },
  ],
  itemNotFound: [
    { why: 'a server there is not', provoke: ({ ask }) => ask('GET', '/servers/none') },
    { why: 'a marker that is no id', provoke: ({ ask }) => ask('GET', '/images?marker=none') },
  ],
  badMethod: [
    {
      why: 'a list of servers cannot be deleted',
      provoke: ({ ask }) => ask('DELETE', '/servers'),
      headers: { allow: 'GET, HEAD, POST' },
    },
  ],
  buildInProgress: [
    {
      why: 'a server that is being built is renamed',
      provoke: async ({ ask, create }) =>
        ask('PUT', `/servers/${await create()}`, { server: { name: 'two' } }),
    },
  ],
  backupOrResizeInProgress: [
    {
      why: 'a second image of a server while the first is taken',
      async provoke({ act, active }) {
        const id = await active();
        expect((await act(id, { createImage: { name: 'first' } })).status).toBe(202);
        return act(id, { createImage: { name: 'second' } });
      },
    },
    {
      why: 'a reboot while the server is resized',
      async provoke({ act, active }) {
        const id = await active();
        expect((await act(id, { resize: { flavorRef: '3' } })).status).toBe(202);
        return act(id, { reboot: { type: 'HARD' } });
      },
    },
  ],
  conflictingRequest: [
    {
      why: 'a volume that is attached already',
      async provoke({ ask, active }) {
        const path = `/servers/${await active()}/os-volume_attachments`;
        const body = { volumeAttachment: { volumeId: VOLUME, device: '/dev/xvdb' } };
        expect((await ask('POST', path, body)).status).toBe(200);
        return ask('POST', path, body);
      },
    },
    {
      why: 'a rebuild of a server that is suspended',
      async provoke({ act, active, control }) {
        const id = await active();
        control.setServerStatus('DFW', id, 'SUSPENDED');
        return act(id, { rebuild: { name: 'x', imageRef: IMAGE } });
      },
    },
  ],
  operationNotAllowed: [
    {
      why: 'a server leaves rescue mode that is not in it',
      provoke: async ({ act, active }) => act(await active(), { unrescue: {} }),
    },
  ],
  rescueOrUnrescueProcessingInProgress: [
    {
      why: 'a server leaves rescue mode before it is in it',
      async provoke({ act, active }) {
        const id = await active();
        expect((await act(id, { rescue: {} })).status).toBe(200);
        return act(id, { unrescue: {} });
      },
    },
  ],
  overLimit: [
    {
      why: 'a rate limit is spent',
      async provoke({ ask }) {
        expect((await ask('GET', '/limits')).status).toBe(200);
        return ask('GET', '/limits');
      },
      headers: { 'retry-after': / GMT$/ },
    },
    {
      why: 'the quota of servers is full',
      async provoke({ ask, create }) {
        await create();
        await create();
        return ask('POST', '/servers', { server: SERVER });
      },
      headers: { 'retry-after': '0' },
    },
    {
      why: 'a metadata value is longer than 255 bytes',
      provoke: ({ ask }) =>
        ask('POST', '/servers', { server: { ...SERVER, metadata: { k: 'v'.repeat(256) } } }),
      headers: { 'retry-after': null },
    },
    {
      why: 'a page of more than 1000 items is wanted',
      provoke: ({ ask }) => ask('GET', '/servers?limit=1001'),
      headers: { 'retry-after': null },
    },
  ],
  badMediaType: [
    {
      why: 'a body that is neither JSON nor XML',
      provoke: ({ ask }) => ask('POST', '/servers', { server: SERVER }, { 'content-type': 'text/csv' }),
    },
  ],
  notImplemented: [
    {
      why: 'a service that the catalog only lists',
      provoke: ({ elsewhere }) => elsewhere(`/v1.0/${DEMO_USER.tenant}/servers`),
    },
  ],
  serviceUnavailable: [
    {
      why: 'the identity service is down, so that no token can be checked',
      async provoke({ ask, control }) {
        control.setIdentityDown(true);
        return ask('GET', '/servers');
      },
    },
  ],
  serverCapacityUnavailable: [
    {
      why: 'the region has no room for a new server',
      async provoke({ ask, control }) {
        control.setConditions('DFW', { scarcity: true });
        return ask('POST', '/servers', { server: SERVER });
      },
    },
    {
      why: 'the region has no room for a larger server',
      async provoke({ act, active, control }) {
        const id = await active();
        control.setConditions('DFW', { scarcity: true });
        return act(id, { resize: { flavorRef: '3' } });
      },
    },
  ],
};

const CASES = (Object.keys(FAULTS) as FaultName[]).flatMap((name) =>
  PROVOCATIONS[name].map((provocation) => [name, provocation.why, provocation] as const),
);

test('every fault has a provocation', () => {
  expect(new Set(CASES.map(([name]) => name))).toEqual(new Set(Object.keys(FAULTS)));
});

describe.each<Format>(['json', 'xml'])('in %s', (format) => {
  test.each(CASES)('%s: %s', async (name, _, { provoke, headers = {} }) => {
    const answer = await provoke(await stage(format));
    const text = await answer.text();
    expect(text).toContain(name);
    expect(answer.status).toBe(FAULTS[name]);
    expect(answer.headers.get('content-type')).toBe(`application/${format}`);
    const { code, message } = read(text, name, format);
    expect(code).toBe(FAULTS[name]);
    expect(message).toMatch(/\w{3}.*\w/);
    for (const [header, expected] of Object.entries(headers)) {
      const value = answer.headers.get(header);
      if (expected instanceof RegExp) expect(value).toMatch(expected);
      else expect(value).toBe(expected);
    }
  });
});

/** Code and message of a fault, read without the code that wrote it. */
function read(text: string, name: FaultName, format: Format): { code: number; message: string } {
  if (format === 'json')
    return (JSON.parse(text) as Record<string, { code: number; message: string }>)[name]!;
  const root = new RegExp(
    `<${name} xmlns="http://docs.openstack.org/compute/api/v1.1" code="(\\d+)"[^>]*><message>([^<]+)</message>`,
  ).exec(text);
  return { code: Number(root?.[1]), message: root?.[2] ?? '' };
}
