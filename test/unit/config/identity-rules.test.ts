import { expect, it } from 'vitest';
import { checkTree } from '../../../src/config/load.ts';

const V3 = 'https://keys.test/v3';
const user = { username: 'mara', password: 'p' };
const credential = { id: 'c-1', secret: 's' };

const problems = (identity: unknown) => {
  const loaded = checkTree({ accounts: [{ name: 'main', identity }] }, {}, '/nowhere');
  return 'problems' in loaded ? loaded.problems.map((line) => line.replace('accounts.0.identity', '@')) : [];
};

it.each<[string, object]>([
  ['a name in the default domain', { url: V3, ...user }],
  ['a root', { url: 'https://keys.test/identity', ...user, userDomain: { name: 'acme' } }],
  ['an API key, which v3 gets as the password', { url: V3, username: 'mara', apiKey: 'k' }],
  ['a domain by its id', { url: V3, ...user, userDomain: { id: 'd' }, project: { id: 'p' } }],
  ['a project in a domain', { url: V3, ...user, project: { name: 'p', domain: { name: 'acme' } } }],
  ['a user by its id', { url: V3, userId: 'u', password: 'p', project: { name: 'p' } }],
  ['an application credential by its id', { url: V3, applicationCredential: credential }],
  [
    'an application credential by its name and a user',
    {
      url: V3,
      username: 'mara',
      userDomain: { name: 'acme' },
      applicationCredential: { name: 'ci', secret: 's' },
    },
  ],
  [
    'an application credential of a user by its id',
    { url: V3, userId: 'u', applicationCredential: { name: 'ci', secret: 's' } },
  ],
  ['a tenant of Identity v2.0', { url: 'https://keys.test/v2.0', ...user, project: { name: 'p' } }],
  [
    'a list, one a region',
    [
      { region: 'DFW3', url: V3, ...user },
      { region: 'SJC3', url: V3, applicationCredential: credential },
    ],
  ],
])('an account may log in with %s', (_what, identity) => {
  expect(problems(identity)).toEqual([]);
});

it.each<[string, object, string[]]>([
  [
    'no user',
    { url: V3, password: 'p' },
    ['@.username: is missing, accepted: text (or userId, for Identity v3)'],
  ],
  [
    'two users',
    { url: V3, ...user, userId: 'u' },
    ['@: has username and userId, accepted: exactly one of username, userId'],
  ],
  [
    'no secret',
    { url: V3, username: 'mara' },
    ['@: has no secret, accepted: exactly one of apiKey, apiKeyFile, password, passwordFile'],
  ],
  [
    'the domain of an id',
    { url: V3, userId: 'u', password: 'p', userDomain: { name: 'd' } },
    ['@.userDomain: is the domain of no username, accepted: beside username alone'],
  ],
  [
    'a domain without a name',
    { url: V3, ...user, userDomain: {} },
    ['@.userDomain: is not named, accepted: exactly one of name, id'],
  ],
  [
    'a domain with two',
    { url: V3, ...user, userDomain: { name: 'd', id: 'd' } },
    ['@.userDomain: has name and id, accepted: exactly one of name, id'],
  ],
  [
    'a project without a name',
    { url: V3, ...user, project: { domain: { name: 'd' } } },
    [
      '@.project: is not named, accepted: exactly one of name, id',
      '@.project.domain: is the domain of no name, accepted: beside project.name alone',
    ],
  ],
  [
    'a credential beside a password',
    { url: V3, password: 'p', applicationCredential: credential },
    ['@.password: stands beside applicationCredential, accepted: one of them'],
  ],
  [
    'a credential without a secret',
    { url: V3, applicationCredential: { id: 'c' } },
    ['@.applicationCredential: has no secret, accepted: exactly one of secret, secretFile'],
  ],
  [
    'a credential without a name',
    { url: V3, applicationCredential: { secret: 's' } },
    [
      '@.applicationCredential: is not named, accepted: exactly one of id, name',
      '@.username: is missing, accepted: text (or userId, for Identity v3)',
    ],
  ],
  [
    'a credential with a project',
    { url: V3, applicationCredential: credential, project: { id: 'p' } },
    ['@.project: stands beside applicationCredential, which has a project of its own, accepted: none'],
  ],
  [
    'a credential by its id with a user',
    { url: V3, username: 'm', applicationCredential: credential },
    ['@.username: stands beside applicationCredential.id, which is of one user, accepted: none'],
  ],
  [
    'v3’s words at v2.0',
    { url: 'us', ...user, userDomain: { name: 'd' }, project: { name: 'p', domain: { id: 'd' } } },
    [
      '@.userDomain: is a setting of Identity v3, accepted: with a url that ends in /v3 or names no version',
      '@.project.domain: is a setting of Identity v3, accepted: with a url that ends in /v3 or names no version',
    ],
  ],
  [
    'a credential at v2.0',
    { url: 'https://keys.test/v2.0', applicationCredential: credential },
    [
      '@.applicationCredential: is a setting of Identity v3, accepted: with a url that ends in /v3 or names no version',
    ],
  ],
  [
    'a misspelt key',
    { url: V3, ...user, project: { nmae: 'p' } },
    ['@.project.nmae: is no setting (did you mean name?), accepted here: name, id, domain'],
  ],
  [
    'a file that is not there',
    { url: V3, applicationCredential: { id: 'c', secretFile: 'none' } },
    ['@.applicationCredential.secretFile: cannot be read (ENOENT), accepted: a file that holds the secret'],
  ],
])('%s is a problem, with what is accepted', (_what, identity, lines) => {
  expect(problems(identity)).toEqual(lines);
});

it('the environment may hold every part of it', () => {
  const loaded = checkTree(
    { accounts: [{ name: 'main', identity: { url: V3 } }] },
    {
      SLUICE_ACCOUNTS_0_IDENTITY_USERNAME: 'mara',
      SLUICE_ACCOUNTS_0_IDENTITY_PASSWORD: 'p',
      SLUICE_ACCOUNTS_0_IDENTITY_USERDOMAIN_NAME: 'acme',
      SLUICE_ACCOUNTS_0_IDENTITY_PROJECT_NAME: 'team',
      SLUICE_ACCOUNTS_0_IDENTITY_PROJECT_DOMAIN_ID: 'd-1',
    },
    '/nowhere',
  );
  expect(loaded).toMatchObject({
    warnings: [],
    config: {
      accounts: [
        {
          identity: {
            username: 'mara',
            userDomain: { name: 'acme' },
            project: { name: 'team', domain: { id: 'd-1' } },
          },
        },
      ],
    },
  });
});
