/** Which client a TLS client certificate stands for: by its subject's common name or one of its alternative names. Pure. */
import type { ClientRegistry, KnownClient } from './clients.ts';

/** The part of Node's certificate that names its holder. */
export interface NamedCertificate {
  readonly subject?: { readonly CN?: string | string[] | undefined } | undefined;
  /** `DNS:a.example, IP Address:10.0.0.1`; values that could be mistaken for more are JSON strings. */
  readonly subjectaltname?: string | undefined;
}

/** Node's words for the kinds of names, and those of the configuration. */
const KINDS: Readonly<Record<string, string>> = {
  DNS: 'DNS',
  'IP Address': 'IP',
  URI: 'URI',
  email: 'EMAIL',
};

const RULE = /^(?:CN=.+|(?:DNS|URI|EMAIL|IP):.+)$/;

/** Why a text is no rule for certificates; undefined when it is one. */
export function certificateRuleProblem(rule: string): string | undefined {
  return RULE.test(rule) ? undefined : 'is no name of a certificate';
}

/**
 * The names that a certificate bears, in the words of the configuration: `CN=billing`, `DNS:billing.internal`. A subject
 * with several common names has none: it is not said which of them counts.
 */
export function certificateNames({ subject, subjectaltname }: NamedCertificate): string[] {
  const common = subject?.CN;
  const names = typeof common === 'string' ? [`CN=${common}`] : [];
  return [...names, ...alternativeNames(subjectaltname ?? '')].map(plainName);
}

/** Host names and addresses have no case; everything else has. */
function plainName(name: string): string {
  return /^(?:DNS|IP):/.test(name)
    ? name.slice(0, name.indexOf(':')) + name.slice(name.indexOf(':')).toLowerCase()
    : name;
}

/** Splits what Node makes of the extension, in which a name with a comma or a quote in it is a JSON string. */
function alternativeNames(text: string): string[] {
  const names: string[] = [];
  const entry = /([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^",]*)(?:, |$)/y;
  while (entry.lastIndex < text.length) {
    const found = entry.exec(text);
    // Whatever cannot be read to its end is not believed at all.
    if (found === null) return [];
    const kind = KINDS[found[1]!];
    const value = found[2]!.startsWith('"') ? unquoted(found[2]!) : found[2]!;
    if (kind !== undefined && value !== undefined) names.push(`${kind}:${value}`);
  }
  return names;
}

function unquoted(text: string): string | undefined {
  try {
    return String(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** The client that a verified certificate stands for; undefined for none, and for one that stands for several. */
export function clientOfCertificate(
  certificate: NamedCertificate,
  registry: ClientRegistry,
): KnownClient | undefined {
  const names = new Set(certificateNames(certificate));
  const meant = registry.all.filter(({ certificates }) =>
    certificates.some((rule) => names.has(plainName(rule))),
  );
  return meant.length === 1 ? meant[0] : undefined;
}
