import { expect } from 'vitest';
import { ask } from '../support/ask.ts';
import { connectRaw } from '../support/raw-connection.ts';
import { scenario } from '../support/scenario.ts';

const { it, gateway } = scenario('test');

const get = (path: string, headers: Record<string, string> = {}) =>
  ask(`${gateway.url}/dfw/v2/700100${path}`, { headers });

it('a URL that is longer than listen.maxTargetBytes is refused with 414 in the format asked for', async () => {
  const long = `/images?name=${'x'.repeat(9000)}`;
  const told = await get(long);
  expect(told.status).toBe(414);
  expect(told.json()).toMatchObject({
    computeFault: { code: 414, message: expect.stringContaining('longer') },
  });
  const inXml = await get(long, { accept: 'application/xml' });
  expect([inXml.status, inXml.headers['content-type']]).toEqual([414, 'application/xml']);
  expect((await ask(`${gateway.url}/dfw/services/image/${'x'.repeat(9000)}`, { method: 'PUT' })).status).toBe(
    414,
  );
  expect((await get(`/images?name=${'x'.repeat(7000)}`)).status).toBe(200);
  await gateway.reload({ listen: { maxTargetBytes: 4096 } });
  expect((await get(`/images?name=${'x'.repeat(7000)}`)).status).toBe(414);
});

it('so is one that is longer than any head may be', async () => {
  const connection = await connectRaw(gateway.url);
  connection.write(`GET /${'x'.repeat(40_000)}`);
  const { status, body } = await connection.answer();
  expect([status, JSON.parse(body)]).toMatchObject([414, { computeFault: { code: 414 } }]);
  connection.close();
});
