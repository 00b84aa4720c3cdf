/** One cloud of a clouds.yaml, as openstacksdk reads it, into settings of an account. Pure. */
import { isRecord, type Tree } from '../../settings/tree.ts';
import { identityOf } from './cloud-identity.ts';
import { CloudFields, type CloudProblem } from './fields.ts';
import { merge } from './merge.ts';

/** The settings of an account that a cloud says. */
export interface CloudAccount {
  readonly identity: Tree | Tree[];
  readonly service?: string;
  readonly interface?: string;
  readonly regions?: string[];
  readonly defaultRegion?: string;
}

/** Providers that openstacksdk knows without a clouds-public.yaml, as far as Sluice needs it. */
const BUILT_IN: Readonly<Record<string, Tree>> = {
  ovh: {
    auth: {
      auth_url: 'https://auth.cloud.ovh.net/v3',
      user_domain_name: 'Default',
      project_domain_name: 'Default',
    },
  },
  'ovh-us': {
    auth: {
      auth_url: 'https://auth.cloud.ovh.us/v3',
      user_domain_name: 'Default',
      project_domain_name: 'Default',
    },
  },
  rackspace: {
    auth: { auth_url: 'https://identity.api.rackspacecloud.com/v2.0/' },
    compute_service_name: 'cloudServersOpenStack',
  },
};

/** A part of the configuration for a cloud, or everything that stands in the way. */
export function accountOf(
  cloud: Tree,
  profiles: Readonly<Record<string, Tree>>,
): CloudAccount | { readonly problems: readonly CloudProblem[] } {
  const name = cloud['profile'] ?? cloud['cloud'];
  const profile = typeof name === 'string' ? (profiles[name] ?? BUILT_IN[name]) : undefined;
  if (name !== undefined && profile === undefined && !hasUrl(cloud))
    return {
      problems: [
        {
          field: 'profile',
          text: `is in no clouds-public.yaml, accepted: one of ${Object.keys(BUILT_IN).join(', ')}, or auth.auth_url beside it`,
        },
      ],
    };
  const fields = new CloudFields(merge(profile ?? {}, cloud));
  const account = read(fields);
  return fields.problems.length > 0 ? { problems: fields.problems } : account;
}

const hasUrl = (cloud: Tree): boolean =>
  cloud['auth_url'] !== undefined || (isRecord(cloud['auth']) && cloud['auth']['auth_url'] !== undefined);

function read(fields: CloudFields): CloudAccount {
  const { regions, values } = regionsOf(fields);
  const [named] = regionNames(fields);
  const service = fields.text('compute_service_name');
  const face = interfaceOf(fields);
  const isRegional =
    values.some((one) => isRecord(one['auth'])) || /\{region_name\}/.test(fields.authText('auth_url') ?? '');
  const all = regions.length > 0 ? regions : regionNames(fields);
  if (isRegional && all.length === 0)
    fields.problem(
      'region_name',
      'is missing beside an auth_url that holds it, accepted: regions, or region_name',
    );
  const identity = isRegional
    ? all.map((region, index) => {
        const own = fields.with({ ...(values[index] ?? {}), region_name: region });
        return { region, ...identityOf(own) };
      })
    : identityOf(fields);
  return {
    identity,
    ...(service === undefined ? {} : { service }),
    ...(face === undefined ? {} : { interface: face }),
    ...(regions.length > 0 ? { regions } : {}),
    ...(named === undefined ? {} : { defaultRegion: named }),
  };
}

/** `regions`: names, or mappings of a name and what differs there. */
function regionsOf(fields: CloudFields): { regions: string[]; values: Tree[] } {
  const written = fields.raw('regions');
  if (written === undefined || written === null) return { regions: [], values: [] };
  if (!Array.isArray(written)) {
    fields.problem('regions', 'is no list, accepted: names, or mappings of name and values');
    return { regions: [], values: [] };
  }
  const regions: string[] = [];
  const values: Tree[] = [];
  for (const one of written) {
    const name = isRecord(one) ? one['name'] : one;
    if (typeof name !== 'string' || name === '')
      fields.problem('regions', 'holds a region without a name, accepted: text');
    else {
      regions.push(name);
      values.push(isRecord(one) && isRecord(one['values']) ? one['values'] : {});
    }
  }
  return { regions, values };
}

/** `region_name`, which old files have as a list or with commas. */
function regionNames(fields: CloudFields): string[] {
  const written = fields.raw('region_name');
  const names = Array.isArray(written) ? written : typeof written === 'string' ? written.split(',') : [];
  return names.flatMap((name) => (typeof name === 'string' && name.trim() !== '' ? [name.trim()] : []));
}

/** `interface`, or the older `endpoint_type`; of a list the first. */
function interfaceOf(fields: CloudFields): string | undefined {
  const key = fields.raw('interface') === undefined ? 'endpoint_type' : 'interface';
  const [written] = [fields.raw(key)].flat();
  if (written === undefined || written === null) return undefined;
  const face = typeof written === 'string' ? written.replace(/URL$/, '') : '';
  if (['public', 'internal', 'admin'].includes(face)) return face;
  fields.problem(key, 'is no interface, accepted: public, internal, admin');
  return undefined;
}
