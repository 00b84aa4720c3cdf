import type { Tree } from '../../../src/settings/tree.ts';
import { keysMode, testClient } from '../../support/clients.ts';
import { startGateway, type TestGateway } from '../../support/gateway.ts';
import { connectRaw, type RawAnswer, type RawConnection } from '../../support/raw-connection.ts';
import {
  ACCOUNTS,
  type AccountName,
  NAMES,
  type SecretAccounts,
  startSecretAccounts,
} from '../../support/secret-accounts.ts';

/** As long as the others, so that answers have the same length. */
export const NOBODYS = '700999';

export const GRANTS = {
  plum: ['main'],
  pear: ['other'],
  both: ['main', 'other'],
} as const satisfies Record<string, readonly AccountName[]>;
export type ClientName = keyof typeof GRANTS;
export const CLIENTS = Object.keys(GRANTS) as ClientName[];
export const clients = {
  plum: testClient('plum', { accounts: ['main'] }),
  pear: testClient('pear', { accounts: ['other'] }),
  both: testClient('both'),
};

export const keysOf = (names: readonly ClientName[]): Tree => keysMode(names.map((name) => clients[name]));

/** A gateway in front of two accounts that hold secrets. */
export interface Stage {
  readonly clouds: SecretAccounts;
  readonly gateway: TestGateway;
  /** Few, so that everybody comes by every connection. */
  readonly connections: readonly RawConnection[];
  close(): Promise<void>;
}

/** @param settings beside the accounts */
export async function openStage(settings: Tree): Promise<Stage> {
  const clouds = await startSecretAccounts();
  const gateway = await startGateway({
    identityUrl: '',
    settings: { accounts: clouds.settings, limits: { enabled: false }, ...settings },
  });
  const connections = await Promise.all([1, 2, 3].map(() => connectRaw(gateway.url)));
  return {
    clouds,
    gateway,
    connections,
    async close() {
      for (const connection of connections) connection.close();
      await gateway.close();
      await clouds.close();
    },
  };
}

/** How many requests have come to the clouds on somebody's behalf: whether they are there is asked for nobody, without a token. */
export const requestsTo = ({ upstreams, service }: SecretAccounts): number =>
  [service, ...NAMES.flatMap((name) => [upstreams[name].region('DFW'), upstreams[name].identity])]
    .flatMap((party) => party.requests())
    .filter(({ method, headers }) => method !== 'GET' || headers['x-auth-token'] !== undefined).length;

/** Everything that two answers must have in common, the ids of requests and the date left out. */
export function bytesOf({ status, fields, body }: RawAnswer, tenant: string): string {
  const lines = fields
    .filter(([name]) => !/^(?:date|x-(?:compute|openstack)-request-id)$/i.test(name))
    .map(([name, value]) => `${name}: ${value}`);
  return [status, ...lines, '', body].join('\n').replaceAll(tenant, 'TENANT');
}

/** The secrets that stand in an answer and are none of this client's. */
export function leaksIn(
  { fields, body }: RawAnswer,
  client: ClientName | 'nobody',
  tenant: string,
): string[] {
  const text = JSON.stringify(fields) + body;
  const grant: readonly AccountName[] = client === 'nobody' ? [] : GRANTS[client];
  return NAMES.filter((name) => !grant.includes(name)).flatMap((name) => [
    ...(text.includes(ACCOUNTS[name].secret) ? [ACCOUNTS[name].secret] : []),
    // It wrote the tenant itself, and is told so.
    ...(tenant !== ACCOUNTS[name].tenant && text.includes(ACCOUNTS[name].tenant)
      ? [ACCOUNTS[name].tenant]
      : []),
  ]);
}

/** Logs a client in with its key. @param scope further members of the login */
export async function login(
  { connections }: Stage,
  name: ClientName,
  scope: object = {},
): Promise<{ answer: RawAnswer; token: string | undefined }> {
  const auth = { passwordCredentials: { username: name, password: clients[name].key }, ...scope };
  const answer = await connections[0]!.ask(
    '/v2.0/tokens',
    { 'Content-Type': 'application/json' },
    'POST',
    JSON.stringify({ auth }),
  );
  if (answer.status !== 200) return { answer, token: undefined };
  const { access } = JSON.parse(answer.body) as { access: { token: { id: string } } };
  return { answer, token: access.token.id };
}
