import { type Static, Type } from '@sinclair/typebox';

const seconds = (value: number, description: string) =>
  Type.Number({ minimum: 0, maximum: 31_536_000, default: value, description: `${description} (seconds)` });

const classSchema = (what: string, ttl: number, staleWhileRevalidate: number, staleIfError: number) =>
  Type.Object(
    {
      ttl: seconds(ttl, `How long ${what} are served without asking the upstream`),
      staleWhileRevalidate: seconds(
        staleWhileRevalidate,
        'How long after that the old answer is still served while one request refreshes it',
      ),
      staleIfError: seconds(
        staleIfError,
        'How long after that the old answer is still served when the upstream fails',
      ),
    },
    { additionalProperties: false, default: {}, description: `Freshness of ${what}` },
  );

const CacheClassSchema = Type.Union([
  Type.Literal('flavors'),
  Type.Literal('images'),
  Type.Literal('extensions'),
  Type.Literal('versions'),
]);

/** `cache` of the configuration. Every TTL is in seconds, sizes are in bytes. */
export const CacheSchema = Type.Object(
  {
    enabled: Type.Boolean({ default: true, description: 'false: every request goes to the upstream' }),
    maxBytes: Type.Integer({
      minimum: 65_536,
      default: 67_108_864,
      description: 'Most memory the cache of one process may hold, rendered answers included (bytes)',
    }),
    flavors: classSchema('flavors', 3600, 86_400, 86_400),
    images: classSchema('images', 300, 3600, 86_400),
    extensions: classSchema('extensions', 3600, 86_400, 86_400),
    versions: classSchema('version documents', 3600, 86_400, 86_400),
    extraSpecs: classSchema('extra specs of flavors', 3600, 86_400, 86_400),
    availabilityZones: classSchema('availability zones', 300, 3600, 86_400),
    glanceImages: classSchema('images of the image service', 60, 300, 86_400),
    imageSchemas: classSchema('schemas of the image service', 86_400, 604_800, 604_800),
    networks: classSchema('networks', 30, 60, 3600),
    subnets: classSchema('subnets', 30, 60, 3600),
    securityGroups: classSchema('security groups', 30, 60, 3600),
    notFound: Type.Object(
      { ttl: seconds(10, 'How long "there is no such item" is remembered') },
      { additionalProperties: false, default: {}, description: 'Items that do not exist' },
    ),
    derive: Type.Object(
      {
        flavors: Type.Boolean({
          default: true,
          description: 'A fresh /flavors/detail also answers lists, pages, filters and items of flavors',
        }),
        images: Type.Boolean({
          default: false,
          description: 'A fresh /images/detail also answers lists, pages, filters and items of images',
        }),
      },
      {
        additionalProperties: false,
        default: {},
        description: 'Classes whose complete detail list answers what can be computed from it exactly',
      },
    ),
    warm: Type.Array(CacheClassSchema, {
      uniqueItems: true,
      default: [],
      description: 'Classes fetched for every region at start, at lowest priority',
    }),
  },
  { additionalProperties: false, default: {}, description: 'The cache of flavors, images and their like' },
);

export type CacheSettings = Static<typeof CacheSchema>;
