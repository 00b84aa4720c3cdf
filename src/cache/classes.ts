import { operationNamed } from '../operations/match.ts';
import type { CacheClass, DocumentName, Invalidation, Operation } from '../operations/operation.ts';
import { atLeast, createdFrom, type Filter, hasImageType, isNamed, isSteady } from './derive/filters.ts';
import type { CacheSettings } from './settings.ts';

/**
 * What is cached: one row per class of answers. Keys, freshness, computed answers and invalidation read the rows; nothing
 * else in the code knows what a class is. The operations table names the class of an operation's answer, and the class has
 * its freshness in the configuration under its own name.
 */
export interface CachedClass {
  /** The type of the catalog's service whose operations read and change it. */
  readonly service: string;
  /**
   * Writes that are no operations and change the same things in ways of their own: nobody says what such a write touches,
   * so it ends the whole class in its account and region.
   */
  readonly alsoChangedThrough: readonly OtherWay[];
  /** What an operation's `invalidates` ends here: lists, or the item that `subject` names. */
  readonly endedBy: Partial<Record<Invalidation, 'lists' | 'item'>>;
  /** The path parameter of a write that names the item. */
  readonly subject: string | undefined;
  /** Query parameters of its lists, in the order in which keys name them. */
  readonly parameters: readonly string[];
  /** Parameters that say what holds anyway, `name=value`: they are left out of keys and upstream requests. */
  readonly neutral: ReadonlySet<string>;
  /** The `status` of an item that does not change by itself; undefined where items have no status. */
  readonly steadyStatus: string | undefined;
  /** How its operations hang together; undefined: nothing is computed from its lists. */
  readonly family: Family | undefined;
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
  family: undefined,
};

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
    alsoChangedThrough: [
      { services: ['image'] },
      // Cinder's os-volume_upload_image makes an image; its body, which says so, is not read.
      { services: ['volume', 'block-storage', 'block-store'], changes: isVolumeAction },
      { services: ['compute'], changes: (segments) => segments[0] === 'images' || isVolumeAction(segments) },
    ],
    endedBy: { imageLists: 'lists', image: 'item' },
    subject: 'image_id',
    parameters: ['server', 'name', 'status', 'changes-since', 'type', 'limit', 'marker'],
    neutral: new Set(),
    steadyStatus: 'ACTIVE',
    family: family({ detail: 'listImagesDetail', list: 'listImages', item: 'getImage' }, 'images', {
      name: isNamed,
      status: isSteady('ACTIVE'),
      type: hasImageType,
      server: createdFrom,
    }),
  },
  extensions: CONSTANT,
  versions: CONSTANT,
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
 * @param type the service's type, as `canonicalServiceType` has it; `compute` for Compute's own paths
 * @param path below the service or the tenant, in any spelling
 */
export function classesChangedThrough(type: string, path: string): CacheClass[] {
  const segments = decoded(path)
    .split('/')
    .filter((segment) => segment !== '');
  const isChanging = ({ services, changes }: OtherWay) =>
    services.includes(type) && (changes === undefined || changes(segments));
  return CLASS_NAMES.filter((name) => CLASSES[name].alsoChangedThrough.some(isChanging));
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
