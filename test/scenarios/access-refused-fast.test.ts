import { expect } from 'vitest';
import { keysMode, testClient } from '../support/clients.ts';
import { FAST_PATH } from '../support/gateway.ts';
import { connectRaw, type RawAnswer } from '../support/raw-connection.ts';
import { scenario } from '../support/scenario.ts';

const known = testClient('known');
const stranger = testClient('known');
const { it, gateway } = scenario('file', { settings: keysMode([known]) });

const P = '/dfw/v2/700100/flavors/detail';

/** What must be the same whoever writes an answer. */
const essence = ({ status, fields, body }: RawAnswer) => ({
  status,
  body,
  fields: fields
    .map(([name, value]) => [name, /^(?:X-Compute-Request-Id|Date)$/.test(name) ? '' : value].join(': '))
    .sort(),
});

/** The lines of the log and of the audit log about an answer, without what differs from one to the next. */
function linesOf(answer: RawAnswer): unknown[] {
  const id = answer.field('X-Compute-Request-Id');
  return gateway
    .logged()
    .filter((line) => line['id'] === id || auditOf(line)?.['requestId'] === id)
    .map(({ id: _id, ms: _ms, time: _time, ...line }) => ({
      ...line,
      audit: { ...auditOf(line), requestId: '', time: '' },
    }));
}

const auditOf = (line: Record<string, unknown>) => line['audit'] as Record<string, unknown> | undefined;

it.each<[string, string, Record<string, string>]>([
  ['a key of nobody', P, stranger.headers],
  ['a key that was mistyped', P, { 'X-Auth-Token': `${known.key}x` }],
  ['no key', P, {}],
  ['two keys', P, { 'X-Auth-Token': known.key, Authorization: `Bearer ${stranger.key}` }],
  ['anything, by a caller of XML', P, { Authorization: 'Bearer anything', Accept: 'application/xml' }],
  ['anything, in XML by suffix', P.replace('detail', 'detail.xml'), { 'X-Auth-Token': 'anything' }],
  ['a tenant that nobody has', P.replace('700100', '1'), stranger.headers],
])('%s is refused on a kept-alive connection as on a new one', async (_what, path, headers) => {
  const [kept, fresh] = await Promise.all([connectRaw(gateway.url), connectRaw(gateway.url)]);
  await kept.ask(P, known.headers);
  const host = { Host: new URL(gateway.url).host };
  const byNode = await fresh.ask(path, { ...host, ...headers });
  const fast = await kept.ask(path, { ...host, ...headers });
  expect([400, 401]).toContain(fast.status);
  expect(fast.fields.at(-1)![0] === 'X-Compute-Request-Id').toBe(FAST_PATH);
  expect(essence(fast)).toEqual(essence(byNode));
  await expect.poll(() => linesOf(fast).length).toBeGreaterThan(0);
  expect(linesOf(fast)).toEqual(linesOf(byNode));
  // The connection goes on, and who has a key is answered on it.
  expect((await kept.ask(P, known.headers)).status).toBe(200);
  kept.close();
  fresh.close();
});

it('a refusal on a kept-alive connection is counted, and stands in the audit log', async () => {
  const connection = await connectRaw(gateway.url);
  await connection.ask(P, known.headers);
  const count = () => gateway.metric('sluice_http_requests_total', { status: '401' });
  const refusals = () => gateway.logged().filter(({ audit }) => audit !== undefined).length;
  const [before, logged] = [await count(), refusals()];
  for (let round = 0; round < 3; round++) await connection.ask(P, stranger.headers);
  await expect.poll(count).toBe(before + 3);
  await expect.poll(refusals).toBe(logged + 3);
  connection.close();
});
