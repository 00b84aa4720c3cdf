import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { IsSound } from '../settings/is-sound.ts';
import { errorCode } from '../settings/parse.ts';
import type { Problem } from '../settings/problem.ts';
import { isRecord, type Tree } from '../settings/tree.ts';
import { writtenIdentities } from './identities.ts';

/** Shortest signing key, bytes of its text: as hexadecimal digits that is 128 bits. */
const SHORTEST_KEY = 32;

/** Where rings of signing keys stand. */
const RINGS = [
  ['access', 'tokenKeys'],
  ['redis', 'signingKeys'],
] as const;

/** Puts the contents of secret files where the secrets would stand, and checks keys by what they then are. */
export function readSecretFiles(tree: Tree, folder: string, isSound: IsSound): Problem[] {
  const accounts = Array.isArray(tree['accounts']) ? tree['accounts'] : [];
  const perAccount = accounts.flatMap((account: unknown, index) => {
    const written = isRecord(account) ? account['identity'] : undefined;
    return writtenIdentities(written, ['accounts', String(index), 'identity']).flatMap(([identity, path]) =>
      isRecord(identity)
        ? [
            ...readIdentitySecret(identity, 'apiKey', path, folder),
            ...readIdentitySecret(identity, 'password', path, folder),
            ...readApplicationSecret(identity, path, folder),
          ]
        : [],
    );
  });
  const sound = RINGS.filter((ring) => isSound(ring.join('.')));
  return [...perAccount, ...sound.flatMap((ring) => readKeys(tree, ring, folder))];
}

function readApplicationSecret(identity: Tree, path: readonly string[], folder: string): Problem[] {
  const { applicationCredential } = identity;
  if (!isRecord(applicationCredential)) return [];
  return readIdentitySecret(applicationCredential, 'secret', [...path, 'applicationCredential'], folder);
}

function readIdentitySecret(
  identity: Tree,
  key: 'apiKey' | 'password' | 'secret',
  path: readonly string[],
  folder: string,
): Problem[] {
  const file = identity[`${key}File`];
  if (typeof file !== 'string') return [];
  const read = readSecret(file, [...path, `${key}File`], folder);
  if (typeof read !== 'string') return [read];
  identity[key] = read;
  return [];
}

function readKeys(tree: Tree, [part, name]: (typeof RINGS)[number], folder: string): Problem[] {
  const section = tree[part];
  const keys = isRecord(section) ? section[name] : undefined;
  if (!Array.isArray(keys)) return [];
  return keys.flatMap((key: unknown, index): Problem[] => {
    const path = [part, name, String(index)];
    const file = isRecord(key) ? key['file'] : undefined;
    const text = typeof file === 'string' ? readSecret(file, [...path, 'file'], folder) : String(key);
    if (typeof text !== 'string') return [text];
    keys[index] = text;
    if (Buffer.byteLength(text) >= SHORTEST_KEY) return [];
    const accepted = `${SHORTEST_KEY} characters or more, such as \`openssl rand -hex 32\` writes`;
    return [{ path, text: `is too short for a key, accepted: ${accepted}` }];
  });
}

/** What a file holds, without the byte-order mark and the line end that editors put around it. */
function readSecret(file: string, at: readonly string[], folder: string): string | Problem {
  try {
    const secret = readFileSync(resolve(folder, file), 'utf8')
      .replace(/^\uFEFF/, '')
      .replace(/\r?\n$/, '');
    if (secret !== '') return secret;
    return { path: at, text: 'names an empty file, accepted: a file that holds the secret' };
  } catch (error) {
    return {
      path: at,
      text: `cannot be read (${errorCode(error)}), accepted: a file that holds the secret`,
    };
  }
}
