import type { CallerIdentity } from './caller-identity.ts';
import { createDiscovery } from './discovery.ts';
import { LoginError } from './login-error.ts';
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
  const ask = async <T>(signal: AbortSignal, use: (known: CallerIdentity) => Promise<T>): Promise<T> => {
    const { v3, 'v2.0': v2 } = await discovery.versions(signal);
    const client =
      v3 === undefined ? createV2Caller({ ...options, url: v2! }) : createV3Caller({ ...options, url: v3 });
    try {
      return await use(client);
    } catch (error) {
      if (error instanceof LoginError && error.reason === 'rejected') discovery.forget();
      throw error;
    }
  };
  return {
    logIn: (login, signal) => ask(signal, (client) => client.logIn(login, signal)),
    validate: (token, tenant, signal) => ask(signal, (client) => client.validate(token, tenant, signal)),
    revoke: (token, signal) => ask(signal, (client) => client.revoke(token, signal)),
  };
}
