import { asFault, Fault } from '../faults/faults.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../json.ts';
import { render, renderFault } from './body.ts';
import type { ComputeContext } from './compute.ts';
import { type Answer, headerOf, type Incoming } from './exchange.ts';
import type { Token } from './identity/tokens.ts';
import type { RegionAnswer } from './region/call.ts';

/**
 * The region's image service, as far as command lines ask it: version list, images, one image and its deletion, in the
 * Image API v2's form. It shows the images the region has; they are made through compute only.
 */
export function answerImageService(
  context: ComputeContext,
  incoming: Incoming,
  path: string,
  root: string,
): Answer {
  context.counters.request(context.name, incoming.method, `/image${path}`, 'imageService');
  try {
    return render(answerPath({ context, incoming, root }, path.replace(/(?<!\/)\/+$/, '')), 'json');
  } catch (error) {
    if (!(error instanceof Fault)) context.failed(error);
    return renderFault(asFault(error), 'json');
  }
}

interface ImageAnswer {
  status: number;
  document?: JsonValue;
}

/** One request, and where the service stands for its caller. */
interface Visit {
  readonly context: ComputeContext;
  readonly incoming: Incoming;
  readonly root: string;
}

const LIST = '/v2/images';

function answerPath(visit: Visit, path: string): ImageAnswer {
  const { context, incoming, root } = visit;
  const isItem = path.startsWith(`${LIST}/`);
  const isRead = incoming.method === 'GET' || incoming.method === 'HEAD';
  if (!isRead && !(isItem && incoming.method === 'DELETE')) throw noSuchMethod(incoming.method, isItem);
  if (path === '' || path === '/v2' || path === '/versions') return { status: 300, document: versions(root) };
  if (path !== LIST && !isItem) throw new Fault('itemNotFound', `The image service has nothing at ${path}.`);
  const token = authorized(context, incoming);
  if (!isItem) return { status: 200, document: listImages(visit, token) };
  const id = path.slice(`${LIST}/`.length);
  if (!isRead) return deleteImage(visit, token, id);
  const image = documentOf(visit, token, `/images/${id}`)['image'];
  return { status: 200, document: imageV2(image as JsonObject) };
}

function noSuchMethod(method: string, isItem: boolean): Fault {
  const allowed = isItem ? 'DELETE, GET, HEAD' : 'GET, HEAD';
  return new Fault(
    'badMethod',
    `${method} is not possible here, ${allowed} are; images are made through compute.`,
    { headers: { allow: allowed } },
  );
}

/** As compute deletes it: a base image is nobody's to delete. */
function deleteImage(visit: Visit, token: Token, id: string): ImageAnswer {
  const { status } = ask(visit, token, 'DELETE', `/images/${id}`);
  visit.context.changed();
  return { status };
}

function versions(root: string): JsonObject {
  return { versions: [{ id: 'v2.0', status: 'CURRENT', links: [{ rel: 'self', href: `${root}/v2/` }] }] };
}

function authorized({ tokens, name }: ComputeContext, incoming: Incoming): Token {
  const id = headerOf(incoming, 'x-auth-token');
  const token = id === undefined ? undefined : tokens.findInRegion(id, name, 'image');
  if (!token?.project)
    throw new Fault('unauthorized', 'This server could not verify that you may see images: log in again.');
  return token;
}

/** Query parameters that mean the same in both services. */
const PASSED = ['limit', 'marker', 'name'];

function listImages(visit: Visit, token: Token): JsonObject {
  const query = new URLSearchParams([...visit.incoming.query].filter(([key]) => PASSED.includes(key)));
  const body = documentOf(visit, token, '/images/detail', query);
  const images = (body['images'] as JsonObject[]).map(imageV2);
  const document: JsonObject = { images, first: '/v2/images', schema: '/v2/schemas/images' };
  const last = images.at(-1);
  if (body['images_links'] !== undefined && last !== undefined) {
    query.set('marker', String(last['id']));
    document['next'] = `/v2/images?${query}`;
  }
  return document;
}

function documentOf(visit: Visit, token: Token, path: string, query?: URLSearchParams): JsonObject {
  const { body } = ask(visit, token, 'GET', path, query);
  if (!isJsonObject(body)) throw new Error(`the region answered ${path} without a document`);
  return body;
}

function ask(
  { context, root }: Visit,
  token: Token,
  method: 'GET' | 'DELETE',
  path: string,
  query = new URLSearchParams(),
): RegionAnswer {
  const tenantId = token.project!.id;
  return context.region.handle({
    method,
    path,
    query,
    body: undefined,
    tenantId,
    userId: token.user.id,
    selfBase: `${root}/v2/${tenantId}`,
    bookmarkBase: `${root}/${tenantId}`,
    rootBase: root,
  });
}

/** Compute's statuses in the words of the image service. */
const STATUSES: Record<string, string> = {
  ACTIVE: 'active',
  SAVING: 'saving',
  DELETED: 'deleted',
  ERROR: 'killed',
};

/** An image of compute in the Image API v2's form: metadata become members of the image itself. */
function imageV2(image: JsonObject): JsonObject {
  const metadata = isJsonObject(image['metadata']) ? image['metadata'] : {};
  const isBase = image['server'] === undefined;
  return {
    ...metadata,
    id: image['id']!,
    name: image['name']!,
    status: STATUSES[String(image['status'])] ?? 'queued',
    visibility: isBase ? 'public' : 'private',
    protected: isBase,
    container_format: 'ovf',
    disk_format: 'vhd',
    min_disk: image['minDisk'] ?? 0,
    min_ram: image['minRam'] ?? 0,
    created_at: image['created']!,
    updated_at: image['updated']!,
    size: null,
    tags: [],
    self: `/v2/images/${image['id']}`,
    file: `/v2/images/${image['id']}/file`,
    schema: '/v2/schemas/image',
  };
}
