import { Type } from '@sinclair/typebox';
import { listenerAccessKeys } from '../access/settings.ts';
import { Milliseconds, Port } from '../settings/kinds.ts';

const closed = { additionalProperties: false } as const;

/** A region as a catalog may call it: `DFW`, `RegionOne`, `eu-west.2`. A comma, blank or slash is a list or URL astray. */
export const RegionName = Type.String({
  pattern: '^[A-Za-z0-9][^\\s,/]*$',
  form: 'text such as DFW, without blanks, commas and slashes',
});

/** What callers connect to, and how patient Sluice is with their connections. */
export const ListenSchema = Type.Object(
  {
    host: Type.String({
      minLength: 1,
      default: '127.0.0.1',
      description: 'Address callers connect to. `0.0.0.0` is every interface.',
    }),
    port: Port(8080, 'Port callers connect to. 0 picks a free one.'),
    regions: Type.Record(RegionName, Port(0, 'Port of the region.'), {
      ...closed,
      default: {},
      description:
        'Further ports that serve one region each at their root, such as `{ DFW: 8082 }`, for clients that cannot have a path in their base URL.',
    }),
    maxTargetBytes: Type.Integer({
      minimum: 1024,
      maximum: 24_576,
      default: 8192,
      description:
        'Longest path and query of a request together, in bytes; a longer one is refused with 414.',
    }),
    headersTimeoutMs: Milliseconds(
      20_000,
      'How long the head of a request may take, from the connection’s first moment or the head’s first byte, in ms; then 408.',
      { minimum: 1 },
    ),
    bodyTimeoutMs: Milliseconds(
      30_000,
      'How long each 16 KiB of a request’s body may take while Sluice waits for them, in ms; then 408.',
      { minimum: 1 },
    ),
    writeTimeoutMs: Milliseconds(
      30_000,
      'How long a caller may take to read each 16 KiB of an answer, in ms; then the connection is cut.',
      { minimum: 1 },
    ),
    keepAliveTimeoutMs: Milliseconds(
      75_000,
      'How long a connection without a request is kept, in ms; best longer than the 60 s of common load balancers.',
      { minimum: 1 },
    ),
    connectionTtlMs: Milliseconds(
      3_600_000,
      'Longest life of a connection, in ms: the first answer after it (up to a fifth earlier, by chance) says `Connection: close`. 0: any.',
    ),
    fastPath: Type.Boolean({
      default: true,
      description:
        'Whether plain GETs on kept-alive connections are answered without Node’s own parser, hits (and logins that are refused) from the bytes that came in; `false`: all requests go through it.',
    }),
    ...listenerAccessKeys,
  },
  closed,
);
