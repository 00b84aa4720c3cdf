import { randomUUID } from 'node:crypto';
import { Fault } from '../faults/faults.ts';
import { answerAdmin } from './admin.ts';
import { computeXml, faultFormat, render, renderFault, splitSuffix } from './body.ts';
import type { Chaos, ChaosRequest } from './chaos/chaos.ts';
import { departWith } from './chaos/departure.ts';
import { type ComputeContext, handleCompute } from './compute.ts';
import type { SimulatorControl } from './control.ts';
import type { Counters } from './counters.ts';
import type { Deployment } from './deployment.ts';
import { type Answer, type Exchange, emptyAnswer, type Incoming } from './exchange.ts';
import { belowPrefix, forwardedOrigin } from './forwarded.ts';
import { answerGlance } from './glance/face.ts';
import { refusalOf } from './http-servers.ts';
import type { IdentityContext } from './identity/identity.ts';
import {
  answerIdentityV2,
  answerIdentityV3,
  type IdentityEvents,
  noIdentityPathAnswer,
} from './identity-face.ts';
import { answerImageService } from './image-face.ts';
import type { LimitGate } from './limit-gate.ts';
import type { Departure, Handler } from './listener.ts';
import { answerNeutron } from './neutron/face.ts';
import { answerNova } from './nova/face.ts';
import { createOpenstackRouter, createRouter, type Route } from './router.ts';
import { identityVersions, keystoneVersions } from './versions.ts';
import { answerVolumeService } from './volume-face.ts';

/** What requests are answered with. */
export interface ApplicationParts {
  identity: IdentityContext;
  identityEvents: IdentityEvents;
  /** By upper-case name, in the configured order. */
  regions: ReadonlyMap<string, ComputeContext>;
  chaos: Chaos;
  counters: Counters;
  /** Regions that are down, upper case. */
  down: Set<string>;
  control: SimulatorControl;
  deployment: Deployment;
  /** Limits before the services. */
  gate: LimitGate;
  /** Whether the admin API is there. */
  hasAdmin: boolean;
  dialect: 'guide' | 'openstack';
  /** Whether each region has an identity service of its own. */
  identityPerRegion: boolean;
  /** Hears of every request but those of the admin API. */
  observe: (exchange: Exchange) => void;
}

/** Answers a request: route, then chaos around identity or a region. */
export function createApplication(parts: ApplicationParts): Handler {
  const { chaos, counters, down, identity } = parts;
  const names = [...parts.regions.keys()];
  const router =
    parts.dialect === 'guide' ? createRouter(names) : createOpenstackRouter(names, parts.identityPerRegion);

  return async (incoming, place): Promise<Departure> => {
    const route: Route =
      place === null
        ? router.route(incoming.path)
        : { kind: 'compute', region: place, path: incoming.path, prefix: '' };
    if (route.kind === 'admin' && parts.hasAdmin)
      return { kind: 'answer', answer: answerAdmin(parts.control, incoming, route.path) };
    const region = 'region' in route ? route.region : null;
    const { clock } = identity;
    const receivedMs = clock.now();
    let done: Exchange['done'];
    const depart = (departure: Departure): Departure => {
      parts.observe({
        incoming,
        region,
        receivedMs,
        done,
        ...outcomeOf(departure, done),
        departedMs: clock.now(),
      });
      return departure;
    };
    if (region !== null && down.has(region)) return depart({ kind: 'reset' });
    const targets = {
      clock,
      revokeTokens: () => void identity.tokens.revokeAll(),
      regionDown: () => void (region !== null && down.add(region)),
    };
    const plan = chaos.plan(chaosRequest(incoming, route, region));
    const format = splitSuffix(incoming.path).format ?? faultFormat(incoming);
    const departure = await departWith(plan, targets, format, () => {
      const answer =
        unread(parts, incoming, route) ??
        parts.gate.pass(incoming, route, () => answerRoute(parts, incoming, route));
      done = { answer, atMs: clock.now() };
      return answer;
    });
    if ('answer' in departure) {
      departure.answer.server = parts.deployment.serverOf(route);
      counters.answered(departure.answer.status);
      if (parts.dialect !== 'openstack')
        departure.answer.headers['x-compute-request-id'] = `req-${randomUUID()}`;
    }
    return depart(departure);
  };
}

/** How a departure leaves the caller. */
function outcomeOf(departure: Departure, done: Exchange['done']): Pick<Exchange, 'fate' | 'status'> {
  if (departure.kind !== 'answer') return { fate: departure.kind, status: undefined };
  const { answer } = departure;
  if (done === undefined) return { fate: 'refused', status: answer.status };
  return { fate: answer === done.answer ? 'answered' : 'broken', status: answer.status };
}

function chaosRequest(incoming: Incoming, route: Route, region: string | null): ChaosRequest {
  const compute = route.kind === 'compute';
  const path = compute
    ? route.path.replace(/^\/v2\/[^/]+(?=\/)|^\/v2\.1(?:\/[0-9a-f-]+)?(?=\/)/, '')
    : incoming.path;
  const service =
    compute || route.kind === 'image' || route.kind === 'volume' || route.kind === 'network'
      ? route.kind
      : 'identity';
  return { service, region, method: incoming.method, path };
}

/** What the server in front of a service does not hand on to it. */
function unread({ deployment }: ApplicationParts, { head }: Incoming, route: Route): Answer | undefined {
  const bare = deployment.serverOf(route) === 'eventlet' ? refusalOf(head) : undefined;
  return bare === undefined ? undefined : { ...emptyAnswer(Number(bare.slice(0, 3))), bare };
}

function answerRoute(parts: ApplicationParts, asWritten: Incoming, route: Route): Answer {
  const { counters, regions } = parts;
  const { method } = asWritten;
  const origin = forwardedOrigin(asWritten, parts.deployment.trustOf(route));
  const incoming = { ...asWritten, origin };
  switch (route.kind) {
    case 'compute': {
      const { linkPrefixes } = parts.deployment;
      const root = belowPrefix(`${origin}${route.prefix}`, linkPrefixes.compute);
      if (parts.dialect === 'openstack') {
        // Where other services are is configured: no proxy's word changes it.
        const images = `${asWritten.origin}/image/${route.region.toLowerCase()}`;
        const imageRoot = belowPrefix(images, linkPrefixes.image);
        const identityUrl = identityUrlOf(parts, asWritten.origin, route.region);
        const place = { path: route.path, root, imageRoot, identityUrl };
        return answerNova(regions.get(route.region)!, incoming, place);
      }
      return handleCompute(regions.get(route.region)!, incoming, { path: route.path, root });
    }
    case 'identityV2':
      counters.request(null, method, `/v2.0${route.path}`, route.kind);
      return answerIdentityV2(parts.identity, parts.identityEvents, incoming, route);
    case 'identityV3':
      counters.request(null, method, `/v3${route.path}`, route.kind);
      return answerIdentityV3(parts.identity, parts.identityEvents, incoming, route.path, {
        root: `${origin}${route.prefix ?? ''}`,
        home: route.home ?? null,
      });
    case 'noIdentityPath':
      counters.request(null, method, incoming.path, route.kind);
      return noIdentityPathAnswer();
    case 'identityVersions':
      counters.request(null, method, '/', route.kind);
      if (parts.dialect === 'openstack') {
        const root = `${origin}${route.prefix ?? ''}`;
        const headers = { vary: 'X-Auth-Token', location: `${root}/v3/` };
        return render({ status: 300, headers, document: keystoneVersions(root) }, 'json');
      }
      return render(
        { status: 300, document: identityVersions(origin), xml: computeXml('versions') },
        route.format ?? faultFormat(incoming),
      );
    case 'image':
      if (parts.dialect === 'openstack')
        return answerGlance(regions.get(route.region)!, incoming, route.path, {
          root: `${origin}${route.prefix}`,
          identityUrl: identityUrlOf(parts, origin, route.region),
        });
      return answerImageService(regions.get(route.region)!, incoming, route.path, `${origin}${route.prefix}`);
    case 'network':
      return answerNeutron(regions.get(route.region)!, incoming, route.path, {
        root: `${origin}${route.prefix}`,
        identityUrl: identityUrlOf(parts, origin, route.region),
      });
    case 'volume':
      return answerVolumeService(
        regions.get(route.region)!,
        incoming,
        route.path,
        `${origin}${route.prefix}`,
      );
    default:
      return refusal(parts, incoming, route);
  }
}

/** Where a region's callers log in, as its services tell those who have not. */
const identityUrlOf = ({ identityPerRegion }: ApplicationParts, origin: string, region: string): string =>
  identityPerRegion ? `${origin}/identity/${region.toLowerCase()}` : origin;

function refusal({ regions }: ApplicationParts, incoming: Incoming, route: Route): Answer {
  if (route.kind === 'listedOnly')
    return renderFault(
      new Fault('notImplemented', `The catalog lists ${route.service}, but the simulator does not run it.`),
      faultFormat(incoming),
    );
  const names = [...regions.keys()].join(', ');
  return renderFault(
    new Fault('itemNotFound', `There is nothing at ${incoming.path}; the regions are ${names}.`),
    faultFormat(incoming),
  );
}
