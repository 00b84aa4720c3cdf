import { describe, expect, it } from 'vitest';
import { parseV3Login } from '../../../src/facade/v3-login.ts';
import { Fault } from '../../../src/faults/faults.ts';
import type { JsonValue } from '../../../src/json.ts';

const login = (identity: JsonValue, scope?: JsonValue) =>
  parseV3Login({ auth: { identity, ...(scope === undefined ? {} : { scope }) } });
const password = (user: JsonValue) => ({ methods: ['password'], password: { user } });
const mara = { name: 'mara', domain: { name: 'Default' }, password: 's3cret' };

describe('a login of Identity v3', () => {
  it.each([
    ['a name', password(mara), { method: 'password', proof: { username: 'mara', secret: 's3cret' } }],
    ['an id', password({ id: '17', password: 's3cret' }), { proof: { username: '17', secret: 's3cret' } }],
    ['one method of several', { ...password(mara), methods: ['totp', 'password'] }, { method: 'password' }],
    ['a token', { methods: ['token'], token: { id: 'abc' } }, { method: 'token', proof: { tokenId: 'abc' } }],
    [
      'an application credential',
      { methods: ['application_credential'], application_credential: { id: 'cred', secret: 's3cret' } },
      { method: 'application_credential', proof: { username: 'cred', secret: 's3cret' } },
    ],
    [
      'a named application credential of a user',
      {
        methods: ['application_credential'],
        application_credential: { name: 'ci', secret: 's3cret', user: { name: 'mara' } },
      },
      { proof: { username: 'mara', secret: 's3cret' } },
    ],
  ])('shows %s', (_what, identity, expected) => {
    expect(login(identity)).toMatchObject({ scope: 'default', ...expected });
  });

  it.each<[JsonValue, unknown]>([
    [{ project: { id: '42' } }, { tenantId: '42' }],
    [{ project: { name: 'acme', domain: { id: 'default' } } }, { tenantName: 'acme' }],
    ['unscoped', 'unscoped'],
    [{ unscoped: {} }, 'unscoped'],
    [null, 'default'],
  ])('asks for the scope %j', (scope, expected) => {
    expect(login(password(mara), scope).scope).toEqual(expected);
  });

  it.each<[string, JsonValue | undefined]>([
    ['no body', undefined],
    ['the form of v2.0', { auth: { passwordCredentials: { username: 'mara', password: 's3cret' } } }],
    ['no method', { auth: { identity: { methods: [] } } }],
    ['another method', { auth: { identity: { methods: ['totp'], totp: { user: mara } } } }],
    ['a method without its object', { auth: { identity: { methods: ['password'] } } }],
    ['no password', { auth: { identity: password({ name: 'mara' }) } }],
    ['no name', { auth: { identity: password({ password: 's3cret' }) } }],
    [
      'a name that no token has room for',
      { auth: { identity: password({ name: 'x'.repeat(256), password: 's3cret' }) } },
    ],
    ['a project that is none', { auth: { identity: password(mara), scope: { project: 's3cret' } } }],
    ['a project without a name', { auth: { identity: password(mara), scope: { project: {} } } }],
  ])('with %s is 400 and repeats no secret', (_what, body) => {
    expect(() => parseV3Login(body)).toThrow(expect.objectContaining({ code: 400 }));
    expect(() => parseV3Login(body)).toThrow(
      expect.not.objectContaining({ message: expect.stringContaining('s3cret') }),
    );
  });

  it('for a domain or the whole system is 401: accounts are projects', () => {
    for (const scope of [{ domain: { id: 'default' } }, { system: { all: true } }])
      expect(() => login(password(mara), scope)).toThrow(Fault);
  });
});
