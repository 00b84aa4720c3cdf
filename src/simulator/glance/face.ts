import { randomUUID } from 'node:crypto';
import type { JsonObject, JsonValue } from '../../json.ts';
import { isJsonObject } from '../../json.ts';
import { render } from '../body.ts';
import type { ComputeContext } from '../compute.ts';
import { type Answer, emptyAnswer, type Incoming, titleOf } from '../exchange.ts';
import { pageAnswer } from '../nova/errors.ts';
import type { ImageRecord } from '../region/state.ts';
import { regionToken } from '../region-token.ts';
import { answerFile } from './data.ts';
import { GlanceError } from './errors.ts';
import { blankExtras, glanceExtras, imageDocument, memberProblem, READ_ONLY, setMember } from './image.ts';
import { listImages } from './list.ts';
import { patchImage } from './patch.ts';
import { SCHEMAS } from './schemas.ts';

/** Where the caller of a region's Glance stands. */
export interface GlancePlace {
  /** Its root as the caller wrote it, no trailing slash. */
  readonly root: string;
  readonly identityUrl: string;
}

/** One request that is allowed to ask for images. */
interface Visit {
  readonly context: ComputeContext;
  readonly incoming: Incoming;
  readonly place: GlancePlace;
  readonly projectId: string;
  readonly userId: string;
}

/**
 * A region's Glance (Image API v2): images listed, shown, made, changed and deleted, their data up and down, tags, schemas.
 *
 * @param path below the service's root, as written
 */
export function answerGlance(
  context: ComputeContext,
  incoming: Incoming,
  path: string,
  place: GlancePlace,
): Answer {
  context.counters.request(context.name, incoming.method, `/image${path}`, 'imageService');
  const answer = answerPath(context, incoming, path, place);
  answer.headers['x-openstack-request-id'] = `req-${randomUUID()}`;
  return answer;
}

function answerPath(context: ComputeContext, incoming: Incoming, path: string, place: GlancePlace): Answer {
  try {
    if (context.region.conditions().imagesDown) throw new GlanceError(503, 'The image service is down.');
    if (path === '/v2') return emptyAnswer(302, { location: `${place.root}/v2/` });
    if (path === '/versions') return json(200, versions(place.root));
    if (!path.startsWith('/v2/') || path === '/v2/') return json(300, versions(place.root));
    return perform(authorized(context, incoming, place), path.slice('/v2'.length));
  } catch (error) {
    if (!(error instanceof GlanceError)) context.failed(error);
    const { code, message, headers } =
      error instanceof GlanceError
        ? error
        : new GlanceError(
            500,
            'The server has either erred or is incapable of performing the requested operation.',
          );
    const page = pageAnswer(incoming, code, titleOf(code), message);
    Object.assign(page.headers, headers);
    return page;
  }
}

const json = (status: number, document: JsonValue, headers: Record<string, string> = {}): Answer =>
  render({ status, document, headers }, 'json');

const empty = (): Answer => emptyAnswer(204, { 'content-type': 'text/html; charset=UTF-8' });

/** Versions of the Image API that Glance 25 tells, newest first. */
const MINORS = [15, 9, 7, 6, 5, 4, 3, 2, 1, 0];

function versions(root: string): JsonObject {
  return {
    versions: MINORS.map((minor, index) => ({
      id: `v2.${minor}`,
      status: index === 0 ? 'CURRENT' : 'SUPPORTED',
      links: [{ rel: 'self', href: `${root}/v2/` }],
    })),
  };
}

function authorized(context: ComputeContext, incoming: Incoming, place: GlancePlace): Visit {
  const token = regionToken(context, incoming, 'image');
  if (token === 503) throw new GlanceError(503, 'The Keystone service is temporarily unavailable.');
  if (token === 401 || !token.project)
    throw new GlanceError(
      401,
      'This server could not verify that you are authorized to access the document you requested.',
      { 'www-authenticate': `Keystone uri="${place.identityUrl}"` },
    );
  return { context, incoming, place, projectId: token.project.id, userId: token.user.id };
}

function perform(visit: Visit, path: string): Answer {
  const { method } = visit.incoming;
  const [, first, id, third, fourth] = path.split('/').map(decodeURIComponent);
  if (first === 'schemas' && method === 'GET' && SCHEMAS[id ?? '']) return json(200, SCHEMAS[id!]!);
  if (path === '/info/import') return json(200, { 'import-methods': IMPORT });
  if (path === '/info/stores') throw new GlanceError(404, 'Multi backend is not supported at this site.');
  if (first === 'tasks')
    throw new GlanceError(403, 'You are not authorized to complete tasks_api_access action.');
  if (first !== 'images') throw new GlanceError(404, 'The resource could not be found.');
  if (id === undefined || id === '') return collection(visit, method);
  if (third === undefined) return item(visit, method, id);
  const image = findImage(visit, id);
  if (third === 'file') return file(visit, method, image);
  if (third === 'members' && method === 'GET')
    return json(200, { members: [], schema: '/v2/schemas/members' });
  if (third === 'tags' && fourth !== undefined) return tag(visit, method, image, fourth);
  if (third === 'actions' && method === 'POST') return act(visit, image, fourth);
  throw new GlanceError(404, 'The resource could not be found.');
}

const IMPORT: JsonObject = {
  description: 'Import methods available.',
  type: 'array',
  value: ['glance-direct', 'web-download', 'copy-image'],
};

function collection(visit: Visit, method: string): Answer {
  if (method === 'POST') return create(visit);
  if (method !== 'GET') throw new GlanceError(405, 'The method is not allowed.', { allow: 'GET, POST' });
  const { context, incoming, projectId } = visit;
  const documents = context.region.images(projectId).map(imageDocument);
  return json(200, listImages(documents, incoming.query, context.settings.maxPageSize));
}

function item(visit: Visit, method: string, id: string): Answer {
  const { context } = visit;
  if (method === 'GET') return json(200, imageDocument(findImage(visit, id)));
  if (method !== 'PATCH' && method !== 'DELETE')
    throw new GlanceError(405, 'The method is not allowed.', { allow: 'GET, PATCH, DELETE' });
  const image = findImage(
    visit,
    id,
    method === 'DELETE' ? `Failed to find image ${id} to delete` : undefined,
  );
  checkOwner(visit, image);
  context.changed();
  if (method === 'PATCH') {
    patchImage(visit.incoming, image);
    image.updated = context.region.now();
    return json(200, imageDocument(image));
  }
  if (glanceExtras(image).protected)
    throw new GlanceError(403, `Image ${id} is protected and cannot be deleted.`);
  Object.assign(image, { status: 'DELETED', saving: null, updated: context.region.now() });
  glanceExtras(image).status = null;
  return empty();
}

function findImage(
  { context, projectId }: Visit,
  id: string,
  missing = `No image found with ID ${id}`,
): ImageRecord {
  const image = context.region.record('image', projectId, id);
  if (!image || image.status === 'DELETED') throw new GlanceError(404, missing);
  return image;
}

function checkOwner({ projectId }: Visit, image: ImageRecord): void {
  if (image.tenantId !== projectId) throw new GlanceError(403, 'You do not own this image');
}

function create(visit: Visit): Answer {
  const { context, incoming, place, projectId } = visit;
  const members = readMembers(incoming);
  const id = typeof members['id'] === 'string' ? members['id'] : randomUUID();
  if (context.region.record('image', projectId, id))
    throw new GlanceError(409, `Image ID ${id} already exists!`);
  for (const [name, value] of Object.entries(members)) {
    if (READ_ONLY.includes(name) && name !== 'owner')
      throw new GlanceError(403, `Attribute '${name}' is read-only.`);
    const problem = name === 'owner' ? undefined : memberProblem(name, value);
    if (problem !== undefined) throw new GlanceError(400, problem);
  }
  if (members['visibility'] === 'public')
    throw new GlanceError(403, 'You are not authorized to complete publicize_image action.');
  const now = context.region.now();
  const image = context.region.addImage({
    id,
    name: '',
    tenantId: projectId,
    serverId: null,
    minDisk: 0,
    minRam: 0,
    diskConfig: 'AUTO',
    metadata: {},
    created: now,
    updated: now,
    status: 'SAVING',
    saving: null,
    progress: 0,
    fault: null,
    extras: { ...blankExtras() },
  });
  for (const [name, value] of Object.entries(members)) if (name !== 'owner') setMember(image, name, value);
  context.changed();
  return json(201, imageDocument(image), {
    location: `${place.root}/v2/images/${id}`,
    'openstack-image-import-methods': (IMPORT['value'] as string[]).join(','),
  });
}

function readMembers(incoming: Incoming): JsonObject {
  let body: unknown;
  try {
    body = incoming.body.kind === 'bytes' ? JSON.parse(incoming.body.bytes.toString('utf8')) : undefined;
  } catch {
    throw new GlanceError(400, 'Malformed JSON in request body.');
  }
  if (!isJsonObject(body)) throw new GlanceError(400, 'Malformed JSON in request body.');
  return body;
}

/** The image's data, one way or the other. */
function file(visit: Visit, method: string, image: ImageRecord): Answer {
  if (method === 'PUT') checkOwner(visit, image);
  const answer = answerFile(visit.incoming, method, image, visit.context.region.now());
  if (method === 'PUT') visit.context.changed();
  return answer;
}

function tag(visit: Visit, method: string, image: ImageRecord, name: string): Answer {
  checkOwner(visit, image);
  const extras = glanceExtras(image);
  const isThere = extras.tags.includes(name);
  if (method === 'DELETE' && !isThere) throw new GlanceError(404, 'The resource could not be found.');
  if (method !== 'PUT' && method !== 'DELETE')
    throw new GlanceError(405, 'The method is not allowed.', { allow: 'PUT, DELETE' });
  extras.tags =
    method === 'PUT' ? [...new Set([...extras.tags, name])] : extras.tags.filter((known) => known !== name);
  visit.context.changed();
  return empty();
}

function act(visit: Visit, image: ImageRecord, verb: string | undefined): Answer {
  checkOwner(visit, image);
  if (verb !== 'deactivate' && verb !== 'reactivate')
    throw new GlanceError(404, 'The resource could not be found.');
  glanceExtras(image).status = verb === 'deactivate' ? 'deactivated' : 'active';
  visit.context.changed();
  return empty();
}
