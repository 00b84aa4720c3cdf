/** What the settings of one client must fulfil: names that exist, keys that can be read. Nothing of a key is ever repeated. */
import type { Problem } from '../settings/problem.ts';
import { nearest } from '../settings/suggest.ts';
import { certificateRuleProblem } from './certificates.ts';
import { keysOf } from './clients.ts';
import { isGlob, matchesGlob } from './glob.ts';
import { OPERATION_NAMES } from './grants.ts';
import { parseKeyHash } from './key-hash.ts';
import { parseNotAfter } from './not-after.ts';
import type { ClientSettings } from './settings.ts';

/** What there is beside the client. */
export interface ClientContext {
  /** Names of accounts; undefined: their settings are not to be read. */
  readonly accounts: readonly string[] | undefined;
  /** Undefined: only the catalogs know. */
  readonly regions: readonly string[] | undefined;
  isService(type: string): boolean;
  /** Whether a client without a key could never call. */
  readonly needsKeys: boolean;
  /** Whether any listener asks for client certificates. */
  readonly asksForCertificates: boolean;
}

type Path = readonly string[];

/** Every problem of one client. */
export function checkClient(client: ClientSettings, path: Path, context: ClientContext): Problem[] {
  return [
    ...checkKeys(client, path, context),
    ...checkCertificates(client, path, context),
    ...checkNames(client.accounts, [...path, 'accounts'], context.accounts, 'account', false),
    ...checkNames(client.regions, [...path, 'regions'], context.regions, 'region', true),
    ...checkServices(client, path, context),
    ...checkOperations(client.allow, [...path, 'allow']),
    ...checkOperations(client.deny, [...path, 'deny']),
    ...checkLimits(client, path),
  ];
}

function checkKeys(client: ClientSettings, path: Path, { needsKeys }: ClientContext): Problem[] {
  const { keyHash, keys, certificates } = client;
  if (needsKeys && keysOf(client).length + certificates.length === 0)
    return [
      {
        path,
        text: 'has no key, accepted: keyHash, keys or certificates (`sluice new-key NAME` prints a key and its hash)',
      },
    ];
  const own = keyHash === null ? [] : checkHash(keyHash, [...path, 'keyHash']);
  const listed = keys.flatMap(({ hash, notAfter }, index) => {
    const at = [...path, 'keys', String(index)];
    const isDate = notAfter === null || parseNotAfter(notAfter) !== undefined;
    return [
      ...checkHash(hash, [...at, 'hash']),
      ...(isDate ? [] : [{ path: [...at, 'notAfter'], text: WRONG_DATE }]),
    ];
  });
  return [...own, ...listed, ...checkKeyNames(client, path)];
}

const WRONG_DATE =
  'is no date with a time zone, accepted: 2026-12-31, or 2026-12-31T12:00:00Z, in quotes or not';

function checkHash(text: string, path: Path): Problem[] {
  const parsed = parseKeyHash(text);
  return parsed.kind === 'problem' ? [{ path, text: parsed.text }] : [];
}

/** The audit log tells keys apart by their names. */
function checkKeyNames({ keys }: ClientSettings, path: Path): Problem[] {
  const names = keys.map(({ name }) => name);
  return names.flatMap((name, index) =>
    name === undefined || names.indexOf(name) === index
      ? []
      : [
          {
            path: [...path, 'keys', String(index), 'name'],
            text: 'is used twice, accepted: a name of its own',
          },
        ],
  );
}

function checkCertificates({ certificates }: ClientSettings, path: Path, context: ClientContext): Problem[] {
  if (certificates.length === 0) return [];
  if (!context.asksForCertificates)
    return [
      {
        path: [...path, 'certificates'],
        text: 'is set, but no listener asks for certificates, accepted: a listener with tls.clientCaFile, or none here',
      },
    ];
  return certificates.flatMap((rule, index) => {
    const problem = certificateRuleProblem(rule);
    if (problem === undefined) return [];
    const accepted = 'accepted: CN=name, DNS:name, URI:uri, EMAIL:address or IP:address';
    return [{ path: [...path, 'certificates', String(index)], text: `${problem}, ${accepted}` }];
  });
}

function checkNames(
  names: readonly string[] | null,
  path: Path,
  known: readonly string[] | undefined,
  what: string,
  isFolded: boolean,
): Problem[] {
  if (names === null || known === undefined) return [];
  const fold = (name: string) => (isFolded ? name.toUpperCase() : name);
  const all = new Set(known.map(fold));
  return names.flatMap((name, index) =>
    all.has(fold(name))
      ? []
      : [
          {
            path: [...path, String(index)],
            text: `is no ${what} of this configuration${hint(name, known)}, accepted: ${known.join(', ') || 'none'}`,
          },
        ],
  );
}

function checkServices({ services }: ClientSettings, path: Path, { isService }: ClientContext): Problem[] {
  return (services ?? []).flatMap((type, index) =>
    isService(type)
      ? []
      : [
          {
            path: [...path, 'services', String(index)],
            text: `is no service that is served here${hint(type, ['compute', 'image', 'volume', 'network'])}, accepted: compute, and the types that facade.services serves`,
          },
        ],
  );
}

/** A grant that names nothing is a typing mistake, and one in `deny` leaves open what should be shut. */
function checkOperations(patterns: readonly string[], path: Path): Problem[] {
  return patterns.flatMap((pattern, index) => {
    if (OPERATION_NAMES.some((name) => matchesGlob(pattern, name))) return [];
    const near = hint(pattern, OPERATION_NAMES);
    const wrong = isGlob(pattern) ? 'matches no operation' : `is no operation${near}`;
    // All of them are many: whoever has only mistyped one does not want to read them.
    const names = near === '' || isGlob(pattern) ? OPERATION_NAMES.join(', ') : 'the name of one';
    return [
      { path: [...path, String(index)], text: `${wrong}, accepted: ${names}, or a glob such as list*` },
    ];
  });
}

const VERBS = ['ALL', 'GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

function checkLimits({ limits }: ClientSettings, path: Path): Problem[] {
  return limits.flatMap(({ verb, uri }, index): Problem[] => {
    const at = [...path, 'limits', String(index)];
    return [
      ...(VERBS.includes(verb.toUpperCase())
        ? []
        : [{ path: [...at, 'verb'], text: `is no method, accepted: one of ${VERBS.join(', ')}` }]),
      ...(/^[/*]/.test(uri)
        ? []
        : [{ path: [...at, 'uri'], text: 'is no path, accepted: a text that begins with / or *' }]),
    ];
  });
}

function hint(name: string, known: readonly string[]): string {
  const near = nearest(name, known);
  return near === undefined ? '' : ` (did you mean ${near}?)`;
}

/** A key, a password or a certificate of two clients would make one of them the other. */
export function checkSharedKeys(clients: readonly (ClientSettings | undefined)[]): Problem[] {
  const owners = new Map<string, number>();
  return clients.flatMap((client, index) => {
    if (client === undefined) return [];
    const own = [
      ...keysOf(client).map(({ hash }, at) => ({ value: foldHash(hash), path: pathOfKey(client, at) })),
      ...client.certificates.map((rule, at) => ({ value: rule, path: ['certificates', String(at)] })),
    ];
    return own.flatMap(({ value, path }) => {
      const owner = owners.get(value);
      owners.set(value, owner ?? index);
      if (owner === undefined) return [];
      const text =
        owner === index
          ? 'is there twice, accepted: each once'
          : `is that of access.clients.${owner} too, accepted: one of its own for each client`;
      return [{ path: ['access', 'clients', String(index), ...path], text }];
    });
  });
}

const foldHash = (hash: string): string => (hash.startsWith('sha256:') ? hash.toLowerCase() : hash);

function pathOfKey({ keyHash }: ClientSettings, at: number): string[] {
  if (keyHash === null) return ['keys', String(at), 'hash'];
  return at === 0 ? ['keyHash'] : ['keys', String(at - 1), 'hash'];
}
