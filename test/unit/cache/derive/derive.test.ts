import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { derive } from '../../../../src/cache/derive/derive.ts';
import { sliceArray, sliceObject } from '../../../../src/cache/derive/json-slices.ts';
import { indexList } from '../../../../src/cache/derive/list-index.ts';
import { subjectOf } from '../../../../src/cache/key.ts';
import { askedQuery } from '../../../../src/routing/asked-query.ts';
import { canonicalQuery } from '../../../../src/routing/canonical.ts';
import { askFor, FLAVORS, flavorsDetail, flavorText, imagesDetail, imageText } from '../support.ts';

const computed = (body: string, url: string, variant = ''): string | null => {
  const { operation, params, query } = askFor(url);
  const index = indexList(body, operation.cache!)!;
  const answer = derive(index, {
    operation,
    subject: subjectOf(params),
    query: askedQuery(operation.cache, canonicalQuery(query)!),
    variant,
  });
  return answer?.body ?? null;
};
const flavors = (url: string, variant?: string) => computed(flavorsDetail(), url, variant);
const ids = (text: string | null, collection: string): string[] | null =>
  text === null ? null : JSON.parse(text)[collection].map(({ id }: { id: string }) => id);

describe('slicing JSON', () => {
  it('cuts what JSON.parse sees, member by member', () => {
    fc.assert(
      fc.property(fc.array(fc.json()), (texts) => {
        expect(sliceArray(`[ ${texts.join(' , ')} ]`).map((text) => JSON.parse(text))).toEqual(
          texts.map((text) => JSON.parse(text)),
        );
      }),
    );
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const sliced = [...sliceObject(JSON.stringify(value, null, 2))];
        expect(sliced.map(([name, text]) => [name, JSON.parse(text)])).toEqual(
          Object.entries(JSON.parse(JSON.stringify(value))),
        );
      }),
    );
  });
});

describe('an item', () => {
  it('is the list`s member, spelled as the upstream spelled it', () => {
    expect(flavors('/flavors/3')).toBe(`{"flavor": ${FLAVORS[1]}}`);
    expect(flavors('/flavors/3')).toContain('"rxtx_factor": 2.0');
  });

  it('that the list lacks, or with any query, is the upstream`s to answer', () => {
    expect(flavors('/flavors/99')).toBeNull();
    expect(flavors('/flavors/3?x=1')).toBeNull();
  });
});

describe('a list', () => {
  it('without details names id, name and links only', () => {
    const { flavors: list } = JSON.parse(flavors('/flavors')!);
    expect(list.map((flavor: object) => Object.keys(flavor))).toEqual([
      ['id', 'name', 'links'],
      ['id', 'name', 'links'],
      ['id', 'name', 'links'],
    ]);
  });

  it('without details is left to the upstream when a microversion may add members', () => {
    expect(flavors('/flavors', 'compute 2.61')).toBeNull();
    expect(flavors('/flavors/3', 'compute 2.61')).not.toBeNull();
  });

  it.each([
    ['/flavors?minRam=1024', ['3', '4']],
    ['/flavors/detail?minDisk=41', ['4']],
    ['/flavors/detail?minRam=1024&minDisk=80', ['4']],
    ['/flavors/detail?minRam=99999', []],
    ['/flavors?marker=2', ['3', '4']],
    ['/flavors?limit=2', ['2', '3']],
    ['/flavors?limit=9&marker=3', ['4']],
    ['/flavors?marker=4', []],
  ])('%s holds %j', (url, expected) => {
    expect(ids(flavors(url), 'flavors')).toEqual(expected);
  });

  it.each([
    '/flavors?is_public=None',
    '/flavors?name=x',
    '/flavors?minRam=many',
    '/flavors?minRam=-1',
    '/flavors?minRam=512&minRam=1024',
    '/flavors?limit=0',
    '/flavors?limit=1001',
    '/flavors?limit=x',
    '/flavors?marker=99',
    '/flavors?minRam=1024&marker=2',
    '/flavors?limit=3',
  ])('%s goes to the upstream', (url) => {
    expect(flavors(url)).toBeNull();
  });

  it('links to the next page at the upstream`s own address', () => {
    const links = (url: string) => JSON.parse(flavors(url)!).flavors_links;
    expect(links('/flavors?minRam=512&limit=1')).toEqual([
      { rel: 'next', href: 'http://dfw.upstream.test/v2/4711/flavors?minRam=512&limit=1&marker=2' },
    ]);
    expect(links('/flavors/detail?limit=1&marker=2')[0].href).toBe(
      'http://dfw.upstream.test/v2/4711/flavors/detail?limit=1&marker=3',
    );
    expect(links('/flavors?limit=5')).toBeUndefined();
  });

  it('paged to its end is the whole list', () => {
    const many = Array.from({ length: 23 }, (_, at) => flavorText(String(at), at, at));
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 22 }).filter((limit) => 23 % limit !== 0),
        (limit) => {
          const seen: string[] = [];
          for (let url = `/flavors?limit=${limit}`; url !== ''; ) {
            const page = JSON.parse(computed(flavorsDetail(many), url)!);
            seen.push(...page.flavors.map(({ id }: { id: string }) => id));
            const [next] = page.flavors_links ?? [];
            url = next ? new URL(next.href).pathname.replace('/v2/4711', '') + new URL(next.href).search : '';
          }
          expect(seen).toEqual(many.map((_, at) => String(at)));
        },
      ),
    );
  });
});

describe('a list that may be cut', () => {
  it.each([
    ['a next link', '{"flavors": [], "flavors_links": []}'],
    ['no list', '{"flavours": []}'],
    ['a member without id', '{"flavors": [{"name": "x"}]}'],
    ['an id twice', flavorsDetail([FLAVORS[0]!, FLAVORS[0]!])],
    ['broken text', '{"flavors": ['],
    ['a full page', flavorsDetail(Array.from({ length: 1000 }, (_, at) => flavorText(String(at), 1, 1)))],
  ])('answers nothing: %s', (_, body) => {
    expect(indexList(body, 'flavors')).toBeNull();
  });
});

describe('images', () => {
  const list = imagesDetail([
    imageText({ id: 'a', name: 'Debian 7' }),
    imageText({ id: 'b', name: 'nightly', type: 'snapshot', server: 's1' }),
    imageText({ id: 'c', name: 'nightly', type: 'snapshot', server: 's2', status: 'SAVING' }),
  ]);
  it.each([
    ['/images?name=nightly', ['b', 'c']],
    ['/images?name=nothing', []],
    ['/images?status=ACTIVE', ['a', 'b']],
    ['/images?type=BASE', ['a']],
    ['/images?type=SNAPSHOT&name=nightly', ['b', 'c']],
    ['/images/detail?server=s1', ['b']],
    ['/images/detail?server=http%3A%2F%2Fdfw.upstream.test%2Fv2%2F4711%2Fservers%2Fs2', ['c']],
  ])('%s holds %j', (url, expected) => {
    expect(ids(computed(list, url), 'images')).toEqual(expected);
  });

  it.each([
    '/images?status=SAVING',
    '/images?status=active',
    '/images?name=NIGHTLY',
    '/images?name=in:a,b',
    '/images?type=all',
    '/images?minRam=1',
    '/images?property-x=1',
  ])('%s goes to the upstream', (url) => {
    expect(computed(list, url)).toBeNull();
  });

  it('leaves types to the upstream when an image does not tell its own', () => {
    expect(computed('{"images": [{"id": "a", "metadata": {}}]}', '/images/detail?type=BASE')).toBeNull();
  });
});
