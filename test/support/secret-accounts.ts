import { json, noContent } from './stub-answers.ts';
import { STUB_CREDENTIALS } from './stub-identity.ts';
import { type StubService, startStubService } from './stub-service.ts';
import { type StubUpstream, startStubUpstream } from './stub-upstream.ts';

/** Two accounts that have everything under the same names, but for the tenant and a word that nobody else may read. */
export const ACCOUNTS = {
  main: { tenant: '700100', secret: 'plum-of-main' },
  other: { tenant: '700200', secret: 'pear-of-other' },
};
export type AccountName = keyof typeof ACCOUNTS;
export const NAMES = Object.keys(ACCOUNTS) as AccountName[];

/** The clouds of both accounts, an Identity each, and the service of type `image` that both have, at `/v2/…`. */
export interface SecretAccounts {
  readonly upstreams: Record<AccountName, StubUpstream>;
  readonly service: StubService;
  /** `accounts` of a configuration, in their order. */
  readonly settings: { name: AccountName; identity: { url: string; username: string; apiKey: string } }[];
  close(): Promise<void>;
}

/** Starts both. Tokens of the two are never the same. */
export async function startSecretAccounts(): Promise<SecretAccounts> {
  const service = await startStubService();
  const [main, other] = await Promise.all(NAMES.map((name) => startAccount(name, service.origin)));
  const upstreams = { main: main!, other: other! };
  const { username, apiKey } = STUB_CREDENTIALS;
  return {
    upstreams,
    service,
    settings: NAMES.map((name) => ({
      name,
      identity: { url: upstreams[name].identityUrl, username, apiKey },
    })),
    close: async () => {
      await Promise.all([...NAMES.map((name) => upstreams[name].close()), service.close()]);
    },
  };
}

/** What is cached, derived from what is cached, not cached and streamed, with the secret in bodies and heads. */
async function startAccount(name: AccountName, origin: string): Promise<StubUpstream> {
  const { tenant, secret } = ACCOUNTS[name];
  const endpoints = [{ region: 'DFW', tenantId: tenant, publicURL: `${origin}/v2` }];
  const upstream = await startStubUpstream({
    tenant,
    tokenPrefix: `token-of-${name}-`,
    services: [{ name: `notes-${secret}`, type: 'image', endpoints }],
  });
  const dfw = upstream.region('DFW');
  const head = { 'x-openstack-request-id': `req-${secret}` };
  const flavor = { id: '2', name: secret, ram: 512, disk: 20, vcpus: 1, links: [] };
  const image = { id: 'i1', name: secret, status: 'ACTIVE', links: [] };
  const server = { id: 's1', name: secret, status: 'ACTIVE', links: [] };
  const documents: Record<string, object> = {
    '/flavors/detail': { flavors: [flavor] },
    '/flavors': { flavors: [{ id: '2', name: secret, links: [] }] },
    '/flavors/2': { flavor },
    '/images/detail': { images: [image] },
    '/images/i1': { image },
    '/servers': { servers: [server] },
    '/servers/s1': { server },
    '/os-keypairs': { keypairs: [{ name: secret }] },
  };
  for (const [path, document] of Object.entries(documents)) dfw.on(`GET ${path}`, json(document, 200, head));
  dfw.on('DELETE /images/i1', noContent());
  return upstream;
}
