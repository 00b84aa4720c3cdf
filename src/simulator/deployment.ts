import type { SimulatorSettings } from './config.ts';
import type { ProxyTrust } from './forwarded.ts';
import type { HttpServer } from './http-servers.ts';
import type { Route } from './router.ts';

/** How the services stand on their machines: behind which server, and which proxy's word they take. */
export interface Deployment {
  /** undefined: none that is told from others. */
  serverOf(route: Route): HttpServer | undefined;
  trustOf(route: Route): ProxyTrust;
  readonly linkPrefixes: SimulatorSettings['linkPrefixes'];
}

/** The deployment that the settings describe. */
export function createDeployment(
  settings: Pick<
    SimulatorSettings,
    'dialect' | 'closingRegions' | 'proxyHeaderRegions' | 'forwardedHeaders' | 'keystone' | 'linkPrefixes'
  >,
): Deployment {
  const isToday = settings.dialect === 'openstack';
  const closing = new Set(settings.closingRegions.map((name) => name.toUpperCase()));
  const believing = new Set(settings.proxyHeaderRegions.map((name) => name.toUpperCase()));

  const serverOf = (route: Route): HttpServer | undefined => {
    switch (route.kind) {
      case 'compute':
        if (closing.has(route.region)) return 'uwsgi';
        return isToday ? 'eventlet' : undefined;
      case 'identityV3':
      case 'identityVersions':
      case 'noIdentityPath':
        return isToday && settings.keystone.closes ? 'uwsgi' : undefined;
      default:
        return undefined;
    }
  };
  return {
    linkPrefixes: settings.linkPrefixes,
    serverOf,
    trustOf(route) {
      if (settings.forwardedHeaders) return 'all';
      if (route.kind === 'compute' && believing.has(route.region)) return 'all';
      return isToday && serverOf(route) === 'uwsgi' ? 'scheme' : 'none';
    },
  };
}
