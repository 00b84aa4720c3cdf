import { asFault, Fault } from '../faults/faults.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../json.ts';
import { render, renderFault } from './body.ts';
import type { ComputeContext } from './compute.ts';
import { type Answer, headerOf, type Incoming } from './exchange.ts';
import type { Token } from './identity/tokens.ts';

/**
 * The region's image service, as far as command lines ask it before they create a server: version list, images, one
 * image, in the Image API v2's form. It shows the images the region has; they are written through compute only.
 */
export function answerImageService(
  context: ComputeContext,
  incoming: Incoming,
  path: string,
  root: string,
): Answer {
  context.counters.request(context.name, incoming.method, `/image${path}`, 'imageService');
  try {
    return render(answerPath(context, incoming, path.replace(/\/+$/, ''), root), 'json');
  } catch (error) {
    if (!(error instanceof Fault)) context.failed(error);
    return renderFault(asFault(error), 'json');
  }
}

interface ImageAnswer {
  status: number;
  document: JsonValue;
}

function answerPath(context: ComputeContext, incoming: Incoming, path: string, root: string): ImageAnswer {
  if (incoming.method !== 'GET' && incoming.method !== 'HEAD')
    throw new Fault('badMethod', 'Images are only read here: create and delete them through compute.', {
      headers: { allow: 'GET, HEAD' },
    });
  if (path === '' || path === '/v2' || path === '/versions') return { status: 300, document: versions(root) };
  if (path !== '/v2/images' && !path.startsWith('/v2/images/'))
    throw new Fault('itemNotFound', `The image service has nothing at ${path}.`);
  const token = authorized(context, incoming);
  if (path === '/v2/images') return { status: 200, document: listImages(context, incoming, token, root) };
  const id = path.slice('/v2/images/'.length);
  const image = ask(context, token, `/images/${id}`, new URLSearchParams(), root)['image'];
  return { status: 200, document: imageV2(image as JsonObject) };
}

function versions(root: string): JsonObject {
  return { versions: [{ id: 'v2.0', status: 'CURRENT', links: [{ rel: 'self', href: `${root}/v2/` }] }] };
}

function authorized({ tokens, name }: ComputeContext, incoming: Incoming): Token {
  const id = headerOf(incoming, 'x-auth-token');
  const token = id === undefined ? undefined : tokens.findInRegion(id, name);
  if (!token)
    throw new Fault('unauthorized', 'This server could not verify that you may see images: log in again.');
  return token;
}

/** Query parameters that mean the same in both services. */
const PASSED = ['limit', 'marker', 'name'];

function listImages(context: ComputeContext, incoming: Incoming, token: Token, root: string): JsonObject {
  const query = new URLSearchParams([...incoming.query].filter(([key]) => PASSED.includes(key)));
  const body = ask(context, token, '/images/detail', query, root);
  const images = (body['images'] as JsonObject[]).map(imageV2);
  const document: JsonObject = { images, first: '/v2/images', schema: '/v2/schemas/images' };
  const last = images.at(-1);
  if (body['images_links'] !== undefined && last !== undefined) {
    query.set('marker', String(last['id']));
    document['next'] = `/v2/images?${query}`;
  }
  return document;
}

function ask(
  context: ComputeContext,
  token: Token,
  path: string,
  query: URLSearchParams,
  root: string,
): JsonObject {
  const tenantId = token.user.tenant.id;
  const { body } = context.region.handle({
    method: 'GET',
    path,
    query,
    body: undefined,
    tenantId,
    userId: token.user.id,
    selfBase: `${root}/v2/${tenantId}`,
    bookmarkBase: `${root}/${tenantId}`,
    rootBase: root,
  });
  if (!isJsonObject(body)) throw new Error(`the region answered ${path} without a document`);
  return body;
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
