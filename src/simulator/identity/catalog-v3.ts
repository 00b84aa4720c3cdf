import type { JsonObject } from '../../json.ts';
import type { Endpoints, RegionEndpoints } from './catalog.ts';
import { hexId, type Tenant } from './users.ts';

/** What the catalogs of v3 depend on beside where the services are. */
export interface CatalogForm {
  readonly dialect: 'guide' | 'openstack';
  readonly computeUrl: 'project' | 'plain';
  readonly computeName: string;
  readonly legacyCompute: boolean;
}

/** One service of a catalog, and its URL in a region for each interface. */
interface Service {
  readonly type: string;
  readonly name: string;
  urls(region: RegionEndpoints): Readonly<Record<string, string>>;
}

/**
 * The catalog of v3: an entry for each service, an endpoint for each of its regions and interfaces.
 *
 * @param home region whose own identity service answers: the catalog has that one only; null: all
 */
export function catalogV3(
  project: Tenant,
  { origin, regions }: Endpoints,
  form: CatalogForm,
  home: string | null,
): JsonObject[] {
  const there = regions.filter(({ name }) => home === null || name.toUpperCase() === home);
  const services =
    form.dialect === 'guide' ? guideServices(project) : openstackServices(project, origin, form, home);
  // A catalog of today has its endpoints in no order that means anything.
  const ordered = (endpoints: JsonObject[]) =>
    form.dialect === 'guide'
      ? endpoints
      : endpoints.sort((a, b) => (String(a['id']) < String(b['id']) ? -1 : 1));
  return services.map((service) => ({
    endpoints: ordered(there.flatMap((region) => endpointsOf(service, region))),
    id: hexId(`service ${service.name}`),
    type: service.type,
    name: service.name,
  }));
}

function endpointsOf({ name, urls }: Service, region: RegionEndpoints): JsonObject[] {
  return Object.entries(urls(region)).map(([face, url]) => ({
    id: hexId(`${name} ${face} ${region.name}`),
    interface: face,
    region_id: region.name,
    url,
    region: region.name,
  }));
}

const guideServices = ({ id }: Tenant): Service[] => [
  {
    type: 'compute',
    name: 'cloudServersOpenStack',
    urls: ({ computeRoot, internalComputeRoot }) => ({
      public: `${computeRoot}/v2/${id}`,
      internal: `${internalComputeRoot}/v2/${id}`,
    }),
  },
  { type: 'image', name: 'cloudImages', urls: ({ imageRoot }) => ({ public: imageRoot }) },
  {
    type: 'volumev3',
    name: 'cloudBlockStorage',
    urls: ({ volumeRoot }) => ({ public: `${volumeRoot}/v3/${id}` }),
  },
];

/** What OpenStack's installers make of the same services: three interfaces, here all of them reached alike. */
function openstackServices(
  { id }: Tenant,
  origin: string,
  { computeUrl, computeName, legacyCompute }: CatalogForm,
  home: string | null,
): Service[] {
  const identity = home === null ? `${origin}/v3` : `${origin}/identity/${home.toLowerCase()}/v3`;
  const service = (type: string, name: string, url: (region: RegionEndpoints) => string): Service => ({
    type,
    name,
    urls: (region) => ({ admin: url(region), internal: url(region), public: url(region) }),
  });
  const legacy = service('compute_legacy', 'nova_legacy', ({ computeRoot }) => `${computeRoot}/v2/${id}`);
  return [
    service('identity', 'keystone', () => identity),
    service('compute', computeName, ({ computeRoot }) =>
      computeUrl === 'plain' ? `${computeRoot}/v2.1` : `${computeRoot}/v2.1/${id}`,
    ),
    ...(legacyCompute ? [legacy] : []),
    service('image', 'glance', ({ imageRoot }) => imageRoot),
    service('network', 'neutron', ({ networkRoot }) => networkRoot),
    service('block-storage', 'cinder', ({ volumeRoot }) => `${volumeRoot}/v3/${id}`),
  ];
}
