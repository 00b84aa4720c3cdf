import { operationNamed } from '../operations/match.ts';
import type { CacheClass, DocumentName, Invalidation, Operation, Service } from '../operations/operation.ts';
import { canonicalServiceType } from '../operations/service-type.ts';
import { atLeast, createdFrom, type Filter, hasImageType, isNamed, isSteady } from './derive/filters.ts';
import type { CacheSettings } from './settings.ts';

/**
 * What is cached: one row per class of answers. Keys, freshness, computed answers and invalidation read the rows; nothing
 * else in the code knows what a class is. The operations table names the class of an operation's answer, and the class has
 * its freshness in the configuration under its own name.
 */
export interface CachedClass {
  /** The service whose operations read and change it. */
  readonly service: Service;
  /**
   * Writes that are no operations and change the same things in ways of their own: nobody says what such a write touches,
   * so it ends the whole class in its account and region.
   */
  readonly alsoChangedThrough: readonly OtherWay[];
  /** What an operation's `invalidates` ends here: lists, the item that `subject` names, or all of it. */
  readonly endedBy: Partial<Record<Invalidation, 'lists' | 'item' | 'all'>>;
  /** The path parameter of a write that names the item. */
  readonly subject: string | undefined;
  /** Query parameters of its lists, in the order in which keys name them. */
  readonly parameters: readonly string[];
  /** Parameters that say what holds anyway, `name=value`: they are left out of keys and upstream requests. */
  readonly neutral: ReadonlySet<string>;
  /** The `status` of an item that does not change by itself; undefined where items have none that matters. */
  readonly steadyStatus: string | undefined;
  /** Where items with a status stand. */
  readonly statusIn: StatusPlace | undefined;
  /** How its operations hang together; undefined: nothing is computed from its lists. */
  readonly family: Family | undefined;
}

/** Where the status of items is read. */
export interface StatusPlace {
  /** The array of a list. */
  readonly list: string;
  /** The member of an item's document that is the item; undefined: the document itself. */
  readonly item: string | undefined;
  /** The member that says when an item last changed: a list does not wait for one that has not done so of late. */
  readonly changedAt?: string;
}

/** Writes to a service of the catalog that change what Compute's operations show. */
export interface OtherWay {
  /** Types of the service, without their version. */
  readonly services: readonly string[];
  /** Which of its writes, by the segments of their decoded path; left out, all of them. */
  readonly changes?: (segments: readonly string[]) => boolean;
}

/** A detail list and what a complete one also answers. */
export interface Family {
  /** The operation whose answer the others are computed from. */
  readonly detail: Operation;
  readonly list: Operation;
  readonly item: Operation;
  /** The name of the list's array. */
  readonly collection: DocumentName & string;
  /** The switch in the configuration. */
  readonly derive: keyof CacheSettings['derive'];
  /** How a query parameter picks members; `limit` and `marker` cut pages of any list. */
  readonly filters: Readonly<Record<string, Filter>>;
}

function family(
  operations: { detail: string; list: string; item: string },
  derive: Family['derive'],
  filters: Family['filters'],
): Family {
  const list = operationNamed(operations.list);
  return {
    detail: operationNamed(operations.detail),
    list,
    item: operationNamed(operations.item),
    collection: list.response!,
    derive,
    filters,
  };
}

/** A class that is read whole and that nothing in the API changes. */
const CONSTANT: CachedClass = {
  service: 'compute',
  alsoChangedThrough: [],
  endedBy: {},
  subject: undefined,
  parameters: [],
  neutral: new Set(),
  steadyStatus: undefined,
  statusIn: undefined,
  family: undefined,
};

/** Writes that make, change or end images in other ways than by Compute's rows or those of the image service. */
const OF_IMAGES: readonly OtherWay[] = [
  { services: ['image'] },
  // Cinder's os-volume_upload_image makes an image; its body, which says so, is not read.
  { services: ['volume', 'block-storage', 'block-store'], changes: isVolumeAction },
  { services: ['compute'], changes: (segments) => segments[0] === 'images' || isVolumeAction(segments) },
];

/** Whoever manages flavors does so below their paths. */
const OF_FLAVORS: readonly OtherWay[] = [
  { services: ['compute'], changes: ([first]) => first === 'flavors' },
];

/** What of Networking is cached, which old clients change by way of Compute, too. */
const networking = (name: 'networks' | 'subnets' | 'securityGroups', proxied: RegExp): CachedClass => ({
  ...CONSTANT,
  service: 'network',
  alsoChangedThrough: [
    { services: ['network'] },
    { services: ['compute'], changes: ([first = '']) => proxied.test(first) },
  ],
  endedBy: { [name]: 'all' },
});

/** The rows. Parameters are those of sections 2.5.1, 2.6.1 and 1.6 of the guide. */
export const CLASSES: Readonly<Record<CacheClass, CachedClass>> = {
  flavors: {
    ...CONSTANT,
    alsoChangedThrough: OF_FLAVORS,
    parameters: ['minDisk', 'minRam', 'limit', 'marker'],
    // A flavor has at least nothing.
    neutral: new Set(['minDisk=0', 'minRam=0']),
    family: family({ detail: 'listFlavorsDetail', list: 'listFlavors', item: 'getFlavor' }, 'flavors', {
      minRam: atLeast('ram'),
      minDisk: atLeast('disk'),
    }),
  },
  images: {
    service: 'compute',
    alsoChangedThrough: OF_IMAGES,
    endedBy: { imageLists: 'lists', image: 'item' },
    subject: 'image_id',
    parameters: ['server', 'name', 'status', 'changes-since', 'type', 'limit', 'marker'],
    neutral: new Set(),
    steadyStatus: 'ACTIVE',
    statusIn: { list: 'images', item: 'image' },
    family: family({ detail: 'listImagesDetail', list: 'listImages', item: 'getImage' }, 'images', {
      name: isNamed,
      status: isSteady('ACTIVE'),
      type: hasImageType,
      server: createdFrom,
    }),
  },
  extensions: CONSTANT,
  versions: CONSTANT,
  extraSpecs: { ...CONSTANT, alsoChangedThrough: OF_FLAVORS, subject: 'flavor_id' },
  availabilityZones: {
    ...CONSTANT,
    alsoChangedThrough: [{ services: ['compute'], changes: ([first]) => first === 'os-aggregates' }],
  },
  glanceImages: {
    ...CONSTANT,
    service: 'image',
    alsoChangedThrough: OF_IMAGES,
    endedBy: { imageLists: 'lists', image: 'item' },
    subject: 'image_id',
    steadyStatus: 'active',
    statusIn: { list: 'images', item: undefined, changedAt: 'updated_at' },
  },
  imageSchemas: { ...CONSTANT, service: 'image' },
  networks: networking('networks', /^os-(?:tenant-)?networks/),
  subnets: networking('subnets', /^os-(?:tenant-)?networks/),
  securityGroups: networking('securityGroups', /^os-security-group/),
};

/** The names of all classes. */
export const CLASS_NAMES = Object.keys(CLASSES) as CacheClass[];

/** The family of an operation that a detail list may answer; undefined for all others. */
export function familyOf(operation: Operation): Family | undefined {
  const { cache } = operation;
  const found = cache === null ? undefined : CLASSES[cache].family;
  if (!found) return undefined;
  const { detail, list, item } = found;
  return operation === detail || operation === list || operation === item ? found : undefined;
}

/**
 * The classes that a write ends which is no operation.
 *
 * @param serviceType as the catalog spells it; `compute` for Compute's own paths
 * @param path below the service or the tenant, in any spelling
 */
export function classesChangedThrough(serviceType: string, path: string): CacheClass[] {
  const type = canonicalServiceType(serviceType);
  const segments = decoded(path)
    .split('/')
    .filter((segment) => segment !== '');
  const isChanging = ({ services, changes }: OtherWay) =>
    services.includes(type) && (changes === undefined || changes(segments));
  return CLASS_NAMES.filter((name) => CLASSES[name].alsoChangedThrough.some(isChanging));
}

/** The services beside Compute that keep what any of these classes holds. */
export function servicesBehind(names: Iterable<CacheClass>): Set<string> {
  const behind = new Set<string>();
  for (const name of names)
    for (const { services, changes } of CLASSES[name].alsoChangedThrough)
      if (changes === undefined) for (const one of services) behind.add(one);
  return behind;
}

/** `…/volumes/{id}/action`, of Cinder, and of the extension os-volumes. */
function isVolumeAction(segments: readonly string[]): boolean {
  return segments.at(-1) === 'action' && /^(?:os-)?volumes$/.test(segments.at(-3) ?? '');
}

/** What is broken is no spelling of anything. */
function decoded(path: string): string {
  try {
    return decodeURIComponent(path.split('?', 1)[0]!);
  } catch {
    return path;
  }
}
