/** Logins at the façade in every form it takes, and the tokens that clients got there. */
import type { RawAnswer } from '../../support/raw-connection.ts';
import { connectRaw } from '../../support/raw-connection.ts';
import { ACCOUNTS, type AccountName, accountsOf, type Caller, CLIENTS } from './grants.ts';

/** How a caller shows who it is. */
export type Shown = 'key' | 'bearer' | 'v2.0 token' | 'v3 token';

/** A form of login; what is undefined it does not name. */
export interface LoginForm {
  readonly name: string;
  readonly version: 'v2.0' | 'v3';
  body(name: string, secret: string, tenant: string): object;
}

const v3 = (identity: object, tenant: string) => ({ auth: { identity, scope: { project: { id: tenant } } } });

/** Every form in which a name and a key log in. */
export const LOGIN_FORMS: readonly LoginForm[] = [
  {
    name: 'v2.0 apiKeyCredentials',
    version: 'v2.0',
    body: (username, apiKey, tenantId) => ({
      auth: { 'RAX-KSKEY:apiKeyCredentials': { username, apiKey }, tenantId },
    }),
  },
  {
    name: 'v2.0 passwordCredentials, the tenant by name',
    version: 'v2.0',
    body: (username, password, tenantName) => ({
      auth: { passwordCredentials: { username, password }, tenantName },
    }),
  },
  {
    name: 'v3 password',
    version: 'v3',
    body: (name, password, tenant) =>
      v3(
        { methods: ['password'], password: { user: { name, domain: { id: 'default' }, password } } },
        tenant,
      ),
  },
  {
    name: 'v3 application credential',
    version: 'v3',
    body: (name, secret, tenant) => {
      const user = { name, domain: { id: 'default' } };
      const credential = { name: 'any', secret, user };
      return v3({ methods: ['application_credential'], application_credential: credential }, tenant);
    },
  },
];

/** The forms in which a token asks for another. */
export const RENEWALS: readonly LoginForm[] = [
  {
    name: 'v2.0 token',
    version: 'v2.0',
    body: (_name, id, tenantId) => ({ auth: { token: { id }, tenantId } }),
  },
  {
    name: 'v3 token',
    version: 'v3',
    body: (_name, id, tenant) => v3({ methods: ['token'], token: { id } }, tenant),
  },
];

/** Logs in; the token is undefined where there was none. */
export async function logIn(
  url: string,
  form: LoginForm,
  [name, secret]: readonly [name: string, secret: string],
  account: AccountName,
): Promise<{ answer: RawAnswer; token: string | undefined }> {
  const connection = await connectRaw(url);
  const path = form.version === 'v3' ? '/v3/auth/tokens' : '/v2.0/tokens';
  const body = JSON.stringify(form.body(name, secret, ACCOUNTS[account].tenant));
  const answer = await connection.ask(path, { 'Content-Type': 'application/json' }, 'POST', body);
  connection.close();
  return { answer, token: tokenIn(answer, form) };
}

function tokenIn(answer: RawAnswer, { version }: LoginForm): string | undefined {
  if (answer.status !== 200 && answer.status !== 201) return undefined;
  if (version === 'v3') return answer.field('x-subject-token');
  return (JSON.parse(answer.body) as { access: { token: { id: string } } }).access.token.id;
}

/** What a caller shows, once its client has logged in to each of its accounts by v2.0 and v3. */
export class Tokens {
  readonly #tokens = new Map<string, string>();

  async logIn(url: string): Promise<void> {
    const [v2] = LOGIN_FORMS.filter(({ version }) => version === 'v2.0');
    const [v3] = LOGIN_FORMS.filter(({ version }) => version === 'v3');
    for (const caller of CLIENTS)
      for (const account of accountsOf(caller))
        for (const [shown, form] of [
          ['v2.0 token', v2!],
          ['v3 token', v3!],
        ] as const) {
          const { token, answer } = await logIn(url, form, [caller.name, caller.client.key], account);
          if (token === undefined) throw new Error(`${caller.name} cannot log in: ${answer.body}`);
          this.#tokens.set(`${caller.name} ${shown} ${account}`, token);
        }
  }

  of(caller: Caller, shown: Shown, account: AccountName): string | undefined {
    return this.#tokens.get(`${caller.name} ${shown} ${account}`);
  }

  /** Headers; whoever has no token shows one that is nobody's, and whoever has nothing shows nothing. */
  show(caller: Caller, shown: Shown, account: AccountName): Record<string, string> {
    const { client } = caller;
    if (client === undefined) return {};
    if (shown === 'key') return { 'X-Auth-Token': client.key };
    if (shown === 'bearer') return { Authorization: `Bearer ${client.key}` };
    return { 'X-Auth-Token': this.of(caller, shown, account) ?? 'sluice_token_of-nobody' };
  }
}
