import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keyOf } from '../../../src/cache/key.ts';
import { OPERATIONS } from '../../../src/operations/table.ts';
import { createRouter, type Route } from '../../../src/routing/route.ts';
import { spelledPath, spelledText } from '../../support/spellings.ts';

const router = createRouter({ maxTargetBytes: () => 8192 });

const paths = OPERATIONS.filter(({ scope, action }) => scope === 'tenant' && action === undefined);
const id = fc.constantFrom('51c2a8d4-7e0b', 'a b', 'a:b', 'a;b', 'é', 'a%2eb', 'x+y', '100%', 'a?b#c');

/** A row of the table and a path of it, plain. */
const operation = fc.constantFrom(...paths).chain((row) =>
  fc.tuple(fc.constant(row), id, id).map(([known, first, second]) => {
    const values = [first, second];
    const path = known.path.replace(/\{\w+\}/g, () => encodeURIComponent(values.shift()!));
    return { known, path, text: decodeURIComponent(path) };
  }),
);

const format = fc.constantFrom('', '.json', '.xml');

describe('any equivalent spelling of an operation', () => {
  it('is the same operation, path and parameters', () => {
    const spelled = operation.chain(({ known, path, text }) =>
      fc.tuple(fc.constant({ known, path }), spelledPath(text), format.chain(spelledText)),
    );
    fc.assert(
      fc.property(spelled, ([{ known, path }, spelling, suffix]) => {
        // What is encoded stays below its slash; a slash of a parameter's own is none of these.
        const plain = router(known.method, `/dfw/v2/700100${path}`);
        const end = /\/*$/.exec(spelling)![0];
        const url = `/%64fw/v%32/70010%30${spelling.slice(0, spelling.length - end.length)}${suffix}${end}`;
        const route = router(known.method, url);
        expect(route.match).toEqual(plain.match);
        expect(route.match).toMatchObject({ operation: { name: known.name } });
        expect(sentBy(route)).toBe(sentBy(plain));
      }),
      { numRuns: 2000 },
    );
  });

  it('asks with the same query', () => {
    const names = ['name', 'status', 'limit', 'marker', 'changes-since', 'server'];
    const parameters = fc.uniqueArray(fc.tuple(fc.constantFrom(...names), fc.string({ unit: 'grapheme' })), {
      selector: ([name]) => name,
      minLength: 1,
    });
    const spelled = parameters.chain((list) =>
      fc.tuple(
        fc.constant(list),
        fc
          .shuffledSubarray(list, { minLength: list.length })
          .chain((shuffled) =>
            fc.tuple(...shuffled.map(([name, value]) => fc.tuple(spelledText(name), spelledText(value)))),
          ),
      ),
    );
    const asked = (list: readonly (readonly string[])[]) =>
      router('GET', `/v2/1/images?${list.map((pair) => pair.join('=')).join('&')}`).asked;
    fc.assert(
      fc.property(spelled, ([list, spelling]) => {
        expect(asked(spelling)).toBe(asked(list.map((pair) => pair.map(encodeURIComponent))));
      }),
    );
  });
});

/** Pieces of URLs that servers read in this way or that. */
const piece = fc.constantFrom(
  ...['a', 'b', '%61', '%2F', '/', '//', ';', '%3b', '+', '%2B', '%20', '&', '%26', '=', '%3D', '.', '%2e'],
  ...[
    'name',
    'limit',
    'n%61me',
    'minRam=0',
    'minRam=8192',
    'format=xml',
    'cacheid=1',
    '?',
    '%3f',
    ':',
    '%3A',
  ],
);
const noise = fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join(''));

describe('any two requests for what may be cached', () => {
  it('have one key if and only if the same bytes are asked of the region', () => {
    const url = fc
      .tuple(fc.constantFrom('/flavors', '/flavors/detail', '/flavors/', '/images/'), noise, noise)
      .map(([path, below, query]) => `/v2/700100${path}${below}?${query}`);
    let compared = 0;
    fc.assert(
      fc.property(url, url, (one, other) => {
        const routes = [router('GET', one), router('GET', other)];
        const [left, right] = routes.map(keyBy);
        if (left === undefined || right === undefined) return;
        compared++;
        expect(left === right).toBe(sentBy(routes[0]!) === sentBy(routes[1]!));
      }),
      { numRuns: 5000 },
    );
    expect(compared).toBeGreaterThan(1000);
  });
});

/** Path and query as they go up, below the endpoint. */
function sentBy({ target, asked }: Route): string {
  const path = 'path' in target ? target.path : '';
  return asked === '' ? path : `${path}?${asked}`;
}

function keyBy({ target, match, asked }: Route): string | undefined {
  if (match?.kind !== 'operation' || !('path' in target) || match.operation.cache === null) return undefined;
  const { operation, params } = match;
  const where = {
    account: 'main',
    tenant: '700100',
    region: 'DFW',
    service: '',
    variant: '',
    cacheControl: undefined,
  };
  const request = { ...where, operation, params, path: target.path, query: asked };
  return keyOf(request, request.path, request.query);
}
