import { createGate, type Gate } from './gate.ts';
import type { Answer, Exchange, StubRequest } from './stub-answers.ts';

/** Which requests: `GET /servers/detail`; a `*` stands for one segment, or for any method. */
export type RoutePattern = string;

/** One scripted party: what it answers, what it was asked, who waits. */
export interface Script {
  /**
   * Answers for these requests, in the order they come; the last one stays in force. Called again for the same
   * pattern it replaces the earlier answers; among patterns that match, the one set last wins.
   */
  on(pattern: RoutePattern, ...answers: [Answer, ...Answer[]]): void;
  /** Takes the scripted answers for this pattern away again; the built-in ones hold. */
  off(pattern: RoutePattern): void;
  /** Makes these requests wait, before they are answered, until the gate lets them go. */
  hold(pattern: RoutePattern): Gate;
  /** How many requests came that match, refused and failed ones included. */
  count(pattern: RoutePattern): number;
  /** All requests in the order of their arrival, or those that match. */
  requests(pattern?: RoutePattern): readonly StubRequest[];
  /** Forgets what was asked so far, not what is scripted. */
  forget(): void;
}

interface Route {
  pattern: RoutePattern;
  answers: Answer[];
}

/** A script and the function that a listener hands its exchanges to. */
export interface ScriptHandler extends Script {
  handle(exchange: Exchange): Promise<void>;
}

/**
 * @param fallback answers what is not scripted
 * @param guard an answer that comes before every other (a wrong token, a spent limit), or undefined
 */
export function createScript(
  fallback: Answer,
  guard: (request: StubRequest) => Answer | undefined = () => undefined,
): ScriptHandler {
  const routes: Route[] = [];
  const holds: { pattern: RoutePattern; gate: Gate }[] = [];
  let seen: StubRequest[] = [];

  const off = (pattern: RoutePattern): void => {
    const at = routes.findIndex((route) => route.pattern === pattern);
    if (at !== -1) routes.splice(at, 1);
  };
  const answerFor = (request: StubRequest): Answer => {
    const route = routes.findLast(({ pattern }) => matches(pattern, request));
    if (!route) return fallback;
    return route.answers.length > 1 ? route.answers.shift()! : route.answers[0]!;
  };
  const matching = (pattern: RoutePattern): StubRequest[] =>
    seen.filter((request) => matches(pattern, request));

  return {
    on(pattern, ...answers) {
      off(pattern);
      routes.push({ pattern, answers: [...answers] });
    },
    off,
    hold(pattern) {
      const gate = createGate();
      holds.push({ pattern, gate });
      return gate;
    },
    count: (pattern) => matching(pattern).length,
    requests: (pattern) => (pattern === undefined ? [...seen] : matching(pattern)),
    forget() {
      seen = [];
    },
    async handle(exchange) {
      const { request } = exchange;
      seen.push(request);
      // Judged at arrival, as a real limiter does, whatever waits behind it.
      const refusal = guard(request);
      const answer = refusal ?? answerFor(request);
      for (const { pattern, gate } of holds) if (matches(pattern, request)) await gate.pass();
      if (!request.aborted) await answer(exchange);
    },
  };
}

function matches(pattern: RoutePattern, request: StubRequest): boolean {
  const [method, path] = pattern.split(' ', 2);
  if (path === undefined) throw new Error(`a route pattern is "METHOD /path", not "${pattern}"`);
  if (method !== '*' && method !== request.method) return false;
  const wanted = path.split('/');
  const given = request.path.split('/');
  return (
    wanted.length === given.length && wanted.every((segment, at) => segment === '*' || segment === given[at])
  );
}
