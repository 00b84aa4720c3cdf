import { readCredential } from '../../../src/access/credentials.ts';
import { parseForwarded } from '../../../src/access/forwarded.ts';
import { issueToken, verifyToken } from '../../../src/access/token.ts';
import { createTokenKeyRing, randomTokenKey } from '../../../src/access/token-keys.ts';
import { parseDirectives } from '../../../src/cache/directives.ts';
import { chooseEncoding, isNotModified } from '../../../src/cache/http.ts';
import { requestFormat, responseFormat } from '../../../src/translation/negotiate.ts';
import type { FuzzTarget } from '../target.ts';
import { bent, mutated } from '../text.ts';

const PIECES = [
  ...[
    'application/json',
    'application/xml',
    ';',
    'q=',
    '0.5',
    '1.0001',
    ',',
    '*/*',
    '*',
    '"',
    'W/"',
    'gzip',
    'br',
    'identity',
    'no-cache',
    'max-age=',
  ],
  ...[
    '99999999999999999999',
    'for=',
    '1.2.3.4',
    '[::1]',
    ':80',
    '\\',
    'host=',
    'proto=https',
    'Bearer ',
    ' ',
    '\t',
    'charset=utf-8',
    'text/',
    '=',
  ],
];

/** Header fields that mean something: any text is read, or ignored. */
export const fields: FuzzTarget<string> = {
  name: 'header fields',
  arbitrary: bent(PIECES).map((text) => text.slice(0, 32_768)),
  check(text) {
    const quality = responseFormat(text, undefined);
    if (quality !== undefined && quality !== 'json' && quality !== 'xml')
      throw new Error('it chose another format');
    requestFormat(text);
    parseDirectives(text);
    isNotModified(text, '"a"');
    chooseEncoding(text, 5_000);
    parseForwarded(text);
    readCredential({ authorization: text, 'x-auth-token': text });
  },
};

const ring = createTokenKeyRing([], randomTokenKey());
const NOW = Date.UTC(2026, 0, 1);
const issued = issueToken(ring, { client: 'a', tenantId: '1', username: 'u' }, NOW);

/** Tokens of callers: only what was issued is good. */
export const tokens: FuzzTarget<string> = {
  name: 'tokens of callers',
  arbitrary: mutated(Buffer.from(issued.id)).map((bytes) => bytes.toString('latin1')),
  check(text) {
    if (verifyToken(ring, text, NOW).kind === 'valid' && text !== issued.id)
      throw new Error('it took a token that nobody issued');
  },
};
