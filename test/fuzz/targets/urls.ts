import fc from 'fast-check';
import { createRouter } from '../../../src/routing/route.ts';
import type { FuzzTarget } from '../target.ts';
import { bent } from '../text.ts';

const SEGMENTS = [
  ...[
    '/',
    '//',
    '/dfw',
    '/v2',
    '/v2.1',
    '/700100',
    '/servers',
    '/detail',
    '/images',
    '/flavors',
    '/limits',
    '/1',
    '/action',
  ],
  ...[
    '.json',
    '.xml',
    '/..',
    '/.',
    '%2e',
    '%2F',
    '%252e',
    '%c3%a4',
    '%ff',
    '%zz',
    '%',
    ';',
    ';v=1',
    '+',
    '/all',
    '/services',
    '/image',
  ],
  ...['/v2.0/tokens', '/v3/auth/tokens', '#', ' ', 'é', '\\'],
];
const PARAMETERS = [
  ...[
    '&',
    '=',
    'limit',
    'limit=1',
    'marker=',
    'changes-since=2012-01-01',
    'format=xml',
    'minRam',
    '%26',
    '%3D',
    ';',
    '+',
  ],
  ...['%20', '%', '%e4', '[]', 'cacheid=1', '?', 'status=ACTIVE', 'status=ERROR'],
];

const method = fc.constantFrom('GET', 'GET', 'POST', 'DELETE', 'PROPFIND', '');
const path = bent(SEGMENTS).map((text) => `/${text}`);
const query = fc.option(bent(PARAMETERS), { nil: undefined, freq: 2 });
const router = createRouter({ maxTargetBytes: () => 8192 });

/** Paths and queries: read once or twice, they mean the same, so that no two readers can take them for different things. */
export const urls: FuzzTarget<{ method: string; url: string }> = {
  name: 'paths and queries',
  arbitrary: fc.tuple(method, path, query).map(([verb, text, search]) => ({
    method: verb,
    url: search === undefined ? text : `${text}?${search}`,
  })),
  check({ method: verb, url }) {
    const route = router(verb, url);
    if (url.length > 8192 && route.refusal !== 'tooLong')
      throw new Error('it took a target that is too long');
    if (route.refusal !== undefined || route.target.kind === 'service') return;
    const spelled = route.query === '' ? route.path : `${route.path}?${route.query}`;
    // Encoded as it should be, it may be longer than a caller may write it.
    if (spelled.length > 8192) return;
    const again = router(verb, spelled);
    const [first, second] = [route, again].map(({ path: read, query: asked, target, refusal }) =>
      JSON.stringify([read, asked, target, refusal]),
    );
    if (first !== second) throw new Error(`read again it is ${second} and not ${first}`);
  },
};
