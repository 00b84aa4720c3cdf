import type { Clock } from '../clock.ts';
import { asFault, Fault } from '../faults/faults.ts';
import type { JsonValue } from '../json.ts';
import { matchPath } from '../operations/match.ts';
import {
  type BodyFormat,
  computeXml,
  operationXml,
  readComputeBody,
  render,
  renderFault,
  splitSuffix,
  wantedFormat,
} from './body.ts';
import type { SimulatorSettings } from './config.ts';
import { type Counters, operationLabel } from './counters.ts';
import { type Answer, headerOf, type Incoming } from './exchange.ts';
import type { Token, Tokens } from './identity/tokens.ts';
import type { NeutronStore } from './neutron/store.ts';
import type { RateLimiter } from './rates/limiter.ts';
import { overLimitFault, rateDocument } from './rates/over-limit.ts';
import type { RegionAnswer } from './region/call.ts';
import type { Region } from './region/region.ts';
import { versionChoices, versionDetails, versionList } from './versions.ts';

/** What one region's HTTP face works with. */
export interface ComputeContext {
  /** Upper case. */
  readonly name: string;
  readonly region: Region;
  readonly limiter: RateLimiter;
  readonly tokens: Tokens;
  /** What the region's Neutron keeps. */
  readonly networks: NeutronStore;
  readonly settings: SimulatorSettings;
  readonly counters: Counters;
  /** The clock of tokens and limits. */
  readonly clock: Clock;
  /** Called after every write that succeeded. */
  changed(): void;
  /** Called when a request was counted against a rate limit. */
  counted(): void;
  /** Called with errors that are no faults. */
  failed(error: unknown): void;
}

/** Where the region stands for this caller. */
export interface ComputePlace {
  /** Below the region's root, as written. */
  path: string;
  /** Root of the region as the caller wrote it, `http://host:port/dfw`, no trailing slash. */
  root: string;
}

/** A path below a tenant. */
interface TenantPath {
  tenantId: string;
  /** Below the tenant, no trailing slash, no suffix; `/` for the tenant itself. */
  path: string;
}

/** Answers one request to a region's compute service: versions, token, tenant, rate limits, then the region itself. */
export function handleCompute(context: ComputeContext, incoming: Incoming, place: ComputePlace): Answer {
  const { path, format: suffix } = splitSuffix(place.path);
  return answerOrFault(context, incoming, { ...place, path }, suffix);
}

function answerOrFault(
  context: ComputeContext,
  incoming: Incoming,
  place: ComputePlace,
  suffix: BodyFormat | undefined,
): Answer {
  let format: BodyFormat = suffix ?? 'json';
  try {
    format = wantedFormat(incoming, suffix);
    return answerVersions(context, incoming, place, format) ?? answerTenant(context, incoming, place, format);
  } catch (error) {
    if (!(error instanceof Fault)) context.failed(error);
    return renderFault(asFault(error), format);
  }
}

/** Version documents (guide section 1.9) need no token and are not charged. */
function answerVersions(
  { settings, counters, name }: ComputeContext,
  incoming: Incoming,
  { path, root }: ComputePlace,
  format: BodyFormat,
): Answer | undefined {
  const versions = path === '' || path === '/';
  if (!versions && path !== '/v2' && path !== '/v2/') return undefined;
  counters.request(name, incoming.method, path || '/', versions ? 'listVersions' : 'getVersion');
  if (incoming.method !== 'GET' && incoming.method !== 'HEAD')
    throw new Fault('badMethod', 'Version documents can only be read.', { headers: { allow: 'GET, HEAD' } });
  if (versions)
    return render({ status: 200, document: versionList(root), xml: computeXml('versions') }, format);
  if (path === '/v2' && settings.redirectVersion)
    return render({ status: 302, headers: { location: `${root}/v2/` } }, format);
  return render(
    { status: 200, document: versionDetails(root, settings.versionDocument), xml: computeXml('version') },
    format,
  );
}

function answerTenant(
  context: ComputeContext,
  incoming: Incoming,
  place: ComputePlace,
  format: BodyFormat,
): Answer {
  const { name, settings, counters } = context;
  const tenantPath = tenantPathOf(incoming, place.path);
  if (!tenantPath) {
    counters.request(name, incoming.method, place.path, 'other');
    return render(
      { status: 300, document: versionChoices(place.root, place.path), xml: computeXml('choices') },
      format,
    );
  }
  const { tenantId, path } = tenantPath;
  const match = matchPath(incoming.method, path);
  counters.request(name, incoming.method, path, operationLabel(match));
  const token = authorize(context, incoming, tenantId);
  charge(context, incoming, token, tenantPath);
  if (path === '/') {
    // Nova knows the tenant with a slash behind it only.
    if (!place.path.endsWith('/')) throw new Fault('itemNotFound', 'The resource could not be found.');
    return render(
      {
        status: 200,
        document: versionDetails(place.root, settings.versionDocument),
        xml: computeXml('version'),
      },
      format,
    );
  }
  if (path === '/limits' && (incoming.method === 'GET' || incoming.method === 'HEAD'))
    return render(
      { status: 200, document: limitsDocument(context, token, tenantId), xml: computeXml('limits') },
      format,
    );
  return answerRegion(context, incoming, place, tenantPath, token, format);
}

/**
 * The tenant and the path below it; undefined for a path without version, which is answered 300 unless the caller names
 * the version in `Accept` (guide section 2.1.4).
 */
function tenantPathOf(incoming: Incoming, path: string): TenantPath | undefined {
  const versioned = path.startsWith('/v2/');
  const named = /;\s*version=(1\.1|2)\b/.test(headerOf(incoming, 'accept') ?? '');
  if (!versioned && !named) return undefined;
  const [, tenantId = '', ...rest] = (versioned ? path.slice(3) : path).split('/');
  return { tenantId: decodeURIComponent(tenantId), path: `/${rest.join('/').replace(/(?<!\/)\/+$/, '')}` };
}

/** @throws Fault unauthorized without a good token, badRequest for a tenant that is not the token's */
function authorize({ tokens, name }: ComputeContext, incoming: Incoming, tenantId: string): Token {
  const id = headerOf(incoming, 'x-auth-token');
  const token = id === undefined ? undefined : tokens.findInRegion(id, name);
  if (!token)
    throw new Fault(
      'unauthorized',
      'This server could not verify that you may see the resource: log in again.',
      {
        headers: { 'www-authenticate': `Keystone uri="${incoming.origin}"` },
      },
    );
  if (!token.project) throw new Fault('badRequest', 'The token is of no tenant: log in with a scope.');
  if (token.project.id !== tenantId)
    throw new Fault('badRequest', `The tenant ${tenantId} in the path is not the one of the token.`);
  return token;
}

function charge(
  context: ComputeContext,
  incoming: Incoming,
  { user }: Token,
  { tenantId, path }: TenantPath,
): void {
  const { limiter, settings, counters, clock, name } = context;
  if (!settings.rateLimits.enabled) return;
  const { method, rawQuery: query } = incoming;
  const request = { method, path, fullPath: `/v2/${tenantId}${path}`, query };
  const verdict = limiter.charge(user.name, tenantId, request);
  context.counted();
  if (verdict.kind === 'allowed') return;
  counters.rejected(name);
  throw overLimitFault(verdict, settings.rateLimits.retryAfter, clock.now());
}

/** `GET /limits` (guide section 1.8.3); it has been charged itself before. */
function limitsDocument(
  { limiter, region, settings }: ComputeContext,
  { user }: Token,
  tenantId: string,
): JsonValue {
  const views = settings.rateLimits.enabled ? limiter.view(user.name, tenantId) : [];
  return { limits: { rate: rateDocument(views), absolute: region.absoluteLimits(tenantId) } };
}

function answerRegion(
  context: ComputeContext,
  incoming: Incoming,
  { root }: ComputePlace,
  { tenantId, path }: TenantPath,
  token: Token,
  format: BodyFormat,
): Answer {
  const method = incoming.method === 'HEAD' ? 'GET' : incoming.method;
  const isRead = method === 'GET';
  const match = matchPath(method, path);
  const answer: RegionAnswer = context.region.handle({
    method,
    path,
    query: incoming.query,
    body: isRead || method === 'DELETE' ? undefined : readComputeBody(incoming, match),
    tenantId,
    userId: token.user.id,
    selfBase: `${root}/v2/${tenantId}`,
    bookmarkBase: `${root}/${tenantId}`,
    rootBase: root,
  });
  if (match.kind === 'action' && answer.operation !== undefined)
    context.counters.action(context.name, answer.operation);
  if (!isRead && answer.status < 400) context.changed();
  return render(
    {
      status: answer.status,
      headers: answer.headers,
      document: answer.body,
      xml: operationXml(answer.operation),
    },
    format,
  );
}
