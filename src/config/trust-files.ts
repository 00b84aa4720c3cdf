import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { IsSound } from '../settings/is-sound.ts';
import { errorCode } from '../settings/parse.ts';
import type { Problem } from '../settings/problem.ts';
import { isRecord, type Tree } from '../settings/tree.ts';
import { writtenIdentities } from './identities.ts';

/** The settings of an identity that name files of certificates and keys. */
const KINDS = {
  caFile: 'a PEM file of certificates',
  certFile: 'a PEM file of a certificate and the chain above it',
  keyFile: 'a PEM file of the key of certFile, without a passphrase',
} as const;
type FileKey = keyof typeof KINDS;

const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/**
 * Puts what files of certificates and keys hold where their names stand, so that a reload notices what has changed in them.
 *
 * @returns a problem for each that cannot be used, without a word of what is in it
 */
export function readTrustFiles(tree: Tree, folder: string, isSound: IsSound): Problem[] {
  const accounts = Array.isArray(tree['accounts']) ? tree['accounts'] : [];
  return accounts.flatMap((account: unknown, index) => {
    const written = isRecord(account) ? account['identity'] : undefined;
    return writtenIdentities(written, ['accounts', String(index), 'identity']).flatMap(([identity, path]) =>
      isRecord(identity) ? readIdentity(identity, path, folder, isSound) : [],
    );
  });
}

function readIdentity(identity: Tree, path: string[], folder: string, isSound: IsSound): Problem[] {
  const named = (Object.keys(KINDS) as FileKey[]).filter((key) => typeof identity[key] === 'string');
  if (!named.every((key) => isSound([...path, key]))) return [];
  const problems = named.flatMap((key): Problem[] => {
    const wrong = readOne(identity, key, folder);
    return wrong === undefined ? [] : [{ path: [...path, key], text: `${wrong}, accepted: ${KINDS[key]}` }];
  });
  return problems.length > 0 ? problems : checkPair(identity, path);
}

/** @returns what is wrong with the file */
function readOne(identity: Tree, key: FileKey, folder: string): string | undefined {
  let text: string;
  try {
    text = readFileSync(resolve(folder, String(identity[key])), 'utf8');
  } catch (error) {
    return `cannot be read (${errorCode(error)})`;
  }
  identity[key] = text;
  if (key === 'keyFile') return isKey(text) ? undefined : 'holds no key that can be used';
  const certificates = text.match(PEM_CERTIFICATE) ?? [];
  if (certificates.length === 0) return 'holds no certificate';
  return certificates.every(isCertificate) ? undefined : 'holds a certificate that cannot be read';
}

/** The certificate and its key, which may stand in one file, belong together. */
function checkPair(identity: Tree, path: string[]): Problem[] {
  const { certFile, keyFile } = identity as Partial<Record<FileKey, string | null>>;
  if (typeof certFile !== 'string' && typeof keyFile !== 'string') return [];
  if (typeof certFile !== 'string')
    return [{ path: [...path, 'certFile'], text: `is missing beside keyFile, accepted: ${KINDS.certFile}` }];
  const key = keyFile ?? certFile;
  if (!isKey(key))
    return [{ path: [...path, 'keyFile'], text: `is missing beside certFile, accepted: ${KINDS.keyFile}` }];
  identity['keyFile'] = key;
  if (new X509Certificate(certFile).checkPrivateKey(createPrivateKey(key))) return [];
  return [{ path: [...path, 'keyFile'], text: `is not the key of certFile, accepted: ${KINDS.keyFile}` }];
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}

function isKey(pem: string): boolean {
  try {
    return createPrivateKey(pem).type === 'private';
  } catch {
    return false;
  }
}
