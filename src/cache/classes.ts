import { operationNamed } from '../operations/match.ts';
import type { CacheClass, DocumentName, Invalidation, Operation, Service } from '../operations/operation.ts';
import { SERVICE_OPERATIONS } from '../operations/services.ts';
import { OPERATIONS } from '../operations/table.ts';
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
   * Other services that change the same things in ways of their own. A write there that no row says anything of ends the
   * whole class in its account and region, as one to `service` itself does.
   */
  readonly alsoChangedThrough: readonly Service[];
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
  /** Where items with a status stand: the array of a list, and the member of an item's document, if not the document itself. */
  readonly statusIn: { readonly list: string; readonly item: string | undefined } | undefined;
  /** How its operations hang together; undefined: nothing is computed from its lists. */
  readonly family: Family | undefined;
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

/** What of Networking is cached: others may change it, by their own servers too. */
const OF_NETWORK: CachedClass = { ...CONSTANT, service: 'network', alsoChangedThrough: ['compute'] };

/** The rows. Parameters are those of sections 2.5.1, 2.6.1 and 1.6 of the guide. */
export const CLASSES: Readonly<Record<CacheClass, CachedClass>> = {
  flavors: {
    ...CONSTANT,
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
    alsoChangedThrough: ['image'],
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
  extraSpecs: { ...CONSTANT, subject: 'flavor_id' },
  availabilityZones: { ...CONSTANT, alsoChangedThrough: ['compute'] },
  glanceImages: {
    ...CONSTANT,
    service: 'image',
    endedBy: { imageLists: 'lists', image: 'item' },
    subject: 'image_id',
    steadyStatus: 'active',
    statusIn: { list: 'images', item: undefined },
  },
  imageSchemas: { ...CONSTANT, service: 'image' },
  networks: { ...OF_NETWORK, endedBy: { networks: 'all' } },
  subnets: { ...OF_NETWORK, endedBy: { subnets: 'all' } },
  securityGroups: { ...OF_NETWORK, endedBy: { securityGroups: 'all' } },
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

/** Classes whose operations have a path below this first segment. */
const CLASSES_BELOW = classesBelow();

function classesBelow(): ReadonlyMap<string, ReadonlySet<CacheClass>> {
  const below = new Map<string, Set<CacheClass>>();
  for (const { service, scope, path, cache } of [...OPERATIONS, ...SERVICE_OPERATIONS]) {
    if (cache === null || scope !== 'tenant') continue;
    const key = `${service}${firstOf(path)}`;
    below.set(key, (below.get(key) ?? new Set()).add(cache));
  }
  return below;
}

/** `/flavors` of `/flavors/1/action`. */
function firstOf(path: string): string {
  const end = path.indexOf('/', 1);
  return end < 0 ? path : path.slice(0, end);
}

/**
 * The classes that a write ends of which no row says what it touches: those that are changed in ways of their own through its
 * service, and at Compute those that are read below the same first segment.
 *
 * @param path below the tenant, at Compute
 */
export function classesChangedThrough(service: Service, path = ''): CacheClass[] {
  const below = CLASSES_BELOW.get(`${service}${firstOf(path)}`);
  return CLASS_NAMES.filter((name) => {
    const { service: own, alsoChangedThrough } = CLASSES[name];
    if (below?.has(name) || alsoChangedThrough.includes(service)) return true;
    return own === service && service !== 'compute';
  });
}

/** The services beside Compute that show, or keep, what any of these classes holds. */
export function servicesBehind(names: Iterable<CacheClass>): Set<Service> {
  const services = new Set<Service>();
  for (const name of names) {
    const { service, alsoChangedThrough } = CLASSES[name];
    for (const one of [service, ...alsoChangedThrough]) if (one !== 'compute') services.add(one);
  }
  return services;
}
