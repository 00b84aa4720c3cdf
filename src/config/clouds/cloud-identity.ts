/** How one logs in at a cloud of a clouds.yaml, into the settings of an identity. Pure. */
import { type IdentityVersion, locateIdentity } from '../../identity/settings.ts';
import type { Tree } from '../../settings/tree.ts';
import type { CloudFields } from './fields.ts';

/** The plugins of keystoneauth that Sluice can stand in for. */
const AUTH_TYPES = [
  'password',
  'v2password',
  'v3password',
  'v3applicationcredential',
  'rackspace_apikey',
] as const;
type AuthType = (typeof AUTH_TYPES)[number];

/** The version that a plugin speaks; undefined: whatever there is. */
const VERSIONS: Readonly<Record<AuthType, IdentityVersion | undefined>> = {
  password: undefined,
  v2password: 'v2.0',
  rackspace_apikey: 'v2.0',
  v3password: 'v3',
  v3applicationcredential: 'v3',
};

/** The identity's settings; what stands in the way is told to the fields. */
export function identityOf(fields: CloudFields): Tree {
  const type = authTypeOf(fields);
  if (type === undefined) return {};
  const url = urlOf(fields, type);
  const version = url === undefined ? undefined : locateIdentity(url).version;
  const isV2 = version === 'v2.0';
  return {
    ...present({ url }),
    ...(type === 'v3applicationcredential' ? applicationOf(fields) : userOf(fields, type, isV2)),
    ...trustOf(fields),
  };
}

function authTypeOf(fields: CloudFields): AuthType | undefined {
  const key = fields.raw('auth_type') === undefined ? 'auth_plugin' : 'auth_type';
  const written = fields.text(key) ?? 'password';
  const type = AUTH_TYPES.find((known) => known === written);
  if (type === undefined) {
    fields.problem(key, `is none that Sluice logs in with, accepted: ${AUTH_TYPES.join(', ')}`);
    return undefined;
  }
  if (type !== 'password') return type;
  const isApplication = fields.authText('application_credential_id', 'application_credential_name');
  if (isApplication !== undefined && fields.authText('password') === undefined)
    fields.problem(
      'auth_type',
      'is password beside an application credential, accepted: v3applicationcredential',
    );
  return /^2/.test(String(fields.raw('identity_api_version') ?? '')) ? 'v2password' : type;
}

const MISSING_URL = 'is missing, accepted: the URL of the identity service, or a profile that has it';
const NO_URL =
  'is no URL of an identity service, accepted: http(s)://host[:port][/path], with /v3 or /v2.0 at the end or without a version';

/** With the version that the plugin speaks. */
function urlOf(fields: CloudFields, type: AuthType): string | undefined {
  const region = fields.text('region_name') ?? '';
  const written = fields.authText('auth_url')?.replaceAll('{region_name}', region);
  if (written === undefined) {
    fields.problem('auth.auth_url', MISSING_URL);
    return undefined;
  }
  try {
    const { version, url } = locateIdentity(written);
    const wanted = VERSIONS[type];
    if (wanted === undefined || wanted === version) return url.href;
    if (version === undefined) return `${url.href.replace(/(?<!\/)\/+$/, '')}/${wanted}`;
    fields.problem(
      'auth.auth_url',
      `is of another version than auth_type, accepted: one that ends in /${wanted}`,
    );
  } catch {
    fields.problem('auth.auth_url', NO_URL);
  }
  return undefined;
}

function userOf(fields: CloudFields, type: AuthType, isV2: boolean): Tree {
  const userId = isV2 ? undefined : fields.authText('user_id');
  const username = userId === undefined ? fields.authText('username', 'user_name') : undefined;
  if (userId === undefined && username === undefined)
    fields.problem('auth.username', 'is missing, accepted: text there, in secure.yaml, or auth.user_id');
  const key = type === 'rackspace_apikey' ? 'api_key' : 'password';
  const secret = fields.authText(key);
  if (secret === undefined)
    fields.problem(
      `auth.${key}`,
      `is missing, accepted: text there, in secure.yaml${key === 'password' ? ', or in OS_PASSWORD' : ''}`,
    );
  return {
    ...present({ username, userId }),
    ...(username === undefined || isV2 ? {} : domainOf(fields, 'userDomain', 'user_domain')),
    ...projectOf(fields, isV2),
    ...present(key === 'api_key' ? { apiKey: secret } : { password: secret }),
  };
}

/** A project by its id goes before one by its name. */
function projectOf(fields: CloudFields, isV2: boolean): Tree {
  const id = fields.authText('project_id', 'tenant_id');
  const name = id === undefined ? fields.authText('project_name', 'tenant_name') : undefined;
  if (id !== undefined) return { project: { id } };
  if (name !== undefined)
    return { project: { name, ...(isV2 ? {} : domainOf(fields, 'domain', 'project_domain')) } };
  for (const key of ['system_scope', 'trust_id'])
    if (fields.authText(key) !== undefined)
      fields.problem(
        `auth.${key}`,
        'is no scope that Sluice logs in with, accepted: project_id, or project_name',
      );
  return {};
}

/** A domain of its own, else the one that is the same for users and projects, else the default one. */
function domainOf(fields: CloudFields, setting: string, stem: string): Tree {
  const id = fields.authText(`${stem}_id`);
  const name = fields.authText(`${stem}_name`);
  if (id !== undefined) return { [setting]: { id } };
  if (name !== undefined) return { [setting]: { name } };
  const shared = fields.authText('domain_id', 'default_domain_id', 'default_domain');
  const sharedName = fields.authText('domain_name', 'default_domain_name');
  if (shared !== undefined) return { [setting]: { id: shared } };
  return sharedName === undefined ? {} : { [setting]: { name: sharedName } };
}

function applicationOf(fields: CloudFields): Tree {
  const id = fields.authText('application_credential_id');
  const name = id === undefined ? fields.authText('application_credential_name') : undefined;
  const secret = fields.authText('application_credential_secret');
  if (id === undefined && name === undefined)
    fields.problem(
      'auth.application_credential_id',
      'is missing, accepted: text, or application_credential_name and a user',
    );
  if (secret === undefined)
    fields.problem(
      'auth.application_credential_secret',
      'is missing, accepted: text there, in secure.yaml, or in OS_APPLICATION_CREDENTIAL_SECRET',
    );
  const applicationCredential = present({ id, name, secret });
  if (name === undefined) return { applicationCredential };
  const userId = fields.authText('user_id');
  const username = userId === undefined ? fields.authText('username', 'user_name') : undefined;
  if (userId === undefined && username === undefined)
    fields.problem(
      'auth.username',
      'is missing beside application_credential_name, accepted: text, or auth.user_id',
    );
  const domain = username === undefined ? {} : domainOf(fields, 'userDomain', 'user_domain');
  return { ...present({ username, userId }), ...domain, applicationCredential };
}

function trustOf(fields: CloudFields): Tree {
  if (fields.flag('verify') === false || fields.flag('insecure') === true)
    fields.problem(
      fields.flag('verify') === false ? 'verify' : 'insecure',
      'leaves certificates unchecked, which Sluice does not, accepted: cacert with a PEM file of the authorities',
    );
  return present({
    caFile: fields.text('cacert'),
    certFile: fields.text('cert'),
    keyFile: fields.text('key'),
  });
}

/** Without what is not there. */
const present = (tree: Tree): Tree =>
  Object.fromEntries(Object.entries(tree).filter(([, value]) => value !== undefined));
