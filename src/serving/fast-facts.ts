import type { ListenerTerms } from '../http/caller.ts';
import { RequestFacts, type RequestHead } from '../http/request-facts.ts';
import type { Router } from '../routing/route.ts';
import type { Services } from './services.ts';

/** What is known of a listener by whatever answers from the bytes that came in. */
export interface FastTerms {
  readonly services: () => Services;
  readonly terms: () => ListenerTerms;
  readonly router: Router;
  readonly rootRegion: string | undefined;
  /** How long an idle connection is kept, ms. */
  readonly keepAliveMs: number;
}

/** The facts of a request that may be answered at once. */
export function fastFacts(
  head: RequestHead,
  { terms, rootRegion }: Pick<FastTerms, 'terms' | 'rootRegion'>,
  { clock, tracing }: Services,
): RequestFacts {
  const facts = new RequestFacts(head, { terms: terms(), rootRegion, now: clock.monotonic() });
  // One that cannot begins anew where the others are answered: a span that is never ended is never sent.
  if (tracing !== undefined) facts.trace = tracing.request(head.headers);
  return facts;
}
