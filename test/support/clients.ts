import { generateClientKey } from '../../src/access/client-key.ts';
import { hashClientKey } from '../../src/access/key-hash.ts';
import type { Tree } from '../../src/settings/tree.ts';

/** A client of a test's configuration, and the key it calls with. */
export interface TestClient {
  readonly name: string;
  readonly key: string;
  /** Its entry of `access.clients`. */
  readonly settings: Tree;
  /** The header it shows its key in. */
  readonly headers: Readonly<Record<string, string>>;
}

/** A client with a fresh key and this grant. */
export function testClient(name: string, grant: Tree = {}): TestClient {
  const key = generateClientKey(name);
  return {
    name,
    key,
    settings: { name, keyHash: hashClientKey(key), ...grant },
    headers: { 'x-auth-token': key },
  };
}

/** Settings under which these clients, and nobody else, may call. */
export function keysMode(clients: readonly TestClient[], access: Tree = {}): Tree {
  return { access: { mode: 'keys', clients: clients.map(({ settings }) => settings), ...access } };
}
