/** Whether a region answers, and what it says of its limits. */
import type { Dispatcher } from 'undici';
import type { Endpoint } from '../identity/catalog.ts';
import type { Token } from '../identity/token.ts';
import { parsePublishedLimits } from '../limits/published/parse.ts';
import { operationNamed } from '../operations/match.ts';
import { cancellationOf } from '../upstream/cancellation.ts';
import { ExchangeError, type UpstreamAnswer } from '../upstream/exchange.ts';
import { exchange } from '../upstream/whole-exchange.ts';
import { PRODUCT } from '../version.ts';
import { about, type Finding } from './finding.ts';

const UNWATCHED = { queued: () => {}, sent: () => {}, head: () => {} };

/** Asks a server once. @param timeoutMs longest wait, ms */
export function askOnce(
  dispatcher: Dispatcher,
  path: string,
  headers: Record<string, string>,
  timeoutMs: number,
): Promise<UpstreamAnswer | ExchangeError> {
  const request = {
    method: 'GET',
    path,
    headers: { accept: 'application/json', 'user-agent': PRODUCT, ...headers },
    body: undefined,
  };
  return exchange(dispatcher, request, cancellationOf(AbortSignal.timeout(timeoutMs)), UNWATCHED);
}

/** `GET /limits` of a region. */
export function askLimits(
  dispatcher: Dispatcher,
  endpoint: Endpoint,
  token: Token,
  timeoutMs: number,
): Promise<UpstreamAnswer | ExchangeError> {
  const { path } = operationNamed('getLimits');
  return askOnce(dispatcher, `${endpoint.basePath}${path}`, { 'x-auth-token': token.id }, timeoutMs);
}

/** What the answer means. Pure. */
export function judgeLimits(where: string, answer: UpstreamAnswer | ExchangeError): Finding[] {
  const at = about('limits', where);
  if (answer instanceof ExchangeError)
    return [
      at.fault(`GET /limits: ${answer.message}`, 'see the lines of dns, tcp and tls about this region'),
    ];
  const { status } = answer;
  if (status === 401 || status === 403)
    return [
      at.fault(
        `GET /limits: the region refuses the token (${status})`,
        'the user has no right to Compute there: ask the provider',
      ),
    ];
  if (status === 413 || status === 429)
    return [
      at.warning(
        `GET /limits: the limits are spent (${status})`,
        'another program uses this user: give Sluice one of its own',
      ),
    ];
  if (status !== 200)
    return [
      at.fault(
        `GET /limits: answered ${status}`,
        'set limits.source: static and limits.static where the region publishes none',
      ),
    ];
  try {
    const { limits, problems } = parsePublishedLimits(JSON.parse(answer.body.toString('utf8')));
    const unusable = problems.map((problem) =>
      at.warning(`GET /limits: ${problem}`, 'that limit is not kept: write it into limits.static'),
    );
    if (limits.length === 0)
      return [at.ok('GET /limits: none are published, so that nothing is held back'), ...unusable];
    return [at.ok(`GET /limits: ${describe(limits)}`), ...unusable, ...nearlySpent(where, limits)];
  } catch {
    return [
      at.fault(
        'GET /limits: the answer is none',
        'see whether the catalog’s URL leads to Compute, and not to a proxy’s page',
      ),
    ];
  }
}

type Limits = ReturnType<typeof parsePublishedLimits>['limits'];

const nameOf = ({ verb, uri, value, unit }: Limits[number]) => `${verb} ${uri} ${value}/${unit}`;

/** What is left of the day, which is the longest to wait for. */
function describe(limits: Limits): string {
  const count = `${limits.length} limit${limits.length === 1 ? '' : 's'}`;
  const day = limits.find(
    ({ unit, value, remaining }) => unit === 'DAY' && value > 0 && remaining !== undefined,
  );
  return day === undefined ? count : `${count}; ${nameOf(day)} has ${day.remaining} left`;
}

/** A DAY limit that is nearly spent will not come back for hours. */
function nearlySpent(where: string, limits: Limits): Finding[] {
  return limits
    .filter(
      ({ unit, value, remaining }) =>
        unit === 'DAY' && value > 0 && remaining !== undefined && remaining * 10 < value,
    )
    .map((limit) =>
      about('limits', where).warning(
        `${nameOf(limit)} has ${limit.remaining} left`,
        'see sluice_limit_used_total for who uses it; the provider may raise it',
      ),
    );
}
