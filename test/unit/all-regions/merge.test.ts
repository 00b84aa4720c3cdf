import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Failure,
  judgeFailures,
  mergedDocument,
  mergeParts,
  type Part,
  readPart,
} from '../../../src/all-regions/merge.ts';

const part = (region: string, ids: string[], hasMore = false): Part => ({
  region,
  members: ids.map((id) => ({ id })),
  hasMore,
});
const failure = (region: string, code: number, retryAfter?: number): Failure => ({
  region,
  fault: 'someFault',
  code,
  message: `${region} says no.`,
  retryAfter,
});
const ids = ({ members }: { members: object[] }) =>
  members.map((member) => {
    const { id, 'sluice:region': region } = member as { id: string; 'sluice:region': string };
    return `${region}:${id}`;
  });

describe("a region's answer", () => {
  it('is a part when it holds the collection', () => {
    expect(readPart('DFW', 'servers', { servers: [{ id: '1' }] })).toEqual(part('DFW', ['1']));
    const links = [{ rel: 'next', href: 'x' }];
    expect(readPart('DFW', 'servers', { servers: [], servers_links: links })?.hasMore).toBe(true);
  });

  it.each([
    ['http://a.test/v2/1/servers?limit=2&marker=a%2Fb#x', 'a/b'],
    ['/servers?marker=9', '9'],
    ['http://a.test/servers?page=2', undefined],
    ['nonsense', undefined],
    [7, undefined],
  ])('says by the marker of its next link %s where it goes on', (href, marker) => {
    const links = [
      { rel: 'self', href: '?marker=no' },
      { rel: 'next', href },
    ];
    expect(readPart('DFW', 'servers', { servers: [], servers_links: links })).toEqual({
      region: 'DFW',
      members: [],
      hasMore: true,
      nextMarker: marker,
    });
  });

  it.each([[null], [[]], [{ flavors: [] }], [{ servers: {} }]])('%j is none', (body) => {
    expect(readPart('DFW', 'servers', body)).toBeUndefined();
  });
});

describe('parts merged', () => {
  it('stand in the order of the regions, each member with its own', async () => {
    const merged = await mergeParts([part('DFW', ['1', '2']), part('ORD', ['1'])], undefined);
    expect(ids(merged)).toEqual(['DFW:1', 'DFW:2', 'ORD:1']);
    expect(merged.next).toBeUndefined();
  });

  it('end behind a region that gave nothing and has more, where that goes on', async () => {
    const empty = { ...part('DFW', [], true), nextMarker: 'd7' };
    const merged = await mergeParts([empty, part('ORD', ['1'])], undefined);
    expect(merged).toEqual({ members: [], next: { region: 'DFW', id: 'd7' } });
    expect(ids(await mergeParts([part('DFW', [], true), part('ORD', ['1'])], undefined))).toEqual(['ORD:1']);
  });

  it('end at the limit, and go on only when something is left', async () => {
    const parts = [part('DFW', ['1', '2']), part('ORD', ['3'])];
    expect((await mergeParts(parts, 1)).next).toEqual({ region: 'DFW', id: '1' });
    expect((await mergeParts(parts, 2)).next).toEqual({ region: 'DFW', id: '2' });
    expect((await mergeParts(parts, 3)).next).toBeUndefined();
    expect((await mergeParts([part('DFW', ['1', '2']), part('ORD', [])], 2)).next).toBeUndefined();
  });

  it('end behind a region that has more to give', async () => {
    const merged = await mergeParts([part('DFW', ['1'], true), part('ORD', ['2'])], undefined);
    expect(ids(merged)).toEqual(['DFW:1']);
    expect(merged.next).toEqual({ region: 'DFW', id: '1' });
  });

  it('leave turns of the event loop to others, and none where they are few', async () => {
    const turnsOf = async (count: number) => {
      let turns = 0;
      let isOver = false;
      const tick = () => {
        turns++;
        if (!isOver) setImmediate(tick);
      };
      setImmediate(tick);
      await mergeParts(
        [
          part(
            'DFW',
            Array.from({ length: count }, (_, at) => `${at}`),
          ),
        ],
        undefined,
      );
      isOver = true;
      return turns;
    };
    expect(await turnsOf(500)).toBe(0);
    expect(await turnsOf(10_000)).toBeGreaterThanOrEqual(8);
  });

  it('page by page are every member once, whatever the limit and the sizes', async () => {
    const regions = fc.array(fc.array(fc.integer(), { maxLength: 7 }), { minLength: 1, maxLength: 4 });
    const property = fc.asyncProperty(
      regions,
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 1, max: 5 }),
      async (sizes, limit, most) => {
        const all = sizes.map((own, index) => own.map((_, at) => `${index}-${at}`));
        const seen: string[] = [];
        let from = { region: 0, at: 0 };
        for (let page = 0; page < 200; page++) {
          const parts = all.slice(from.region).map((own, index) => {
            const rest = own.slice(index === 0 ? from.at : 0);
            const size = Math.min(limit, most);
            return part(String(from.region + index), rest.slice(0, size), rest.length > size);
          });
          const merged = await mergeParts(parts, limit);
          seen.push(...merged.members.map((member) => String(member['id'])));
          if (!merged.next) break;
          from = { region: Number(merged.next.region), at: Number(merged.next.id.split('-')[1]) + 1 };
        }
        expect(seen).toEqual(all.flat());
      },
    );
    await fc.assert(property);
  });
});

it('the document names the next page and the missing regions only where there are any', () => {
  expect(mergedDocument('servers', [], undefined, [])).toEqual({ servers: [] });
  expect(mergedDocument('servers', [], 'http://x/', [failure('ORD', 503)])).toEqual({
    servers: [],
    servers_links: [{ rel: 'next', href: 'http://x/' }],
    'sluice:errors': [{ region: 'ORD', fault: 'someFault', code: 503, message: 'ORD says no.' }],
  });
});

describe('when no region answered', () => {
  it('what all of them say of the request is the answer, with the longest wait', () => {
    expect(judgeFailures([failure('DFW', 413, 3), failure('ORD', 413, 7)])).toMatchObject({
      kind: 'alike',
      failure: { code: 413, retryAfter: 7 },
    });
    expect(judgeFailures([failure('DFW', 400)])).toMatchObject({ kind: 'alike', failure: { code: 400 } });
  });

  it('anything else is about the regions, and all are named', () => {
    expect(judgeFailures([failure('DFW', 503), failure('ORD', 503)])).toEqual({
      kind: 'all',
      message: 'No region answered. DFW: 503 DFW says no. ORD: 503 ORD says no.',
    });
    expect(judgeFailures([failure('DFW', 400), failure('ORD', 503)]).kind).toBe('all');
  });
});
