import type { Attempt, Exchange, Finding } from '../log.ts';
import { holds } from './answers.ts';
import { describe, type Evidence, pathBelow } from './evidence.ts';
import { grouped } from './grouped.ts';

/** A create that was asked for once is done at most once, however often it was sent; all its answers are of one thing. */
export function duplicateCreates(evidence: Evidence): Finding[] {
  const findings: Finding[] = [];
  for (const [mark, attempts] of markedWrites(evidence, 'POST')) {
    const { method, path, key } = attempts[0]!;
    const done = evidence
      .exchanges(method, path)
      .filter(
        (exchange) => exchange.done !== undefined && exchange.done.status < 300 && holds(exchange.body, mark),
      )
      .filter((exchange) => !wasTakenBack(evidence, attempts, exchange));
    // Without a key it may be done by each attempt that was not told that nothing was.
    const most = key === undefined ? Math.max(1, attempts.filter((attempt) => !isUndone(attempt)).length) : 1;
    if (done.length <= most) continue;
    const times = done.map(({ done, fate }) => `${new Date(done!.atMs).toISOString()} (${fate})`).join(', ');
    const text = `${mark} was made ${done.length} times, ${times}: ${attempts.map(describe).join('; ')}`;
    findings.push({ rule: 'duplicate create', atMs: done[1]!.done!.atMs, text });
  }
  return findings;
}

/** Deleted again by whoever stands between, before any caller had heard of it. */
function wasTakenBack(evidence: Evidence, attempts: readonly Attempt[], { path, done }: Exchange): boolean {
  if (!path.endsWith('/servers')) return false;
  const id = serverIn(done!.body);
  const isDeleted = evidence.exchanges('DELETE', `${path}/${id}`).some(({ done }) => done?.status === 204);
  const isTold = attempts.some(({ outcome }) => outcome.kind === 'answer' && outcome.body.includes(id));
  return isDeleted && !isTold;
}

const serverIn = (body: string): string => (JSON.parse(body) as { server: { id: string } }).server.id;

const isUndone = ({ outcome }: Attempt): boolean =>
  outcome.kind === 'unreached' || (outcome.kind === 'answer' && [413, 503].includes(outcome.status));

/** What was acknowledged is so in the end, but for what somebody changed after it. */
export function lostWrites(evidence: Evidence): Finding[] {
  return [...lostServers(evidence), ...lostMetadata(evidence)];
}

function lostServers(evidence: Evidence): Finding[] {
  const { logs } = evidence;
  const names = new Set(logs.final.flatMap(({ servers }) => servers.map(({ name }) => name)));
  const deletes = logs.attempts.filter(({ method }) => method === 'DELETE');
  const deleted = new Map<string, boolean>();
  for (const attempt of deletes) {
    const isDone = attempt.outcome.kind === 'answer' && attempt.outcome.status === 204;
    deleted.set(attempt.path, isDone || (deleted.get(attempt.path) ?? false));
  }
  const findings: Finding[] = [];
  for (const [mark, attempts] of markedWrites(evidence, 'POST')) {
    const acknowledged = attempts.find(
      ({ outcome, path }) => outcome.kind === 'answer' && outcome.status === 202 && path.endsWith('/servers'),
    );
    if (acknowledged?.outcome.kind !== 'answer') continue;
    const path = `${acknowledged.path}/${serverIn(acknowledged.outcome.body)}`;
    if (!deleted.has(path) && !names.has(mark))
      findings.push(finding(acknowledged, `${mark} was acknowledged, was never deleted and is not there`));
    if (deleted.get(path) === true && names.has(mark))
      findings.push(finding(acknowledged, `the end of ${mark} was acknowledged, and it is there`));
  }
  return findings;
}

/** Items of metadata, which one job writes, one value after the other. */
function lostMetadata(evidence: Evidence): Finding[] {
  const findings: Finding[] = [];
  const puts = evidence.logs.attempts.filter(
    ({ method, path }) => method === 'PUT' && /\/servers\/[^/]+\/metadata\//.test(path),
  );
  for (const [path, attempts] of grouped(puts, ({ path }) => path)) {
    const { region, tenant, rest } = pathBelow(path)!;
    const [, , id, , item = ''] = rest.split('/');
    const server = evidence.logs.final
      .find((state) => state.region === region && state.tenant === tenant)
      ?.servers.find((server) => server.id === id);
    if (server === undefined) continue;
    const isAcknowledged = ({ outcome }: Attempt) => outcome.kind === 'answer' && outcome.status === 200;
    const last = attempts.findLast(isAcknowledged);
    if (last === undefined) continue;
    // What was never answered may be done at any time.
    const possible = attempts.filter((attempt) => attempt.mark === last.mark || !isAcknowledged(attempt));
    const value = server.metadata[item];
    if (possible.some(({ mark }) => mark === value)) continue;
    findings.push(finding(last, `${last.mark} was acknowledged, in the end it is ${value}`));
  }
  return findings;
}

/** Writes that bear a mark, their attempts in order. */
function markedWrites({ logs }: Evidence, method: string): Map<string, Attempt[]> {
  const marked = logs.attempts.filter((attempt) => attempt.method === method && attempt.mark !== undefined);
  return grouped(marked, ({ mark }) => mark!);
}

const finding = (attempt: Attempt, text: string): Finding => ({
  rule: 'lost write',
  atMs: attempt.endedMs,
  text: `${text}: ${describe(attempt)}`,
});
