import { randomUUID } from 'node:crypto';
import type { JsonObject, JsonValue } from '../../json.ts';
import { isJsonObject } from '../../json.ts';
import { readJsonBody, render } from '../body.ts';
import type { ComputeContext } from '../compute.ts';
import type { Answer, Incoming } from '../exchange.ts';
import type { Token } from '../identity/tokens.ts';
import { pageAnswer, unauthorizedAnswer } from '../nova/errors.ts';
import { regionToken } from '../region-token.ts';
import { NeutronError } from './errors.ts';
import { listDocument, type NeutronPlace, selected } from './lists.ts';
import { OTHERS, otherDocument } from './others.ts';
import { RESOURCES, type Resource } from './resources.ts';

/**
 * A region's Neutron, as far as the stock clients ask it around servers: networks, subnets, ports, security groups and
 * their rules, written and read; extensions, quotas and zones, read.
 *
 * @param path below the service's root, as written
 */
export function answerNeutron(
  context: ComputeContext,
  incoming: Incoming,
  path: string,
  place: NeutronPlace,
): Answer {
  context.counters.request(context.name, incoming.method, `/network${path}`, 'networkService');
  const answer = answerPath(context, incoming, path, place);
  answer.headers['x-openstack-request-id'] = `req-${randomUUID()}`;
  return answer;
}

function answerPath(context: ComputeContext, incoming: Incoming, path: string, place: NeutronPlace): Answer {
  if (path === '' || path === '/') return json(200, versions(place.root));
  const token = regionToken(context, incoming, 'network');
  if (token === 401) return unauthorizedAnswer(place.identityUrl);
  if (token === 503)
    return pageAnswer(
      incoming,
      503,
      'Service Unavailable',
      'The Keystone service is temporarily unavailable.',
    );
  try {
    return perform(context, incoming, path, place, token);
  } catch (error) {
    if (!(error instanceof NeutronError)) context.failed(error);
    const refused =
      error instanceof NeutronError
        ? error
        : new NeutronError(
            500,
            'HTTPInternalServerError',
            'Request Failed: internal server error while processing your request.',
          );
    const { type, message } = refused;
    return json(refused.code, { NeutronError: { type, message, detail: '' } });
  }
}

const json = (status: number, document: JsonValue): Answer => render({ status, document }, 'json');

function versions(root: string): JsonObject {
  return { versions: [{ id: 'v2.0', status: 'CURRENT', links: [{ rel: 'self', href: `${root}/v2.0/` }] }] };
}

function perform(
  context: ComputeContext,
  incoming: Incoming,
  path: string,
  place: NeutronPlace,
  token: Token,
): Answer {
  if (path === '/v2.0/') return json(200, resourceList(place.root));
  // Neutron takes `.json` behind a path, and no other service of today does.
  const [, version, collection = '', id, ...more] = path.replace(/\.json$/, '').split('/');
  const resource = RESOURCES.find((item) => item.collection === collection);
  if (version !== 'v2.0' || more.length > 0) throw notFound();
  const projectId = token.project?.id ?? '';
  if (!resource) return json(200, readOther(incoming, collection, id));
  const call = { resource, store: context.networks, projectId, incoming, place };
  const { method } = incoming;
  if (id === undefined || id === '') {
    if (method === 'GET') return json(200, listDocument(call));
    if (method !== 'POST') throw notFound();
    const made = resource.create(call, readMembers(incoming, resource));
    context.changed();
    return json(201, { [resource.singular]: resource.render(call, made) });
  }
  const item = context.networks.find(resource.kind, projectId, decodeURIComponent(id));
  if (!item) throw new NeutronError(404, resource.missing, `${resource.label} ${id} could not be found.`);
  if (method === 'GET')
    return json(200, { [resource.singular]: selected(incoming, resource.render(call, item)) });
  if (method !== 'PUT' && method !== 'DELETE') throw notFound();
  const verb = method === 'PUT' ? 'update' : 'delete';
  if (item['project_id'] !== projectId)
    throw new NeutronError(
      403,
      'PolicyNotAuthorized',
      `rule:${verb}_${resource.singular} is disallowed by policy`,
    );
  context.changed();
  if (method === 'PUT') {
    context.networks.change(item, resource.check(call, readMembers(incoming, resource)));
    return json(200, { [resource.singular]: resource.render(call, item) });
  }
  resource.remove(call, item);
  return { status: 204, headers: {}, body: Buffer.alloc(0) };
}

function readOther({ method }: Incoming, collection: string, id: string | undefined): JsonObject {
  const document =
    method === 'GET' && OTHERS.includes(collection) ? otherDocument(collection, id) : undefined;
  if (!document) throw notFound();
  return document;
}

const notFound = (): NeutronError =>
  new NeutronError(404, 'HTTPNotFound', 'The resource could not be found.');

function resourceList(root: string): JsonObject {
  return {
    resources: ['network', 'subnet', 'subnetpool', 'port'].map((name) => ({
      name,
      collection: `${name}s`,
      links: [{ rel: 'self', href: `${root}/v2.0/${name}s` }],
    })),
  };
}

/** The members under the body's key. */
function readMembers(incoming: Incoming, { singular }: Resource): JsonObject {
  const bad = (message: string) => new NeutronError(400, 'HTTPBadRequest', message);
  let body: JsonValue | undefined;
  try {
    body = incoming.body.kind === 'chunked' ? undefined : readJsonBody(incoming);
  } catch {
    throw bad('Body contains invalid data');
  }
  const members = isJsonObject(body) ? body[singular] : undefined;
  if (!isJsonObject(members)) throw bad(`Unable to find '${singular}' in request body`);
  return members;
}
