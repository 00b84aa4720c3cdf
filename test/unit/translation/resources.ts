import fc from 'fast-check';
import type { JsonValue } from '../../../src/json.ts';

// biome-ignore lint/suspicious/noControlCharactersInRegex: what XML 1.0 forbids
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/u;
/** Text as XML 1.0 can carry it; `None` would be null in an answer. */
const isCarried = (text: string) => !FORBIDDEN.test(text) && text !== 'None';
export const text = fc
  .oneof(
    fc.string({ unit: 'binary', maxLength: 12 }),
    fc.string({ maxLength: 12 }),
    fc.constantFrom('a\r\nb', ' x '),
  )
  .filter(isCarried);
const word = fc.stringMatching(/^[a-z][a-zA-Z0-9_-]{0,8}$/);
const integer = fc.integer({ min: -1, max: 1_000_000 });

const link = fc.record({ rel: fc.constantFrom('self', 'bookmark', 'next'), href: fc.webUrl() });
const links = fc.array(link, { minLength: 1, maxLength: 3 });
export const metadata = fc.dictionary(text, text, { maxKeys: 4 });
const reference = fc.record({ id: text, links }, { requiredKeys: ['id'] });
const ip = fc.record(
  {
    version: fc.constantFrom(4, 6),
    addr: fc.ipV4(),
    'OS-EXT-IPS:type': fc.constantFrom('fixed', 'floating'),
  },
  { requiredKeys: ['version', 'addr'] },
);
const fault = fc.record(
  { code: integer, created: text, message: text, details: text },
  { requiredKeys: ['code', 'message'] },
);

/** A member of an extension that nobody has heard of: a scalar, a list of objects, or an object with one level more. */
const extension = fc.tuple(
  fc.tuple(word, word).map(([alias, name]) => `x-${alias}:${name}`),
  fc.oneof(
    text,
    fc.array(fc.dictionary(word, text, { minKeys: 1, maxKeys: 3 }), { minLength: 1, maxLength: 3 }),
    fc.record({ kind: text, inner: fc.dictionary(word, text, { minKeys: 1, maxKeys: 3 }) }),
  ),
);

const withExtensions = (resource: fc.Arbitrary<Record<string, JsonValue>>) =>
  fc
    .tuple(resource, fc.array(extension, { maxLength: 3 }))
    .map(
      ([value, extensions]): Record<string, JsonValue> => ({ ...value, ...Object.fromEntries(extensions) }),
    );

const serverMembers = {
  id: text,
  name: text,
  status: word,
  progress: integer,
  hostId: text,
  user_id: text,
  tenant_id: text,
  accessIPv4: text,
  adminPass: text,
  'OS-DCF:diskConfig': fc.constantFrom('AUTO', 'MANUAL'),
  'OS-EXT-STS:task_state': fc.option(word),
  'OS-EXT-STS:power_state': integer,
  image: reference,
  flavor: reference,
  metadata,
  addresses: fc.dictionary(text, fc.array(ip, { maxLength: 3 }), { maxKeys: 3 }),
  fault,
  links,
  'rax-bandwidth:bandwidth': fc.array(fc.record({ interface: text, bandwidth_inbound: integer }), {
    maxLength: 2,
  }),
};
export const server = withExtensions(
  fc.record(serverMembers, { requiredKeys: ['id', 'metadata'] }) as fc.Arbitrary<Record<string, JsonValue>>,
);

const imageMembers = {
  id: text,
  name: text,
  progress: integer,
  minDisk: integer,
  minRam: integer,
  created: text,
  server: reference,
  metadata,
  fault,
  links,
};
export const image = withExtensions(
  fc.record(imageMembers, { requiredKeys: ['id', 'metadata'] }) as fc.Arbitrary<Record<string, JsonValue>>,
);

const flavorMembers = {
  id: text,
  name: text,
  ram: integer,
  swap: fc.oneof(integer, fc.constant('')),
  rxtx_factor: fc
    .double({ noNaN: true, noDefaultInfinity: true, min: 0, max: 100 })
    .filter((n) => !Object.is(n, -0)),
  'OS-FLV-DISABLED:disabled': fc.boolean(),
  links,
};
export const flavor = withExtensions(
  fc.record(flavorMembers, { requiredKeys: ['id'] }) as fc.Arbitrary<Record<string, JsonValue>>,
);

/** A create request: strings all the way; empty attributes would be dropped. */
const filled = text.filter((value) => value !== '');
export const create = withExtensions(
  fc.record(
    {
      name: filled,
      imageRef: filled,
      flavorRef: filled,
      adminPass: filled,
      'OS-DCF:diskConfig': fc.constantFrom('AUTO', 'MANUAL'),
      metadata,
      personality: fc.array(fc.record({ path: text, contents: fc.base64String({ maxLength: 40 }) }), {
        maxLength: 3,
      }),
      networks: fc.array(fc.record({ uuid: text }), { maxLength: 3 }),
    },
    { requiredKeys: ['name', 'imageRef', 'flavorRef'] },
  ) as fc.Arbitrary<Record<string, JsonValue>>,
).map((value) => {
  for (const key of Object.keys(value)) if (value[key] === '') delete value[key];
  return value;
});
