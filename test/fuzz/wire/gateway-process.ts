import { startGateway } from '../../support/gateway.ts';
import { startStubUpstream } from '../../support/stub-upstream.ts';
import { LoopWatch } from './loop-watch.ts';

/**
 * A process of its own with a gateway and a scripted upstream, so that what the gateway does is told from what the fuzzer
 * does. It is asked over its channel to the parent; see `victim.ts`.
 */

export type Question =
  /** What the region answers, byte for byte, to `GET /…/raw/N`: base64. */
  { readonly kind: 'script'; readonly answers: readonly string[] } | { readonly kind: 'how' };

export interface Condition {
  readonly longestBlockMs: number;
  readonly rssBytes: number;
}

const upstream = await startStubUpstream();
const region = upstream.region('DFW');
let answers: readonly string[] = [];
for (const pattern of ['GET /os-fuzz/*', 'GET /flavors/*', 'GET /servers/*'])
  region.on(pattern, (exchange) => {
    const at = Number(/(\d+)$/.exec(exchange.request.path)?.[1] ?? -1) % 1_000;
    const socket = exchange.takeOver();
    socket.end(Buffer.from(answers[at] ?? '', 'base64'));
  });

const times = { headersTimeoutMs: 1_000, bodyTimeoutMs: 1_000, writeTimeoutMs: 5_000 };
const gateway = await startGateway({
  identityUrl: upstream.identityUrl,
  settings: {
    log: { level: 'silent' },
    limits: { enabled: false },
    listen: times,
    upstream: { retries: 0, headersTimeoutMs: 2_000, bodyTimeoutMs: 2_000 },
  },
});
const watch = new LoopWatch();

process.on('message', (question: Question) => {
  if (question.kind === 'script') answers = question.answers;
  const condition: Condition = { longestBlockMs: watch.take(), rssBytes: process.memoryUsage.rss() };
  process.send!(condition);
});
process.on('disconnect', () => process.exit());
process.send!({ url: gateway.url });
