import type { JsonObject, JsonValue } from '../../json.ts';
import { isJsonObject } from '../../json.ts';
import type { ComputeContext } from '../compute.ts';
import type { Incoming } from '../exchange.ts';
import type { User } from '../identity/users.ts';
import type { NeutronStore } from '../neutron/store.ts';
import type { RegionAnswer } from '../region/call.ts';
import { novaError } from './errors.ts';

/** One request to Nova that has found its route, its caller and its microversion. */
export interface NovaVisit {
  readonly context: ComputeContext;
  readonly incoming: Incoming;
  /** Below the version and the project, `/servers/detail`. */
  readonly path: string;
  /** The x of 2.x. */
  readonly minor: number;
  /** True on `/v2`: members it does not know are tolerated. */
  readonly isLegacy: boolean;
  readonly projectId: string;
  readonly user: User;
  readonly params: Readonly<Record<string, string>>;
  /** What self links begin with: `http://host:port/dfw/v2.1/{project}`, or without the project as the caller wrote it. */
  readonly selfBase: string;
  /** The same without the version. */
  readonly bookmarkBase: string;
  /** Root of the region's image service. */
  readonly imageRoot: string;
  readonly networks: NeutronStore;
  /** The body as JSON; throws what it is not. */
  readBody(): JsonValue | undefined;
}

/** What a route answers. */
export interface NovaAnswer {
  readonly status: number;
  readonly document?: JsonValue;
  readonly headers?: Record<string, string>;
}

export type NovaHandler = (visit: NovaVisit) => NovaAnswer;

/** Asks the region, as the guide's API has it: what both have in common is there once. */
export function askRegion(
  { context, incoming, path, projectId, user, selfBase, bookmarkBase }: NovaVisit,
  over: { method?: string; path?: string; query?: URLSearchParams; body?: JsonValue | undefined } = {},
): RegionAnswer {
  return context.region.handle({
    method: over.method ?? (incoming.method === 'HEAD' ? 'GET' : incoming.method),
    path: over.path ?? path,
    query: over.query ?? new URLSearchParams(),
    body: over.body,
    tenantId: projectId,
    userId: user.id,
    selfBase,
    bookmarkBase,
    rootBase: selfBase,
  });
}

/** A path parameter that the route promises. */
export function parameter({ params }: NovaVisit, name: string): string {
  const value = params[name];
  if (value === undefined) throw new Error(`the route has no parameter ${name}`);
  return value;
}

/** The object under the body's key. */
export function bodyDocument(visit: NovaVisit, key: string): JsonObject {
  const body = visit.readBody();
  if (!isJsonObject(body))
    throw novaError(400, `${body === undefined ? 'None' : JSON.stringify(body)} is not of type 'object'`);
  const document = body[key];
  if (document === undefined) throw novaError(400, `'${key}' is a required property`);
  if (!isJsonObject(document))
    throw novaError(400, `Invalid input for field/attribute ${key}. Value: ${JSON.stringify(document)}.`);
  return document;
}

/** On `/v2.1` a member that Nova does not know is refused; on `/v2` it is overlooked. */
export function checkMembers(
  { isLegacy }: NovaVisit,
  document: JsonObject,
  known: readonly string[],
  where: string,
): void {
  if (isLegacy) return;
  const strays = Object.keys(document).filter((key) => !known.includes(key));
  if (strays.length === 0) return;
  const names = strays.map((key) => `'${key}'`).join(', ');
  const verb = strays.length === 1 ? 'was' : 'were';
  throw novaError(
    400,
    `Invalid input for field/attribute ${where}. Value: ${JSON.stringify(document)}. Additional properties are not allowed (${names} ${verb} unexpected)`,
  );
}

/** A uuid with dashes, as servers, images and networks have. */
export const UUID = /^[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}$/i;

/** Takes a page of items that are in order. `next` is the query of the page after it. */
export function pageOf<T>(
  { incoming, context }: NovaVisit,
  items: readonly T[],
  idOf: (item: T) => string,
): { page: readonly T[]; next: URLSearchParams | undefined } {
  const { query } = incoming;
  const limit = readLimit(query, context.settings.maxPageSize);
  const marker = query.get('marker');
  const at = marker === null ? -1 : items.findIndex((item) => idOf(item) === marker);
  if (marker !== null && at === -1) throw novaError(400, `marker [${marker}] not found`);
  const page = items.slice(at + 1, at + 1 + limit);
  if (limit === 0 || at + 1 + limit >= items.length) return { page, next: undefined };
  const next = new URLSearchParams(query);
  next.set('limit', query.get('limit') ?? String(limit));
  next.set('marker', idOf(page.at(-1)!));
  return { page, next };
}

function readLimit(query: URLSearchParams, most: number): number {
  const text = query.get('limit');
  if (text === null || text === '') return most;
  if (!/^\d+$/.test(text))
    throw novaError(
      400,
      `Invalid input for query parameters limit. Value: ${text}. '${text}' does not match '^[0-9]*$'`,
    );
  return Math.min(most, Number(text));
}

/** The `*_links` member of a page that is not the last. */
export function nextLinks(visit: NovaVisit, next: URLSearchParams | undefined): JsonObject[] | undefined {
  return next && [{ rel: 'next', href: `${visit.selfBase}${visit.path}?${next}` }];
}

/** Links of a resource: self with the version, bookmark without. */
export function linksOf({ selfBase, bookmarkBase }: NovaVisit, collection: string, id: string): JsonObject[] {
  return [
    { rel: 'self', href: `${selfBase}/${collection}/${id}` },
    { rel: 'bookmark', href: `${bookmarkBase}/${collection}/${id}` },
  ];
}
