import type { JsonObject } from '../../json.ts';
import type { ServerRecord } from '../region/state.ts';
import { notAllowed, novaError } from './errors.ts';
import { briefServer, extrasOf, serverDocument, updatedServer } from './server-document.ts';
import { checkQuery, hasFilters, serverFilter, sortServers } from './server-query.ts';
import {
  askRegion,
  bodyDocument,
  checkMembers,
  type NovaHandler,
  type NovaVisit,
  nextLinks,
  pageOf,
  parameter,
} from './visit.ts';

/** Servers: what is read, changed and deleted; how they come into being is in create.ts. */

/** The project's live server that the path names, brought to now. */
export function findServer(visit: NovaVisit, id = parameter(visit, 'id')): ServerRecord {
  const server = visit.context.region.record('server', visit.projectId, id);
  if (server === undefined || server.status === 'DELETED')
    throw novaError(404, `Instance ${id} could not be found.`);
  return server;
}

/** A server in full, as the microversion shows it. */
export function fullServer(visit: NovaVisit, server: ServerRecord): JsonObject {
  const { body } = askRegion(visit, { method: 'GET', path: `/servers/${server.id}` });
  return serverDocument(visit, server, (body as JsonObject)['server'] as JsonObject);
}

type Listed = readonly [server: ServerRecord, guide: JsonObject];

/** All servers of the project with the region's documents of them, newest first; deleted ones to `changes-since` only. */
function allServers(visit: NovaVisit): Listed[] {
  const since = visit.incoming.query.get('changes-since');
  const found: Listed[] = [];
  for (let marker: string | undefined; ; ) {
    const query = new URLSearchParams(since === null ? {} : { 'changes-since': since });
    if (marker !== undefined) query.set('marker', marker);
    const body = askRegion(visit, { method: 'GET', path: '/servers/detail', query }).body as JsonObject;
    for (const guide of body['servers'] as JsonObject[]) {
      const id = String(guide['id']);
      found.push([visit.context.region.record('server', visit.projectId, id)!, guide]);
      marker = id;
    }
    if (body['servers_links'] === undefined) return found;
  }
}

function listing(visit: NovaVisit, render: (listed: Listed) => JsonObject): JsonObject {
  const { query } = visit.incoming;
  checkQuery(visit);
  if (['1', 'true', 'True'].includes(query.get('all_tenants') ?? ''))
    throw notAllowed('os_compute_api:servers:index:get_all_tenants');
  const all = allServers(visit);
  const wanted = hasFilters(query) ? all.filter(([server]) => serverFilter(visit, query)(server)) : all;
  const { page, next } = pageOf(visit, sortServers(wanted, query), ([server]) => server.id);
  const links = nextLinks(visit, next);
  return { servers: page.map(render), ...(links && { servers_links: links }) };
}

export const listServers: NovaHandler = (visit) => ({
  status: 200,
  document: listing(visit, ([server]) => briefServer(visit, server)),
});

export const listServersDetail: NovaHandler = (visit) => ({
  status: 200,
  document: listing(visit, ([server, guide]) => serverDocument(visit, server, guide)),
});

export const showServer: NovaHandler = (visit) => ({
  status: 200,
  document: { server: fullServer(visit, findServer(visit)) },
});

const UPDATABLE = ['name', 'OS-DCF:diskConfig', 'accessIPv4', 'accessIPv6'];

/** `PUT /servers/{id}`: name, access addresses, from 2.19 on a description, from 2.90 on a host name. */
export const updateServer: NovaHandler = (visit) => {
  const server = findServer(visit);
  const document = bodyDocument(visit, 'server');
  const known = [
    ...UPDATABLE,
    ...(visit.minor >= 19 ? ['description'] : []),
    ...(visit.minor >= 90 ? ['hostname'] : []),
  ];
  checkMembers(visit, document, known, 'server');
  const { name, description, hostname, accessIPv4, accessIPv6 } = document;
  askRegion(visit, {
    path: `/servers/${server.id}`,
    body: { server: { name: name ?? null, accessIPv4: accessIPv4 ?? null, accessIPv6: accessIPv6 ?? null } },
  });
  const extras = extrasOf(server);
  if (typeof accessIPv4 === 'string') extras.accessIPv4 = accessIPv4;
  if (typeof accessIPv6 === 'string') extras.accessIPv6 = accessIPv6;
  if (description === null || typeof description === 'string') extras.description = description;
  if (typeof hostname === 'string') extras.hostname = hostname;
  return { status: 200, document: { server: updatedServer(visit.minor, fullServer(visit, server)) } };
};

/** `DELETE /servers/{id}`: gone at once, with the ports that were made for it. */
export const deleteServer: NovaHandler = (visit) => {
  const server = findServer(visit);
  if (extrasOf(server).locked) throw novaError(409, `Instance ${server.id} is locked`);
  askRegion(visit, { path: `/servers/${server.id}` });
  visit.networks.release(server.id);
  return { status: 204 };
};
