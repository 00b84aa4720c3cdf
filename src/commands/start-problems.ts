/** What a gateway needs at its start beyond a good configuration: files of listeners and the audit log, proxies of the environment. */
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { listenersOf } from '../access/rules.ts';
import type { TlsSettings } from '../access/settings.ts';
import { materialProblem } from '../access/tls.ts';
import type { Config, ListenConfig } from '../config/schema.ts';
import type { Environment } from '../settings/interpolate.ts';
import { errorCode } from '../settings/parse.ts';
import { Proxies } from '../upstream/proxies.ts';

/** A line per problem, each with its setting and what is accepted; no line holds what is in a file. */
export function startProblems(config: Config, env: Environment): string[] {
  const listeners = listenersOf<ListenConfig>(config);
  const ofListeners = listeners.flatMap(({ tls }, index) =>
    tls === null ? [] : tlsProblems(tls, listeners.length > 1 ? `listen.${index}.tls` : 'listen.tls'),
  );
  return [...ofListeners, ...auditProblems(config.audit.file), ...proxyProblems(env)];
}

const ACCEPTED = {
  certFile: 'a PEM file of the certificate and the chain above it',
  keyFile: 'a PEM file of the key of certFile, without a passphrase',
  clientCaFile: 'a PEM file of certificates',
} as const;

function tlsProblems(tls: TlsSettings, path: string): string[] {
  const texts: Partial<Record<keyof typeof ACCEPTED, string>> = {};
  const unread = (Object.keys(ACCEPTED) as (keyof typeof ACCEPTED)[]).flatMap((key) => {
    const file = tls[key];
    if (file === null) return [];
    try {
      texts[key] = readFileSync(file, 'utf8');
      return [];
    } catch (error) {
      return [`${path}.${key}: cannot be read (${errorCode(error)}), accepted: ${ACCEPTED[key]}`];
    }
  });
  if (unread.length > 0) return unread;
  const material = { cert: texts.certFile!, key: texts.keyFile!, ca: texts.clientCaFile };
  const problem = materialProblem(material, tls.minVersion);
  return problem === undefined
    ? []
    : [`${path}: cannot be served with, ${problem}, accepted: a certificate and its key, both PEM`];
}

function auditProblems(file: string | null): string[] {
  if (file === null) return [];
  try {
    if (existsSync(file)) accessSync(file, constants.W_OK);
    else accessSync(dirname(file), constants.W_OK | constants.X_OK);
    return [];
  } catch (error) {
    return [
      `audit.file: cannot be written (${errorCode(error)}), accepted: a file in a folder that is there, writable for this user`,
    ];
  }
}

function proxyProblems(env: Environment): string[] {
  try {
    new Proxies(env);
    return [];
  } catch (error) {
    return [(error as Error).message.replace(' is no URL', ': is no URL')];
  }
}
