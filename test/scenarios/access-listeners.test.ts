import { expect } from 'vitest';
import { checkTree } from '../../src/config/load.ts';
import { ask } from '../support/ask.ts';
import { keysMode, testClient } from '../support/clients.ts';
import { connectRaw } from '../support/raw-connection.ts';
import { scenario } from '../support/scenario.ts';

const P = '/dfw/v2/700100';
const billing = testClient('billing');

const { it, gateway, dfw } = scenario('file', {
  settings: {
    ...keysMode([billing]),
    trustProxy: ['127.0.0.1'],
    listen: [{ port: 0 }, { port: 0, access: { mode: 'open' } }, { port: 0, regions: { DFW: 0 } }],
  } as never,
});

it('listeners side by side ask each for what it is set to', async () => {
  const [keys, open, third] = gateway.urls as [string, string, string];
  const status = async (url: string, headers = {}) => (await ask(`${url}${P}/flavors`, { headers })).status;
  for (let round = 0; round < 3; round++) {
    expect([await status(keys), await status(keys, billing.headers)]).toEqual([401, 200]);
    expect([await status(open), await status(open, billing.headers)]).toEqual([200, 200]);
    expect(await status(third)).toBe(401);
  }
  const [fast, asked] = [await connectRaw(keys), await connectRaw(open)];
  for (let round = 0; round < 3; round++) {
    expect((await fast.ask(`${P}/flavors`)).status).toBe(401);
    expect((await asked.ask(`${P}/flavors`)).status).toBe(200);
  }
  fast.close();
  asked.close();
  expect((await ask(`${gateway.regionUrls['DFW']}/v2/700100/flavors`)).status).toBe(401);
});

it('what a trusted proxy says of scheme and host shapes links', async () => {
  const headers = { ...billing.headers, 'x-forwarded-proto': 'https', 'x-forwarded-host': 'sluice.example' };
  const { text } = await ask(`${gateway.url}${P}/flavors`, { headers });
  expect(text).toContain('https://sluice.example/dfw/v2/700100/flavors/');
  expect(dfw.count('GET /flavors')).toBeLessThan(5);
});

it('a configuration names its listeners as it has written them', () => {
  const account = { name: 'main', identity: { url: 'us', username: 'u', apiKey: 'k' } };
  const check = (tree: object) => {
    const loaded = checkTree({ accounts: [account], ...tree } as never, {}, '/');
    return 'problems' in loaded ? loaded.problems : [];
  };
  expect(check({ listen: [{ prot: 1 }, { host: 7 }] })).toEqual([
    expect.stringMatching(/^listen\.0\.prot: is no setting/),
    expect.stringMatching(/^listen\.1\.host: /),
  ]);
  expect(check({ listen: [{}, { host: '10.0.0.1', port: 8080 }], publicUrl: 'http://a.test' })).toEqual([
    expect.stringMatching(/^access\.mode: open lets every machine that reaches listen\.1\.host/),
  ]);
  expect(check({ listen: [{ port: 9000 }, { port: 9000 }] })).toEqual([
    expect.stringMatching(/^listen\.1\.port: is the port of listen/),
  ]);
  const clients = [billing.settings];
  expect(check({ listen: { host: '0.0.0.0' }, access: { mode: 'keys', clients } })).toEqual([
    expect.stringMatching(/^publicUrl: is missing: other machines reach listen\.host/),
  ]);
  expect(check({ moreListeners: [] })).toEqual([expect.stringMatching(/^moreListeners: is no setting/)]);
});
