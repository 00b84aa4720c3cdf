import fc from 'fast-check';
import { expect } from 'vitest';
import { ask } from '../support/ask.ts';
import { scenario } from '../support/scenario.ts';
import { spelledPath, spelledText } from '../support/spellings.ts';
import { json, noContent } from '../support/stub-answers.ts';
import { publishedAs } from '../support/stub-rates.ts';

const { it, gateway, dfw } = scenario('file', {
  settings: { cache: { derive: { flavors: false, images: false } } },
  script: (upstream) =>
    upstream
      .region('DFW')
      .publish(publishedAs([{ verb: 'DELETE', uri: '/images', value: 100_000, unit: 'DAY' }])),
});

const get = (path: string, headers: Record<string, string> = {}) =>
  ask(`${gateway.url}/dfw/v2/700100${path}`, { headers });
const forgetAll = async () => {
  await ask(`${gateway.adminUrl}/admin/cache/purge`, { method: 'POST' });
  dfw.forget();
};
/** What the region was asked for by the last request. */
const lastAsked = () => dfw.requests().at(-1)?.url;

/** Queries of the same parts in several spellings and orders, some of which servers read differently. */
const query = fc
  .array(
    fc.constantFrom(
      'minRam=8192',
      'minRam=0',
      'm%69nRam=8192',
      'limit=1',
      'l%69mit=1',
      'limit=1;minRam=0',
      'x=a+b',
      'x=a%20b',
      'x=%61%2bb',
      'x',
      'x=',
      '',
      'format=json',
      'cacheid=7',
    ),
    { maxLength: 3 },
  )
  .map((parts) => (parts.length === 0 ? '' : `?${parts.join('&')}`));

it('two requests share an answer if and only if the region is asked for the same bytes', async () => {
  dfw.on('GET /flavors', json({ flavors: [] }));
  const pair = fc.tuple(spelledPath('/flavors'), query, spelledPath('/flavors'), query);
  await fc.assert(
    fc.asyncProperty(pair, async ([onePath, oneQuery, otherPath, otherQuery]) => {
      await forgetAll();
      await get(otherPath + otherQuery);
      const other = lastAsked();
      await forgetAll();
      await get(onePath + oneQuery);
      const one = lastAsked();
      const { 'x-cache': verdict } = (await get(otherPath + otherQuery)).headers;
      expect(verdict).toBe(one === other ? 'HIT' : 'MISS');
    }),
    { numRuns: 120 },
  );
});

it('any spelling of a write goes up as the plain one, is charged as it is, and ends what it ends', async () => {
  const ids = fc.constantFrom('51c2a8d4', 'a b', 'é;x');
  const spelled = ids.chain((id) =>
    fc.tuple(fc.constant(id), spelledPath(`/images/${id}`), spelledText('.json')),
  );
  const left = () => gateway.metric('sluice_limit_remaining', { verb: 'DELETE' });
  await get('/limits');
  await fc.assert(
    fc.asyncProperty(spelled, async ([id, path, suffix]) => {
      const plain = `/images/${encodeURIComponent(id)}`;
      dfw.on('GET /images/*', json({ image: { id, status: 'ACTIVE' } }));
      dfw.on('DELETE /images/*', noContent());
      await get(plain);
      expect((await get(plain)).headers['x-cache']).toBe('HIT');
      const before = await left();
      const url = `${gateway.url}/dfw/v2/700100${path.replace(/\/+$/, '')}${suffix}`;
      expect((await ask(url, { method: 'DELETE' })).status).toBe(204);
      expect(lastAsked()).toBe(`/v2/700100${plain}`);
      expect(before - (await left())).toBe(1);
      expect((await get(plain)).headers['x-cache']).toBe('MISS');
    }),
    { numRuns: 40 },
  );
});
