import { systemClock } from '../clock.ts';
import { createDiscovery, type IdentityVersions } from './discovery.ts';
import { LoginError } from './login-error.ts';
import { type IdentityVersion, locateIdentity, needsV3 } from './settings.ts';
import { createV2Login, type LogIn, type LoginOptions } from './v2-client.ts';
import { createV3Login } from './v3-client.ts';

/**
 * Logins at an identity service in the version that its URL names, or else in the best that it says it speaks. That is
 * asked once, and again after a login that is not taken there any more.
 *
 * @throws Error at once for a URL that is none or for credentials without a secret
 */
export function createIdentityLogin(options: LoginOptions): LogIn {
  const { version, url } = locateIdentity(options.url);
  if (version === 'v2.0') return createV2Login(options);
  if (version === 'v3') return createV3Login(options);
  const { clock = systemClock } = options;
  const discovery = createDiscovery(url, options, () => clock.now());
  return (signal) => discovery.use(signal, async (versions) => chosen(versions, options)(signal));
}

function chosen(versions: IdentityVersions, options: LoginOptions): LogIn {
  const version = chooseVersion(versions, options);
  const url = version && versions[version];
  if (url === undefined) throw new LoginError('rejected', unspoken(versions));
  return version === 'v3' ? createV3Login({ ...options, url }) : createV2Login({ ...options, url });
}

/** v3 where it is spoken, but for an API key that nothing says is of v3: that is Rackspace's own extension of v2.0. */
function chooseVersion(
  { v3, 'v2.0': v2 }: IdentityVersions,
  { credentials }: LoginOptions,
): IdentityVersion | undefined {
  if (v3 === undefined) return needsV3(credentials) || v2 === undefined ? undefined : 'v2.0';
  const isOfV2 = Boolean(credentials.apiKey) && !needsV3(credentials) && credentials.project === undefined;
  return isOfV2 && v2 !== undefined ? 'v2.0' : 'v3';
}

const unspoken = (versions: IdentityVersions): string =>
  `The identity service speaks ${Object.keys(versions).join(' and ')} alone, which these credentials are not for: they name a domain, a user's id or an application credential.`;
