import { afterEach, expect, it, vi } from 'vitest';
import type { JsonValue } from '../../../src/json.ts';
import type { DocumentName } from '../../../src/operations/operation.ts';
import { ITEMS_PER_TURN, renderXml, renderXmlInTurns } from '../../../src/translation/write-xml.ts';
import { XmlSizeError } from '../../../src/translation/xml-error.ts';

afterEach(() => vi.restoreAllMocks());

const server = (at: number): JsonValue => ({
  id: `${at}`,
  name: `s & ${at}`,
  'OS-DCF:diskConfig': 'AUTO',
  metadata: { a: 'b' },
  links: [{ rel: 'self', href: `https://dfw.test/v2/1/servers/${at}` }],
});
const list = (count: number) => Array.from({ length: count }, (_, at) => server(at));
const links = [{ rel: 'next', href: 'https://dfw.test/v2/1/servers?marker=9' }];

const DOCUMENTS: [string, DocumentName, JsonValue][] = [
  ['no member', 'servers', { servers: [] }],
  ['one', 'servers', { servers: list(1) }],
  ['as many as are written at once', 'servers', { servers: list(ITEMS_PER_TURN) }],
  ['one more', 'servers', { servers: list(ITEMS_PER_TURN + 1) }],
  ['many, with links', 'servers', { servers: list(1_234), servers_links: links }],
  [
    'many, with what stands beside them',
    'servers',
    { servers: list(500), 'sluice:errors': [{ region: 'ORD' }] },
  ],
  ['many that are no objects', 'images', { images: Array.from({ length: 300 }, (_, at) => at) }],
  ['a fault', 'servers', { itemNotFound: { code: 404, message: 'no' } }],
  ['rubbish', 'servers', list(300)],
  ['one server', 'server', { server: server(1) }],
];

it.each(DOCUMENTS)('a document is the same in turns as at once: %s', async (_what, document, value) => {
  expect(Buffer.concat(await renderXmlInTurns(document, value)).toString()).toBe(renderXml(document, value));
});

it('a turn of the event loop is left to others behind so many members, and not to none', async () => {
  const turns = vi.spyOn(globalThis, 'setImmediate');
  await renderXmlInTurns('servers', { servers: list(10 * ITEMS_PER_TURN) });
  expect(turns).toHaveBeenCalledTimes(9);
  turns.mockClear();
  await renderXmlInTurns('servers', { servers: list(ITEMS_PER_TURN) });
  expect(turns).not.toHaveBeenCalled();
});

it.each<[string, DocumentName, JsonValue]>([
  ['one text', 'servers', { servers: [server(1), { id: '2', name: '&'.repeat(600_000) }] }],
  [
    'the metadata of one server',
    'servers',
    { servers: [{ metadata: Object.fromEntries(list(20_001).map((_, at) => [`k${at}`, ''])) }] },
  ],
  ['a document that is no list', 'server', { server: { addresses: { public: list(5_000) } } }],
  ['a document that is none of the API', 'servers', list(5_000)],
])(
  'what would have to be written at once is refused when it is too much: %s',
  async (_what, document, value) => {
    await expect(renderXmlInTurns(document, value)).rejects.toBeInstanceOf(XmlSizeError);
  },
);

it('a turn is left to others behind so many characters, too', async () => {
  const turns = vi.spyOn(globalThis, 'setImmediate');
  const servers = Array.from({ length: 20 }, (_, at) => ({ id: `${at}`, name: 'x'.repeat(100_000) }));
  await renderXmlInTurns('servers', { servers });
  expect(turns.mock.calls.length).toBeGreaterThanOrEqual(9);
});
