import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { createSecureContext } from 'node:tls';
import { errorCode } from '../settings/parse.ts';
import type { Problem } from '../settings/problem.ts';
import { isRecord, type Tree } from '../settings/tree.ts';

/** Files of an account's side of TLS, and what they are to a TLS context. */
const FILES = { caFile: 'ca', certFile: 'cert', keyFile: 'key' } as const;

/** Finds the files of each account's TLS from the configuration's folder, and looks whether they can be used. */
export function checkTrustFiles(tree: Tree, folder: string): Problem[] {
  const accounts = Array.isArray(tree['accounts']) ? tree['accounts'] : [];
  return accounts.flatMap((account: unknown, index) => {
    const identity = isRecord(account) ? account['identity'] : undefined;
    return isRecord(identity) ? checkAccount(identity, ['accounts', String(index), 'identity'], folder) : [];
  });
}

function checkAccount(identity: Tree, path: readonly string[], folder: string): Problem[] {
  const read: Record<string, string> = {};
  const problems: Problem[] = [];
  for (const [name, part] of Object.entries(FILES)) {
    const file = identity[name];
    if (typeof file !== 'string') continue;
    identity[name] = resolve(folder, file);
    try {
      read[part] = readFileSync(resolve(folder, file), 'utf8');
    } catch (error) {
      const text = `cannot be read (${errorCode(error)}), accepted: a PEM file`;
      problems.push({ path: [...path, name], text });
    }
  }
  if (problems.length > 0) return problems;
  if ((read['cert'] === undefined) !== (read['key'] === undefined))
    return [{ path, text: 'has one of certFile and keyFile, accepted: both, or none' }];
  try {
    createSecureContext(read);
    return [];
  } catch (error) {
    const text = `has certificates or a key that cannot be used (${errorCode(error)}), accepted: PEM, the key of the certificate`;
    return [{ path, text }];
  }
}
