/** The services that operations belong to, by the name that OpenStack's service types authority has for them. */
export type Service = 'compute' | 'image' | 'network' | 'block-storage' | 'identity';

/** Classes of what may be cached; each has its own TTLs in `cache.*` of the configuration. */
export type CacheClass =
  | 'flavors'
  | 'images'
  | 'extensions'
  | 'versions'
  | 'extraSpecs'
  | 'availabilityZones'
  | 'glanceImages'
  | 'imageSchemas'
  | 'networks'
  | 'subnets'
  | 'securityGroups';

/** The resource an operation is about (a metric label, a cache scope). */
export type Resource =
  | 'versions'
  | 'limits'
  | 'extensions'
  | 'servers'
  | 'addresses'
  | 'volumeAttachments'
  | 'flavors'
  | 'images'
  | 'serverMetadata'
  | 'imageMetadata'
  | 'extraSpecs'
  | 'availabilityZones'
  | 'glanceImages'
  | 'imageSchemas'
  | 'networks'
  | 'subnets'
  | 'securityGroups'
  | 'ports';

/** Names of the documents a body can be: one resource description each, in operations/resources/. */
export type DocumentName =
  | 'versions'
  | 'version'
  | 'choices'
  | 'limits'
  | 'extensions'
  | 'extension'
  | 'servers'
  | 'serversDetail'
  | 'server'
  | 'addresses'
  | 'network'
  | 'volumeAttachments'
  | 'volumeAttachment'
  | 'flavors'
  | 'flavorsDetail'
  | 'flavor'
  | 'images'
  | 'imagesDetail'
  | 'image'
  | 'metadata'
  | 'meta'
  | 'adminPass'
  | 'changePassword'
  | 'reboot'
  | 'rebuild'
  | 'resize'
  | 'confirmResize'
  | 'revertResize'
  | 'rescue'
  | 'unrescue'
  | 'createImage'
  | 'extensionAction';

/** What a success (or a lost answer) of a write makes untrue in the cache of its region. */
export type Invalidation =
  /** Every list of images and everything computed from one. */
  | 'imageLists'
  /** The image that the path's `image_id` names, its metadata included. */
  | 'image'
  /** All networks, all subnets, all security groups, lists and items: each is shown by more than its own path. */
  | 'networks'
  | 'subnets'
  | 'securityGroups';

/** Where the metadata of something new stands, going up and in a list. */
export interface Creation {
  /** The body's member that has `metadata`: `server`. */
  readonly member: string;
  /** The operation that lists what it makes, with metadata. */
  readonly list: string;
  /** The list's member. */
  readonly items: string;
  /** The operation that deletes one of them, whose path ends in its id. */
  readonly deletion: string;
  /** See `Awaited`. */
  readonly isGone?: true;
  /** The answer's member that has its id in place of the `Location`, from this minor microversion on. */
  readonly idMember?: { readonly name: string; readonly since: number };
}

/** Whose state is waited for, and how it is learned. */
export interface Awaited {
  /**
   * Where its id stands: in the path's parameter of that name, in the answer's body, or at the end of its `Location`, for which
   * `idMember` of what it creates may stand.
   */
  readonly id: { readonly parameter: string } | 'body' | 'location';
  /** The body's member that it is: `server`. */
  readonly member: string;
  /** The operation that reads it alone. */
  readonly item: string;
  /** The operation that lists it, with its status and `changes-since`. */
  readonly list: string;
  /** The list's member. */
  readonly items: string;
  /** Compute's newer microversions have neither list nor item: they are asked for without one. */
  readonly isGone?: true;
}

/** One operation of the guide, or of what clients need beside it: a row of the table that routing, caching, limits, metrics and translation read. */
export interface Operation {
  /** Unique name; the `operation` label of logs and metrics. */
  readonly name: string;
  /** Whose it is. */
  readonly service: Service;
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /**
   * Where the path starts: below the tenant (usual), at the version (`/v2/`), or at the root of the region; `service`: below
   * the version of another service, whose documents are JSON alone.
   */
  readonly scope: 'tenant' | 'version' | 'root' | 'service';
  /** Path template below the scope; `{name}` stands for one segment, percent-decoded. */
  readonly path: string;
  /** For `POST …/action`: the body's one key. `*` takes any key that no other row names (extension actions). */
  readonly action?: string;
  /** Of the row for extension actions: those that do what an operation of the guide does, which a grant must have as well. */
  readonly does?: Readonly<Record<string, string>>;
  /** That operation, for an action which is one of these. */
  readonly needs?: string;
  readonly resource: Resource;
  /** What its answer is cached as; null: never. */
  readonly cache: CacheClass | null;
  /** What a success invalidates. */
  readonly invalidates: readonly Invalidation[];
  /** `rated`: charged against the published limits. `free`: not (version documents). `model`: answered from the limits model. */
  readonly limitClass: 'rated' | 'free' | 'model';
  /** The request body's document; null: no body. */
  readonly request: DocumentName | null;
  /** The document of a successful answer; null: no body. */
  readonly response: DocumentName | null;
  /** The status of a success, the way real servers answer. */
  readonly success: number;
  /** A `Location` that leads to a new resource below the tenant (`/images/`), whatever host the upstream names. */
  readonly location?: '/images/' | '/servers/';
  /** A list that `/all/…` gives of every region at once: what it is called then in logs and metrics. */
  readonly acrossRegions?: string;
  /** How what it makes is found again by its metadata when its answer was lost; absent: it cannot be. */
  readonly creates?: Creation;
  /** Whose state a caller may wait for with `sluice:until`; absent: there is none. */
  readonly awaits?: Awaited;
  /** A read whose answer is small: it may be sent a second time when that takes long, see `upstream.hedge`. */
  readonly hedge?: true;
  /** Section of the guide, or the name of the API reference that has it. */
  readonly section: string;
}
