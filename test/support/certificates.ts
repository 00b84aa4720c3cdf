import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

/** A certificate and its key, PEM, made in the process: tests need no tool and no file that expires. */
export interface TestCertificate {
  readonly cert: string;
  readonly key: string;
  readonly name: string;
  readonly privateKey: KeyObject;
}

/** DER: a tag, a length, contents. */
function der(tag: number, ...contents: readonly Buffer[]): Buffer {
  const body = Buffer.concat(contents);
  if (body.length < 128) return Buffer.concat([Buffer.from([tag, body.length]), body]);
  const bytes: number[] = [];
  for (let rest = body.length; rest > 0; rest >>= 8) bytes.unshift(rest & 0xff);
  return Buffer.concat([Buffer.from([tag, 0x80 | bytes.length, ...bytes]), body]);
}

const sequence = (...contents: readonly Buffer[]) => der(0x30, ...contents);
const oid = (...bytes: readonly number[]) => der(0x06, Buffer.from(bytes));
const utf8 = (text: string) => der(0x0c, Buffer.from(text));
const bool = (value: boolean) => der(0x01, Buffer.from([value ? 0xff : 0]));
const time = (ms: number) =>
  der(0x18, Buffer.from(`${new Date(ms).toISOString().replace(/[-:T]|\.\d+/g, '')}`));

const ECDSA_WITH_SHA256 = sequence(oid(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02));
const COMMON_NAME = oid(0x55, 0x04, 0x03);
const ALTERNATIVE_NAMES = oid(0x55, 0x1d, 0x11);
const BASIC_CONSTRAINTS = oid(0x55, 0x1d, 0x13);
const NAME_TAGS = { DNS: 0x82, EMAIL: 0x81, URI: 0x86, IP: 0x87 } as const;

const nameOf = (...common: readonly string[]) =>
  sequence(...common.map((text) => der(0x31, sequence(COMMON_NAME, utf8(text)))));

function alternativeName(text: string): Buffer {
  const [kind, value] = [text.slice(0, text.indexOf(':')), text.slice(text.indexOf(':') + 1)];
  const bytes = kind === 'IP' ? Buffer.from(value.split('.').map(Number)) : Buffer.from(value);
  return der(NAME_TAGS[kind as keyof typeof NAME_TAGS], bytes);
}

let serial = 1;

/**
 * Makes a certificate.
 *
 * @param options `names`: alternative names, `DNS:a.example`; `issuer`: who signs it, itself when left out
 */
export function makeCertificate(
  options: {
    name?: string | readonly string[];
    names?: readonly string[];
    issuer?: TestCertificate;
    validFromMs?: number;
    validToMs?: number;
  } = {},
): TestCertificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const common = [options.name ?? 'test'].flat();
  const { issuer, names = [] } = options;
  const extensions = [
    ...(issuer === undefined
      ? [sequence(BASIC_CONSTRAINTS, bool(true), der(0x04, sequence(bool(true))))]
      : []),
    ...(names.length === 0
      ? []
      : [sequence(ALTERNATIVE_NAMES, der(0x04, sequence(...names.map(alternativeName))))]),
  ];
  const tbs = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([++serial & 0x7f, 1])),
    ECDSA_WITH_SHA256,
    nameOf(issuer?.name ?? common[0]!),
    sequence(
      time(options.validFromMs ?? Date.now() - 86_400_000),
      time(options.validToMs ?? Date.now() + 86_400_000),
    ),
    nameOf(...common),
    publicKey.export({ type: 'spki', format: 'der' }),
    ...(extensions.length === 0 ? [] : [der(0xa3, sequence(...extensions))]),
  );
  const signature = sign('sha256', tbs, issuer?.privateKey ?? privateKey);
  const bytes = sequence(tbs, ECDSA_WITH_SHA256, der(0x03, Buffer.from([0]), signature));
  const lines = bytes.toString('base64').match(/.{1,64}/g)!;
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`,
    key: String(privateKey.export({ type: 'pkcs8', format: 'pem' })),
    name: common[0]!,
    privateKey,
  };
}
