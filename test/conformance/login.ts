/** The answer to a login, as far as the suite looks at it. */
export interface Access {
  readonly token: { readonly id: string };
  readonly serviceCatalog: readonly {
    readonly name: string;
    readonly type: string;
    readonly endpoints: readonly { readonly region?: string; readonly publicURL: string }[];
  }[];
}

/**
 * Logs in with an API key.
 *
 * @param url the identity service, ending in `/v2.0`
 * @throws Error when the login is refused, or nothing is there
 */
export async function logIn(url: string, username: string, apiKey: string): Promise<Access> {
  const response = await fetch(`${url.replace(/\/+$/, '')}/tokens`, {
    method: 'POST',
    headers: { accept: 'application/json', 'content-type': 'application/json' },
    body: JSON.stringify({ auth: { 'RAX-KSKEY:apiKeyCredentials': { username, apiKey } } }),
  }).catch((error: Error) => {
    throw new Error(`nothing is reached at ${url}`, { cause: error.cause ?? error });
  });
  if (!response.ok) throw new Error(`the login at ${url} as ${username} was answered ${response.status}`);
  return ((await response.json()) as { access: Access }).access;
}
