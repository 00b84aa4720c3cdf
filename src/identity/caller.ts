import type { CallerIdentity } from './caller-identity.ts';
import { createDiscovery } from './discovery.ts';
import { locateIdentity } from './settings.ts';
import { createV2Caller } from './v2-caller.ts';
import { createV3Caller, type V3CallerOptions } from './v3-caller.ts';

/**
 * An identity service on behalf of callers, in the version that its URL names, or else in the best that it says it speaks.
 *
 * @throws Error at once for a URL that is none
 */
export function createCaller(options: V3CallerOptions): CallerIdentity {
  const { version, url } = locateIdentity(options.url);
  if (version === 'v2.0') return createV2Caller(options);
  if (version === 'v3') return createV3Caller(options);
  const discovery = createDiscovery(url, options, () => options.clock.now());
  const ask = <T>(signal: AbortSignal, use: (known: CallerIdentity) => Promise<T>): Promise<T> =>
    discovery.use(signal, async ({ v3, 'v2.0': v2 }) =>
      use(
        v3 === undefined ? createV2Caller({ ...options, url: v2! }) : createV3Caller({ ...options, url: v3 }),
      ),
    );
  return {
    logIn: (login, signal) => ask(signal, (client) => client.logIn(login, signal)),
    validate: (token, tenant, signal) => ask(signal, (client) => client.validate(token, tenant, signal)),
    revoke: (token, signal) => ask(signal, (client) => client.revoke(token, signal)),
  };
}
