import fc from 'fast-check';

/** What callers write on one connection: requests of every kind, usual and not, cut anywhere, and what ends the connection. */

/** One request, or what is none. */
export interface Message {
  readonly method: string;
  readonly text: string;
}

const message = (method: string, target: string, fields: readonly string[] = [], body = ''): Message => ({
  method,
  text: `${method} ${target} HTTP/1.1\r\n${['Host: gw', ...fields, '', body].join('\r\n')}`,
});
const sized = (method: string, target: string, body: string, ...fields: string[]): Message =>
  message(method, target, [...fields, `Content-Length: ${Buffer.byteLength(body)}`], body);
const raw = (text: string, method = 'GET'): Message => ({ method, text });

/** One message, and how it is sent. */
export interface Step extends Message {
  /** Not before all before it are answered. */
  readonly waits: boolean;
  /** Where it is cut into pieces, as parts of its length. */
  readonly cuts: readonly number[];
}

/** What a caller writes, and at which of two listeners. */
export interface CallerScript {
  readonly listener: 0 | 1;
  /** The last one ends the connection, one way or the other. */
  readonly steps: readonly Step[];
}

const P = '/dfw/v2/700100';
const hit = `${P}/flavors/detail`;

const paths = [
  ...[
    '/flavors/detail',
    '/flavors/detail.xml',
    '/flavors/2',
    '/images/detail?limit=1',
    '/limits',
    '/extensions',
  ],
  ...[
    '/servers/1',
    '/servers/2.xml',
    '/servers/dropped',
    '/servers/slow',
    '/servers/wrong',
    '/servers/%zz',
    '/servers?x=%31;y',
    '/',
  ],
  ...[
    '/os-held',
    '/os-nothing',
    '/os-failed',
    '/os-streamed',
    '/os-bytes',
    '/os-coded',
    '/os-unknown',
    '/../x',
    '',
  ],
].map((path) => P + path);
const places = [
  '/',
  '/dfw',
  '/dfw/v2/',
  '/v3',
  '/v2.0/tokens/1',
  '/v3/auth/tokens',
  '/all/v2/700100/servers',
];
const others = [
  '/openapi.json',
  '/healthz',
  '/nowhere/v2/1/x',
  `/dfw/v2/1/flavors`,
  `${P}/${'x'.repeat(3_000)}`,
];
const target = fc.constantFrom(...paths, ...paths, ...places, ...others);

/** A login of somebody who is not let in. */
const credentials = (username: string): string =>
  JSON.stringify({ auth: { passwordCredentials: { username, password: 'wrong' } } });
const login = fc.constantFrom(
  sized('POST', '/v2.0/tokens', '{"auth":{}}', 'Content-Type: application/json'),
  sized('POST', '/v2.0/tokens', 'nonsense', 'Content-Type: application/json'),
  sized('POST', '/v3/auth/tokens', '{"auth":{"identity":{"methods":[]}}}', 'Content-Type: application/json'),
  sized('POST', '/v2.0/tokens', '<auth/>', 'Content-Type: application/xml'),
  sized('POST', '/v2.0/tokens', credentials('billing'), 'Content-Type: application/json'),
  sized('POST', '/v2.0/tokens', credentials('nobody'), 'Content-Type: application/json; charset=utf-8'),
  sized(
    'POST',
    '/v2.0/tokens/',
    credentials('nobody'),
    'Content-Type: application/json',
    'Accept: application/xml',
  ),
);
const unusual = fc.constantFrom(
  raw(`\r\nGET ${hit} HTTP/1.1\r\nHost: gw\r\n\r\n`),
  raw(`GET http://gw${hit} HTTP/1.1\r\nHost: gw\r\n\r\n`),
  raw(`GET ${hit} HTTP/1.1\r\n\r\n`),
  raw(`GET ${hit} HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n`),
  raw(`GET ${P}/os-held HTTP/1.1\r\nHost:\r\n\r\n`),
  raw(`GET ${hit}#x HTTP/1.1\r\nHost: gw\r\n\r\n`),
  raw(`GET ${hit}?"<>{} HTTP/1.1\r\nHost: gw\r\n\r\n`),
  message('GET', hit, ['X-A: é']),
  message('GET', hit, ['X-A: b', 'x-a: c']),
  message('GET', hit, [`X-A: ${'b'.repeat(5_000)}`]),
  message(
    'GET',
    hit,
    Array.from({ length: 120 }, (_, at) => `X-${at}: a`),
  ),
  message('GET', hit, ['Expect: 100-continue']),
  message('GET', hit, ['Expect: something']),
  message('GET', hit, ['Content-Length: 0']),
  message('GET', hit, ['TE: trailers']),
);
/** What ends each connection, one way or the other. */
const last = fc.constantFrom(
  ...[hit, `${P}/servers/1`, `${P}/servers/slow`, `${P}/os-streamed`, `${P}/os-held`].map((path) =>
    message('GET', path, ['Connection: close']),
  ),
  raw(`GET ${hit} HTTP/1.0\r\nHost: gw\r\n\r\n`),
  raw('rubbish\r\n\r\n'),
  raw('\u0001'),
  raw(`GET ${hit} HTTP/9.9\r\n\r\n`),
  raw('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'),
  raw('CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n', 'CONNECT'),
  message('POST', `${P}/os-taken`, ['Transfer-Encoding: chunked'], 'no chunk\r\n'),
  message('POST', `${P}/os-taken`, ['Transfer-Encoding: gzip, chunked'], '0\r\n\r\n'),
  sized('POST', `${P}/servers`, 'x'.repeat(2_000_000)),
);

const step = (arbitrary: fc.Arbitrary<Message>): fc.Arbitrary<Step> =>
  fc
    .record({
      message: arbitrary,
      waits: fc.boolean(),
      cuts: fc.oneof(
        { weight: 3, arbitrary: fc.constant([]) },
        { weight: 1, arbitrary: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 2 }) },
      ),
    })
    .map(({ message, ...how }) => ({ ...message, ...how }));

/**
 * Scripts for gateways in front of `/dfw/v2/700100`.
 *
 * @param known a client's key
 * @param unknown nobody's
 */
export function callerScripts(known: string, unknown: string): fc.Arbitrary<CallerScript> {
  const key = `X-Auth-Token: ${known}`;
  const field = fc.constantFrom(
    ...[
      'Accept: application/xml',
      'Accept: image/png',
      'Accept: text/html',
      'Accept-Encoding: gzip, br;q=0.1',
    ],
    ...['If-None-Match: *', 'Cache-Control: no-cache', 'Connection: keep-alive', 'connection: Keep-Alive'],
    ...[
      'X-Forwarded-Proto: https',
      'X-Forwarded-Host: sluice.example',
      'X-Forwarded-For: 10.1.2.3, 127.0.0.1',
    ],
    ...[`Authorization: Bearer ${known}`, `X-Auth-Token: ${unknown}`, 'X-Region: ORD', 'X-A:  \t b \t'],
    ...[
      '__proto__: a',
      'constructor: b',
      'Set-Cookie: a=b',
      'Cookie: a=b',
      'X-OpenStack-Nova-API-Version: 2.1',
    ],
    ...[
      'traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      'X-Sluice-Client: other',
      'Range: bytes=0-1',
    ],
  );
  const fields = fc.array(field, { maxLength: 3 }).chain((some) => fc.constantFrom([...some, key], some));

  /** What the fast path takes, for the most part. */
  const get = fc.tuple(target, fields).map(([path, some]) => message('GET', path, some));
  const ordinary = fc
    .tuple(fc.constantFrom('HEAD', 'HEAD', 'OPTIONS', 'DELETE', 'TRACE', 'REPORT'), target, fields)
    .map(([method, path, some]) => message(method, path, some));
  const withBody = fc
    .tuple(fc.constantFrom('POST', 'PUT', 'GET'), fc.constantFrom(`${P}/os-taken`, `${P}/servers/1`), fields)
    .chain(([method, path, some]) =>
      fc.constantFrom(
        sized(method, path, '{"server":{}}', 'Content-Type: application/json', ...some),
        sized(method, path, '', ...some),
        message(method, path, [...some, 'Transfer-Encoding: chunked'], '5\r\nhello\r\n0\r\n\r\n'),
        sized(method, path, 'x'.repeat(70_000), 'Content-Type: text/plain', ...some),
      ),
    );
  const anything = fc.oneof(
    { weight: 8, arbitrary: get },
    { weight: 2, arbitrary: ordinary },
    { weight: 1, arbitrary: withBody },
    { weight: 1, arbitrary: login },
    { weight: 1, arbitrary: unusual },
  );
  return fc
    .tuple(fc.constantFrom(0 as const, 1 as const), fc.array(step(anything), { maxLength: 8 }), step(last))
    .map(([listener, steps, end]) => ({ listener, steps: [...steps, end] }));
}
