import { EXTENSIONS, type Extension } from '../operations/resources/extensions.ts';
import type { NamespaceName } from '../operations/resources/shape.ts';
import { decodeName, encodeName } from './xml-name.ts';

/** Default namespaces of documents. Compute is v1.1 although the API is v2. */
export const NAMESPACE_URIS: Readonly<Record<NamespaceName, string>> = {
  compute: 'http://docs.openstack.org/compute/api/v1.1',
  common: 'http://docs.openstack.org/common/api/v1.0',
  identity: 'http://docs.openstack.org/identity/api/v2.0',
  none: '',
};

/** Where the members of an alias live that the extensions table does not know. */
const UNKNOWN_URI = 'urn:sluice:extension:';

/** A namespace that is written with a prefix. */
export interface Prefixed {
  readonly prefix: string;
  readonly uri: string;
  /** Position among the known ones; -1 for an alias that no table knows. */
  readonly index: number;
  /** The known namespace before this one that has the same URI: a name must not appear in both. */
  readonly twin: Prefixed | undefined;
  readonly extension: Extension | undefined;
}

const prefixed = (extension: Extension, index: number, before: Prefixed[]): Prefixed => ({
  prefix: extension.alias,
  uri: extension.namespace,
  index,
  twin: before.find((other) => other.uri === extension.namespace),
  extension,
});

/** Every known prefixed namespace; links first. */
export const PREFIXED: readonly Prefixed[] = [
  { prefix: 'atom', uri: 'http://www.w3.org/2005/Atom', index: 0, twin: undefined, extension: undefined },
  ...EXTENSIONS.reduce<Prefixed[]>((known, extension, index) => {
    known.push(prefixed(extension, index + 1, known));
    return known;
  }, []),
];

/** The namespace of links. */
export const ATOM = PREFIXED[0]!;

const byPrefix = new Map(PREFIXED.map((namespace) => [namespace.prefix, namespace]));
const byUri = new Map<string, Prefixed[]>();
for (const namespace of PREFIXED)
  for (const uri of [namespace.uri, ...(namespace.extension?.alsoRead ?? [])])
    byUri.set(uri, [...(byUri.get(uri) ?? []), namespace]);

const core = new Set(Object.values(NAMESPACE_URIS));

/** Whether a URI is one of the extensions table, or stands for an alias that no table knows. */
export function isExtensionUri(uri: string): boolean {
  return byUri.has(uri) || uri.startsWith(UNKNOWN_URI);
}

/** The namespace that JSON's `ALIAS:` stands for; an unknown alias gets one of its own. */
export function namespaceOfAlias(alias: string): Prefixed {
  const known = byPrefix.get(alias);
  if (known) return known;
  const prefix = encodeName(alias);
  const uri = UNKNOWN_URI + encodeURIComponent(prefix);
  return { prefix, uri, index: -1, twin: undefined, extension: undefined };
}

/** The URI a prefix stands for when a document forgets to declare it, as the guide's own examples do. */
export function uriOfUndeclaredPrefix(prefix: string): string | undefined {
  return byPrefix.get(prefix)?.uri;
}

/**
 * The alias of a name in XML; undefined for a core name, whose JSON key has none. The namespace decides, whatever prefix
 * stands for it. Two extensions may share a URI: then the one that owns the local name, else the one of that prefix, else
 * the first. A namespace that no table knows goes by its prefix, which by convention is the alias; one under the prefix of
 * a known extension is not that extension, and goes by its URI.
 */
export function aliasOf(uri: string, local: string, prefix: string): string | undefined {
  if (core.has(uri)) return undefined;
  const known = byUri.get(uri);
  if (known?.length === 1) return known[0]!.prefix;
  if (known) return preferred(known, local, prefix).prefix;
  if (uri.startsWith(UNKNOWN_URI)) return decodeAlias(uri.slice(UNKNOWN_URI.length), prefix);
  if (prefix === '') return undefined;
  return byPrefix.has(prefix) ? uri : decodeName(prefix);
}

function preferred(known: readonly Prefixed[], local: string, prefix: string): Prefixed {
  return (
    known.find((namespace) => namespace.extension?.owns?.includes(local)) ??
    known.find((namespace) => namespace.prefix === prefix) ??
    known[0]!
  );
}

function decodeAlias(encoded: string, prefix: string): string | undefined {
  try {
    return decodeName(decodeURIComponent(encoded));
  } catch {
    return prefix === '' ? undefined : decodeName(prefix);
  }
}
