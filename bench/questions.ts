import { lineOf } from './mark.ts';
import type { Comparison } from './measure.ts';
import type { Peer } from './peer.ts';
import { bareFastify } from './peers/bare-fastify.ts';
import { fastifyHttpProxy } from './peers/http-proxy.ts';
import { nginxCache, nginxCacheTls, nginxProxy, nginxStreamed } from './peers/nginx.ts';
import {
  sluiceHit,
  sluiceHitFewSpans,
  sluiceHitLogged,
  sluiceHitSpans,
  sluiceHitTls,
  sluiceHitTraced,
  sluiceHitXml,
  sluiceItemComputed,
  sluiceItemHit,
  sluiceKeyHit,
  sluiceListHit,
  sluiceListNotModified,
  sluiceNotModified,
  sluiceOpenHit,
  sluiceStreamed,
  sluiceTokenHit,
  sluiceUncached,
  sluiceUncachedLogged,
  sluiceUncachedSpans,
} from './peers/sluice.ts';
import { varnish } from './peers/varnish.ts';

/** The most that one peer's cost may be of another's, in one run. */
interface RatioMark {
  readonly of: Peer;
  readonly to: Peer;
  readonly atMost: number;
}

export interface Question {
  readonly key: string;
  readonly title: string;
  /** Name of the peer whose cost is 1. */
  readonly base: string;
  readonly peers: Peer[];
  readonly marks?: readonly RatioMark[];
}

export const QUESTIONS: readonly Question[] = [
  {
    key: 'hit',
    title: 'A cache hit: `GET /flavors/detail`, seven flavors',
    base: bareFastify.name,
    peers: [bareFastify, sluiceHit, sluiceHitTraced, sluiceHitLogged, nginxCache, varnish],
    marks: [{ of: sluiceHit, to: nginxCache, atMost: 0.8 }],
  },
  {
    key: 'forms',
    title: 'A cache hit in its forms: the same list as JSON, as XML, and as a 304; a long list and its 304',
    base: sluiceHit.name,
    peers: [sluiceHit, sluiceHitXml, sluiceNotModified, sluiceListHit, sluiceListNotModified],
    marks: [{ of: sluiceHitXml, to: sluiceHit, atMost: 1.05 }],
  },
  {
    key: 'access',
    title: 'A cache hit with a client key, and with a token, beside the same where nobody is asked',
    base: sluiceOpenHit.name,
    peers: [sluiceOpenHit, sluiceKeyHit, sluiceTokenHit],
    marks: [
      { of: sluiceKeyHit, to: sluiceOpenHit, atMost: 1.1 },
      { of: sluiceTokenHit, to: sluiceOpenHit, atMost: 1.1 },
    ],
  },
  {
    key: 'tls',
    title: 'A cache hit over TLS, on kept-alive connections',
    base: sluiceHit.name,
    peers: [sluiceHit, sluiceHitTls, nginxCacheTls],
  },
  {
    key: 'tracing',
    title: 'Traces: a cache hit and an uncached GET, beside the same where nothing is traced',
    base: sluiceHit.name,
    peers: [sluiceHit, sluiceHitFewSpans, sluiceHitSpans, sluiceUncached, sluiceUncachedSpans],
  },
  {
    key: 'computed',
    title: 'An item of a cached list: `GET /images/{id}`, 300 images',
    base: sluiceItemHit.name,
    peers: [sluiceItemHit, sluiceItemComputed],
  },
  {
    key: 'uncached',
    title: 'An uncached, known GET: `GET /servers/{id}`, 2 kB of JSON from the upstream',
    base: fastifyHttpProxy.name,
    peers: [fastifyHttpProxy, sluiceUncached, sluiceUncachedLogged, nginxProxy],
    marks: [{ of: sluiceUncached, to: nginxProxy, atMost: 2.5 }],
  },
  {
    key: 'streamed',
    title: 'A GET that no row knows, streamed: `GET /os-keypairs`, 2 kB of JSON',
    base: nginxStreamed.name,
    peers: [sluiceStreamed, nginxStreamed],
    marks: [{ of: sluiceStreamed, to: nginxStreamed, atMost: 3 }],
  },
];

/** Lines for the marks of a question that could be measured. */
export function marksOf({ marks = [] }: Question, { figures }: Comparison): string[] {
  const cost = (peer: Peer) => figures.find(({ name }) => name === peer.name)?.cpuMicros;
  return marks.flatMap(({ of, to, atMost }) => {
    const [value, unit] = [cost(of), cost(to)];
    if (value === undefined || unit === undefined) return [];
    return [lineOf({ what: `${of.name}, of ${to.name}`, value: value / unit, atMost, unit: 'x' })];
  });
}
