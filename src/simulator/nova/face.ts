import { randomUUID } from 'node:crypto';
import { Fault } from '../../faults/faults.ts';
import { matchPath } from '../../operations/match.ts';
import { requestFormat } from '../../translation/negotiate.ts';
import { readComputeBody, render } from '../body.ts';
import type { ComputeContext, ComputePlace } from '../compute.ts';
import { operationLabel } from '../counters.ts';
import { type Answer, emptyAnswer, headerOf, type Incoming } from '../exchange.ts';
import type { Token } from '../identity/tokens.ts';
import { overLimitFault } from '../rates/over-limit.ts';
import { regionToken } from '../region-token.ts';
import { noRouteAnswer, novaError, pageAnswer, renderNovaError, unauthorizedAnswer } from './errors.ts';
import {
  type Microversion,
  novaChoices,
  novaVersion,
  novaVersions,
  readMicroversion,
  tellMicroversion,
} from './microversion.ts';
import { type FoundRoute, findRoute } from './routes.ts';
import type { NovaVisit } from './visit.ts';

/** Where the caller of a region's Nova stands beside its root. */
export interface NovaPlace extends ComputePlace {
  /** Root of the region's image service. */
  readonly imageRoot: string;
  /** Where the identity service is, as a 401 tells it. */
  readonly identityUrl: string;
}

/** A path below a version, with its project or without. */
interface VersionedPath {
  readonly version: 'v2' | 'v2.1';
  /** As written; undefined: none was. */
  readonly project: string | undefined;
  /** Below both, begins with a slash unless it is empty. */
  readonly path: string;
}

/** Answers one request to a region's Nova: version documents, token, project, limits, microversion, then the route. */
export function answerNova(context: ComputeContext, incoming: Incoming, place: NovaPlace): Answer {
  const answer = answerPath(context, incoming, place);
  if (isRoot(place.path)) return answer;
  const id = `req-${randomUUID()}`;
  answer.headers['x-openstack-request-id'] = id;
  answer.headers['x-compute-request-id'] = id;
  return answer;
}

/** The list of versions is answered before a request has an id. */
const isRoot = (path: string): boolean => path === '' || path === '/';

function answerPath(context: ComputeContext, incoming: Incoming, place: NovaPlace): Answer {
  const { counters, name } = context;
  const { path, root } = place;
  const count = (below: string, operation: string) =>
    counters.request(name, incoming.method, below, operation);
  if (isRoot(path)) {
    count('/', 'listVersions');
    return render({ status: 200, document: novaVersions(root) }, 'json');
  }
  const versioned = readPath(path);
  if (!versioned) {
    count(path, 'other');
    return render({ status: 300, document: novaChoices(root, path) }, 'json');
  }
  const { version, project, path: below } = versioned;
  if (project === undefined && (below === '' || below === '/')) {
    count(path, 'getVersion');
    return versionAnswer(root, version);
  }
  const match = matchPath(incoming.method, below);
  count(below === '' ? '/' : below, operationLabel(match));
  if (incoming.method === 'OPTIONS') return emptyAnswer(200);
  if (incoming.body.kind === 'tooLarge')
    return pageAnswer(incoming, 413, 'Request Entity Too Large', 'Request is too large.');
  const token = regionToken(context, incoming);
  if (token === 401) return unauthorizedAnswer(place.identityUrl);
  if (token === 503) return unavailable(incoming);
  return answerRoute(context, incoming, place, versioned, token);
}

const versionAnswer = (root: string, version: 'v2' | 'v2.1'): Answer =>
  tellMicroversion(render({ status: 200, document: novaVersion(root, version) }, 'json'), {
    minor: 1,
    isTold: version === 'v2.1',
  });

function readPath(path: string): VersionedPath | undefined {
  const found = /^\/(v2(?:\.1)?)(?=\/|$)(?:\/([0-9a-f-]+)(?=\/|$))?(.*)$/s.exec(path);
  if (!found) return undefined;
  return { version: found[1] as 'v2' | 'v2.1', project: found[2], path: found[3] ?? '' };
}

const unavailable = (incoming: Incoming): Answer =>
  pageAnswer(incoming, 503, 'Service Unavailable', 'The Keystone service is temporarily unavailable.');

function answerRoute(
  context: ComputeContext,
  incoming: Incoming,
  place: NovaPlace,
  versioned: VersionedPath,
  token: Token,
): Answer {
  const { version, path } = versioned;
  if (path === '/') return versionAnswer(place.root, version);
  const found = path === '' ? undefined : findRoute(incoming.method, path);
  if (!found) return noRouteAnswer(incoming);
  let told: Microversion = { minor: 1, isTold: false };
  try {
    if (version === 'v2.1') told = readMicroversion(incoming);
    return tellMicroversion(perform(context, incoming, place, { versioned, token, found, told }), told);
  } catch (error) {
    const answer = renderNovaError(error);
    answer.headers['content-type'] = 'application/json; charset=UTF-8';
    if (answer.status === 500 && isUnforeseen(error)) context.failed(error);
    if ('openstack-api-version' in answer.headers) answer.headers['vary'] = VARY;
    return told.isTold ? tellMicroversion(answer, told) : answer;
  }
}

const VARY = ['OpenStack-API-Version', 'X-OpenStack-Nova-API-Version'];

const isUnforeseen = (error: unknown): boolean =>
  !(error instanceof Error && ['NovaError', 'Fault'].includes(error.name));

/** What was found out about a request. */
interface Finding {
  readonly versioned: VersionedPath;
  readonly token: Token;
  readonly found: FoundRoute;
  readonly told: Microversion;
}

function perform(
  context: ComputeContext,
  incoming: Incoming,
  place: NovaPlace,
  { versioned, token, found, told }: Finding,
): Answer {
  const { project: written, version, path } = versioned;
  const { project, user } = token;
  if (project === null) throw novaError(400, 'The token is unscoped: log in to a project.');
  if (written !== undefined && written !== project.id)
    throw novaError(
      400,
      `Malformed request URL: URL's project_id '${written}' doesn't match Context's project_id '${project.id}'`,
    );
  charge(context, incoming, token, path);
  const { since, until, handler } = found.route;
  if (told.minor < since || told.minor >= until) throw novaError(404, 'The resource could not be found.');
  context.region.requireDatabase();
  const below = written === undefined ? '' : `/${written}`;
  const visit: NovaVisit = {
    context,
    incoming,
    path,
    minor: told.minor,
    isLegacy: version === 'v2',
    projectId: project.id,
    user,
    params: found.params,
    selfBase: `${place.root}/${version}${below}`,
    bookmarkBase: `${place.root}${below}`,
    imageRoot: place.imageRoot,
    networks: context.networks,
    readBody: () => readBody(incoming),
  };
  const answered = handler(visit);
  if (incoming.method !== 'GET') context.changed();
  if (incoming.method === 'POST' && path.endsWith('/action')) countAction(context, visit);
  return render(answered, 'json');
}

/** JSON only; a body without a type is taken for JSON. */
function readBody(incoming: Incoming) {
  const type = headerOf(incoming, 'content-type');
  if (type !== undefined && requestFormat(type) !== 'json') throw novaError(415, 'Unsupported Content-Type');
  if (incoming.body.kind === 'chunked') return undefined;
  try {
    return readComputeBody(incoming, { kind: 'unknown' });
  } catch (error) {
    if (error instanceof Fault && error.fault === 'badRequest')
      throw novaError(400, 'Malformed request body');
    throw error;
  }
}

function countAction(context: ComputeContext, visit: NovaVisit): void {
  const body = visit.readBody();
  const [key] = typeof body === 'object' && body !== null ? Object.keys(body) : [];
  if (key !== undefined) context.counters.action(context.name, key);
}

function charge(context: ComputeContext, incoming: Incoming, { user, project }: Token, path: string): void {
  const { limiter, settings, counters, clock, name } = context;
  if (!settings.rateLimits.enabled) return;
  const { method, rawQuery: query } = incoming;
  const projectId = project?.id ?? '';
  const request = { method, path, fullPath: `/v2.1/${projectId}${path}`, query };
  const verdict = limiter.charge(user.name, projectId, request);
  context.counted();
  if (verdict.kind === 'allowed') return;
  counters.rejected(name);
  throw overLimitFault(verdict, settings.rateLimits.retryAfter, clock.now());
}
