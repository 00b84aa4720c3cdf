import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { checkTree } from '../../../src/config/load.ts';

let folder: string;
let env: Record<string, string>;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-clouds-'));
  env = { HOME: join(folder, 'home') };
  mkdirSync(join(folder, 'home/.config/openstack'), { recursive: true });
});

const write = (name: string, text: string) => writeFileSync(join(folder, name), text);

/** The account that a cloud of `clouds.yaml` in the folder gives, or the lines of problems without the folder. */
function load(cloud: string, account: object = { cloudsFile: 'clouds.yaml' }) {
  const loaded = checkTree({ accounts: [{ name: 'main', cloud, ...account }] }, env, folder);
  if ('problems' in loaded) return loaded.problems.map((line) => line.replaceAll(`${folder}/`, ''));
  return loaded.config.accounts[0]!;
}

const auth =
  '{auth_url: "https://keys.test/v3", username: mara, password: secret-of-mara, project_name: team}';
const cloud = (body: string) => write('clouds.yaml', `clouds:\n  prod:\n    ${body}\n`);

describe('a cloud of a clouds.yaml', () => {
  it.each<[string, string, object]>([
    [
      'with a password',
      `auth: ${auth}`,
      {
        identity: {
          url: 'https://keys.test/v3',
          username: 'mara',
          password: 'secret-of-mara',
          project: { name: 'team' },
        },
      },
    ],
    [
      'with domains by name, regions and an interface',
      `{auth_type: v3password, region_name: B, regions: [A, B], interface: internal, auth: {auth_url: "https://keys.test:5000", username: m, password: p, user_domain_name: acme, project_name: t, project_domain_name: other}}`,
      {
        interface: 'internal',
        regions: ['A', 'B'],
        defaultRegion: 'B',
        identity: {
          url: 'https://keys.test:5000/v3',
          userDomain: { name: 'acme' },
          project: { name: 't', domain: { name: 'other' } },
        },
      },
    ],
    [
      'with ids',
      `auth: {auth_url: "https://keys.test/identity", user_id: u, password: p, project_id: t, user_domain_id: d}`,
      { identity: { url: 'https://keys.test/identity', userId: 'u', password: 'p', project: { id: 't' } } },
    ],
    [
      'with one domain for both',
      `auth: {auth_url: "https://keys.test/v3", username: m, password: p, project_name: t, domain_id: d}`,
      { identity: { userDomain: { id: 'd' }, project: { name: 't', domain: { id: 'd' } } } },
    ],
    [
      'with an application credential',
      `{auth_type: v3applicationcredential, region_name: A, auth: {auth_url: "https://keys.test", application_credential_id: c, application_credential_secret: s}}`,
      {
        regions: null,
        defaultRegion: 'A',
        identity: { url: 'https://keys.test/v3', applicationCredential: { id: 'c', secret: 's' } },
      },
    ],
    [
      'with an application credential by its name',
      `{auth_type: v3applicationcredential, auth: {auth_url: "https://keys.test/v3", application_credential_name: ci, username: m, user_domain_name: acme, application_credential_secret: s}}`,
      {
        identity: {
          username: 'm',
          userDomain: { name: 'acme' },
          applicationCredential: { name: 'ci', secret: 's' },
        },
      },
    ],
    [
      'of Identity v2.0',
      `{auth_type: v2password, auth: {auth_url: "https://keys.test:5000", username: m, password: p, tenant_name: t, user_domain_name: acme}}`,
      { identity: { url: 'https://keys.test:5000/v2.0', username: 'm', project: { name: 't' } } },
    ],
    [
      'of Identity v2.0 by its version',
      `{identity_api_version: 2.0, auth: {auth_url: "https://keys.test/v2.0", username: m, password: p, tenant_id: t}}`,
      { identity: { url: 'https://keys.test/v2.0', project: { id: 't' } } },
    ],
    [
      'of Rackspace, by its profile and an API key',
      `{profile: rackspace, auth_type: rackspace_apikey, auth: {username: m, api_key: k}}`,
      {
        service: 'cloudServersOpenStack',
        identity: { url: 'https://identity.api.rackspacecloud.com/v2.0', apiKey: 'k' },
      },
    ],
    [
      'of a profile that openstacksdk has',
      `{profile: ovh, region_name: GRA, auth: {username: m, password: p, project_id: t}}`,
      { identity: { url: 'https://auth.cloud.ovh.net/v3', userDomain: { name: 'Default' } } },
    ],
    [
      'with dashes, old names and what stands beside auth',
      `{auth-url: "https://keys.test/v3", tenant-name: t, endpoint_type: adminURL, "region-name": "A,B", auth: {user-name: m, password: p}}`,
      { interface: 'admin', defaultRegion: 'A', identity: { username: 'm', project: { name: 't' } } },
    ],
    [
      'with an identity service in each region',
      `{regions: [DFW3, SJC3], auth: {auth_url: "https://keystone.api.{region_name}.test/v3", username: m, password: p, user_domain_name: rackspace_cloud_domain, project_id: t}}`,
      {
        regions: ['DFW3', 'SJC3'],
        identity: [
          { region: 'DFW3', url: 'https://keystone.api.dfw3.test/v3', username: 'm' },
          { region: 'SJC3', url: 'https://keystone.api.sjc3.test/v3', project: { id: 't' } },
        ],
      },
    ],
    [
      'with regions that have values of their own',
      `{regions: [A, {name: B, values: {auth: {auth_url: "https://b.test/v3", project_id: tb}}}], auth: {auth_url: "https://a.test/v3", username: m, password: p, project_id: ta}}`,
      {
        identity: [
          { region: 'A', url: 'https://a.test/v3', project: { id: 'ta' } },
          { region: 'B', url: 'https://b.test/v3', project: { id: 'tb' } },
        ],
      },
    ],
    [
      'that others need more of',
      `{networks: [{name: x}], image_format: raw, verify: true, auth: ${auth}}`,
      { name: 'main' },
    ],
  ])('%s is an account', (_what, body, account) => {
    cloud(body);
    expect(load('prod')).toMatchObject(account);
  });

  it('is followed by what the account says itself', () => {
    cloud(`{regions: [A, B], interface: internal, auth: ${auth}}`);
    expect(load('prod', { cloudsFile: 'clouds.yaml', regions: ['B'], interface: 'public' })).toMatchObject({
      regions: ['B'],
      interface: 'public',
      cloud: 'prod',
    });
  });

  it('gets its secrets from secure.yaml, which goes before it', () => {
    cloud('auth: {auth_url: "https://keys.test/v3", username: mara, password: old, project_id: t}');
    write('secure.yaml', 'clouds: {prod: {auth: {password: new}}, other: {auth: {password: x}}}\n');
    expect(load('prod')).toMatchObject({ identity: { password: 'new', username: 'mara' } });
  });

  it('gets a password that is nowhere else from OS_PASSWORD', () => {
    cloud('auth: {auth_url: "https://keys.test/v3", username: mara, project_id: t}');
    env['OS_PASSWORD'] = 'of-the-environment';
    env['OS_PROJECT_ID'] = 'not-of-this-cloud';
    expect(load('prod')).toMatchObject({
      identity: { password: 'of-the-environment', project: { id: 't' } },
    });
    cloud(`auth: ${auth}`);
    expect(load('prod')).toMatchObject({ identity: { password: 'secret-of-mara' } });
  });

  it('gets a profile from clouds-public.yaml', () => {
    cloud('{profile: acme, auth: {username: m, password: p, project_id: t}}');
    write(
      'clouds-public.yaml',
      'public-clouds: {acme: {auth: {auth_url: "https://acme.test/v3"}, interface: internal}}\n',
    );
    expect(load('prod')).toMatchObject({ interface: 'internal', identity: { url: 'https://acme.test/v3' } });
  });

  it('is taken as it is written: a $ in a password is a $', () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a password may hold it
    cloud('auth: {auth_url: "https://keys.test/v3", username: m, password: "a${HOME}b", project_id: t}');
    // biome-ignore lint/suspicious/noTemplateCurlyInString: see above
    expect(load('prod')).toMatchObject({ identity: { password: 'a${HOME}b' } });
  });

  it('is sought where OpenStack’s clients seek it', () => {
    const place = join(folder, 'home/.config/openstack');
    writeFileSync(join(place, 'clouds.yaml'), `clouds: {prod: {auth: ${auth}}}\n`);
    writeFileSync(join(place, 'secure.yaml'), 'clouds: {prod: {auth: {password: of-secure}}}\n');
    expect(load('prod', {})).toMatchObject({ identity: { password: 'of-secure' } });
    writeFileSync(
      join(folder, 'named.json'),
      JSON.stringify({
        clouds: { prod: { auth: { auth_url: 'https://json.test/v3', username: 'm', password: 'p' } } },
      }),
    );
    env['OS_CLIENT_CONFIG_FILE'] = join(folder, 'named.json');
    expect(load('prod', {})).toMatchObject({ identity: { url: 'https://json.test/v3' } });
  });

  it('may be the one that the environment describes', () => {
    Object.assign(env, {
      OS_AUTH_URL: 'https://env.test/v3',
      OS_USERNAME: 'm',
      OS_PASSWORD: 'p',
      OS_PROJECT_NAME: 't',
      OS_USER_DOMAIN_NAME: 'acme',
      OS_REGION_NAME: 'A',
      OS_INTERFACE: 'internal',
      OS_IDENTITY_API_VERSION: '3',
    });
    expect(load('envvars', {})).toMatchObject({
      interface: 'internal',
      defaultRegion: 'A',
      identity: {
        url: 'https://env.test/v3',
        password: 'p',
        userDomain: { name: 'acme' },
        project: { name: 't' },
      },
    });
    env['OS_CLOUD_NAME'] = 'shell';
    expect(load('shell', {})).toMatchObject({ identity: { url: 'https://env.test/v3' } });
  });
});

describe('what is wrong with a cloud is told with file, cloud, field and what to do', () => {
  it.each<[string, string, string[]]>([
    [
      'no URL',
      'auth: {username: m, password: p}',
      ['auth.auth_url is missing, accepted: the URL of the identity service, or a profile that has it'],
    ],
    [
      'another URL',
      'auth: {auth_url: "https://keys.test/v3/auth/tokens", username: m, password: p}',
      [
        'auth.auth_url is no URL of an identity service, accepted: http(s)://host[:port][/path], with /v3 or /v2.0 at the end or without a version',
      ],
    ],
    [
      'neither user nor password',
      'auth: {auth_url: "https://keys.test/v3"}',
      [
        'auth.username is missing, accepted: text there, in secure.yaml, or auth.user_id',
        'auth.password is missing, accepted: text there, in secure.yaml, or in OS_PASSWORD',
      ],
    ],
    [
      'a number for a password',
      'auth: {auth_url: "https://keys.test/v3", username: m, password: 1234}',
      [
        'auth.password is no text, accepted: text (put it in quotes)',
        'auth.password is missing, accepted: text there, in secure.yaml, or in OS_PASSWORD',
      ],
    ],
    [
      'a plugin that is none of ours',
      `{auth_type: v3oidcpassword, auth: ${auth}}`,
      [
        'auth_type is none that Sluice logs in with, accepted: password, v2password, v3password, v3applicationcredential, rackspace_apikey',
      ],
    ],
    [
      'the URL of another version',
      '{auth_type: v3password, auth: {auth_url: "https://keys.test/v2.0", username: m, password: p}}',
      ['auth.auth_url is of another version than auth_type, accepted: one that ends in /v3'],
    ],
    [
      'half an application credential',
      '{auth_type: v3applicationcredential, auth: {auth_url: "https://keys.test/v3"}}',
      [
        'auth.application_credential_id is missing, accepted: text, or application_credential_name and a user',
        'auth.application_credential_secret is missing, accepted: text there, in secure.yaml, or in OS_APPLICATION_CREDENTIAL_SECRET',
      ],
    ],
    [
      'an application credential of no type',
      'auth: {auth_url: "https://keys.test/v3", application_credential_id: c, application_credential_secret: s}',
      [
        'auth_type is password beside an application credential, accepted: v3applicationcredential',
        'auth.username is missing, accepted: text there, in secure.yaml, or auth.user_id',
        'auth.password is missing, accepted: text there, in secure.yaml, or in OS_PASSWORD',
      ],
    ],
    [
      'unchecked certificates',
      `{verify: false, auth: ${auth}}`,
      [
        'verify leaves certificates unchecked, which Sluice does not, accepted: cacert with a PEM file of the authorities',
      ],
    ],
    [
      'an interface that is none',
      `{interface: outer, auth: ${auth}}`,
      ['interface is no interface, accepted: public, internal, admin'],
    ],
    [
      'regions that are no list',
      `{regions: A, auth: ${auth}}`,
      ['regions is no list, accepted: names, or mappings of name and values'],
    ],
    [
      'a profile that nobody has',
      '{profile: nowhere, auth: {username: m, password: p}}',
      [
        'profile is in no clouds-public.yaml, accepted: one of ovh, ovh-us, rackspace, or auth.auth_url beside it',
      ],
    ],
    [
      'a scope of the system',
      'auth: {auth_url: "https://keys.test/v3", username: m, password: p, system_scope: all}',
      ['auth.system_scope is no scope that Sluice logs in with, accepted: project_id, or project_name'],
    ],
    [
      'an auth that is none',
      'auth: text',
      [
        'auth is no mapping, accepted: auth_url, username, password …',
        'auth.auth_url is missing, accepted: the URL of the identity service, or a profile that has it',
        'auth.username is missing, accepted: text there, in secure.yaml, or auth.user_id',
        'auth.password is missing, accepted: text there, in secure.yaml, or in OS_PASSWORD',
      ],
    ],
  ])('%s', (_what, body, lines) => {
    cloud(body);
    expect(load('prod')).toEqual(lines.map((line) => `accounts.0.cloud: clouds.yaml, cloud prod: ${line}`));
  });

  it('a name that is none, a file that is none, none at all', () => {
    cloud(`auth: ${auth}`);
    expect(load('pord')).toEqual(['accounts.0.cloud: is no cloud of clouds.yaml, accepted: one of prod']);
    expect(load('constructor')).toEqual([
      'accounts.0.cloud: is no cloud of clouds.yaml, accepted: one of prod',
    ]);
    expect(load('prod', { cloudsFile: 'none.yaml' })).toEqual([
      'accounts.0.cloud: none.yaml: cannot be read, there is no such file (ENOENT), accepted: a YAML file',
    ]);
    write('clouds.yaml', 'clouds: [a]\n');
    expect(load('prod')).toEqual([
      'accounts.0.cloud: clouds.yaml: clouds is no mapping of clouds, accepted: clouds: {name: {auth: {…}}}',
    ]);
    write('clouds.yaml', 'clouds: {prod: {auth: {password: "broken-secret}}}\n');
    expect(load('prod').toString()).toMatch(/clouds\.yaml:\d+:\d+: is no YAML/);
    expect(load('prod').toString()).not.toContain('broken-secret');
  });

  it('a cloud beside an identity, a file beside no cloud, a reference that is missing', () => {
    cloud(`auth: ${auth}`);
    const identity = { url: 'us', username: 'm', apiKey: 'k' };
    expect(load('prod', { cloudsFile: 'clouds.yaml', identity })).toEqual([
      'accounts.0.cloud: stands beside identity, accepted: one of them',
    ]);
    const alone = checkTree({ accounts: [{ name: 'main', identity, cloudsFile: 'x' }] }, env, folder);
    expect(alone).toEqual({
      problems: ['accounts.0.cloudsFile: names a file beside no cloud, accepted: cloud: NAME beside it'],
    });
    // biome-ignore lint/suspicious/noTemplateCurlyInString: this is how a reference is written
    expect(load('${NO_SUCH_VARIABLE}', {})).toHaveLength(1);
  });

  it('and what is wrong with a certificate it names is told as that of an identity', () => {
    cloud(`{cacert: ca.pem, auth: ${auth}}`);
    expect(load('prod')).toEqual([
      'accounts.0.identity.caFile: cannot be read (ENOENT), accepted: a PEM file of certificates',
    ]);
  });
});
