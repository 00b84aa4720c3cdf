import { type Answer, fault, type StubRequest, unauthorized } from './stub-answers.ts';
import { builtInAnswer, type StubRate } from './stub-documents.ts';
import type { Listener, Party } from './stub-listener.ts';
import { createScript, type Script } from './stub-script.ts';

/** Something that can be made to refuse connections. All that share a port refuse together. */
export interface Reachable {
  /** Refuses new connections and destroys those that are open. */
  refuse(): Promise<void>;
  /** Takes connections again, on the same port. */
  accept(): Promise<void>;
}

/** A limiter of the upstream, as pure code: judges one request at its arrival. */
export interface RateModel {
  /** The answer that refuses it, or undefined when it is within the limits. */
  refuse(request: StubRequest, nowMs: number): Answer | undefined;
}

/** A region: scripts, counters and gates by `METHOD /path below the tenant` (`GET /v2/` for what lies outside of it). */
export interface StubRegion extends Script, Reachable {
  readonly name: string;
  /** The endpoint as the catalog has it: `http://127.0.0.1:{port}/v2/{tenant}`. */
  readonly url: string;
  /** Connections that its port ever accepted. */
  readonly connections: number;
  /** How many requests the rate model refused. */
  readonly overLimits: number;
  /** From now on this judges every request that carries a live token; undefined: none does. */
  enforce(model: RateModel | undefined): void;
  /** What `GET /limits` publishes under `rate`. */
  publish(rates: StubRate[]): void;
}

export interface StubRegionOptions {
  name: string;
  /** Path before the version: empty, or `/dfw`. */
  prefix: string;
  tenant: string;
  listener: Listener;
  /** Is this a live token? */
  accepts: (token: string | undefined) => boolean;
  /** Wall time, ms since the epoch. */
  now: () => number;
}

/** What nova says to a chunked request body, which it does not read. */
const emptyBody = fault('badRequest', 400, "Invalid input received: None is not of type 'object'");

export function createStubRegion(options: StubRegionOptions): { region: StubRegion; party: Party } {
  const { name, prefix, tenant, listener, accepts, now } = options;
  let rates: StubRate[] = [];
  let model: RateModel | undefined;
  let overLimits = 0;

  const guard = (request: StubRequest): Answer | undefined => {
    if (isVersionPath(request.path)) return undefined;
    if (!accepts(request.headers['x-auth-token'] as string | undefined)) return unauthorized;
    const refusal = model?.refuse(request, now());
    if (refusal) overLimits++;
    if (refusal === undefined && request.headers['transfer-encoding'] !== undefined) return emptyBody;
    return refusal;
  };
  const script = createScript(
    builtInAnswer({ prefix, tenant }, () => rates),
    guard,
  );

  const region: StubRegion = {
    ...script,
    name,
    url: `${listener.origin}${prefix}/v2/${tenant}`,
    get connections() {
      return listener.connections;
    },
    get overLimits() {
      return overLimits;
    },
    enforce(next) {
      model = next;
    },
    publish(next) {
      rates = next;
    },
    refuse: listener.refuse,
    accept: listener.accept,
  };
  return { region, party: { handle: script.handle, nameOf: (path) => nameBelow(path, prefix, tenant) } };
}

const isVersionPath = (path: string): boolean => /^\/(?:v\d+(?:\.\d+)?\/?)?$/.test(path);

/** `/dfw/v2/700100/servers` and the bookmark `/dfw/700100/servers` are `/servers`; `/dfw/v2/` is `/v2/`. */
function nameBelow(path: string, prefix: string, tenant: string): string | undefined {
  if (path !== prefix && !path.startsWith(`${prefix}/`)) return undefined;
  const below = path.slice(prefix.length).replaceAll(/\/{2,}/g, '/') || '/';
  for (const base of [`/v2/${tenant}`, `/v2.1/${tenant}`, `/${tenant}`]) {
    if (below === base) return '/v2/';
    if (below.startsWith(`${base}/`)) return below.slice(base.length);
  }
  return below;
}
