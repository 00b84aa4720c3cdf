import { type Call, type Handler, param } from './call.ts';
import { advanceServer } from './course.ts';
import { serverFilter } from './filters.ts';
import { badMarker, type Page, pageDocument, readLimit, readMarker, takePage } from './pagination.ts';
import { findServer } from './references.ts';
import { renderBrief, renderServer } from './rendering.ts';
import { type ServerRecord, tenantOf } from './state.ts';

/** `GET /servers`, newest first (guide section 2.1.1) */
export const listServers: Handler = (call) => ({
  status: 200,
  body: pageDocument(call, 'servers', pageOf(call), (server) => renderBrief(call, 'servers', server)),
});

/** `GET /servers/detail` */
export const listServersDetail: Handler = (call) => ({
  status: 200,
  body: pageDocument(call, 'servers', pageOf(call), (server) => renderServer(call, server)),
});

/** `GET /servers/{id}` (guide section 2.1.3) */
export const getServer: Handler = (call) => ({
  status: 200,
  body: { server: renderServer(call, findServer(call, param(call, 'server_id'))) },
});

/** A marker may name a server that was deleted meanwhile: whoever pages must not be thrown out by that. */
function pageOf(call: Call): Page<ServerRecord> {
  const { servers } = tenantOf(call.state, call.request.tenantId);
  const id = readMarker(call);
  const marker = id === null ? undefined : servers.get(id);
  if (id !== null && marker === undefined) throw badMarker(id);
  const isWanted = serverFilter(call.request.query);
  return takePage(servers.newestFirst(marker), readLimit(call), (server) => {
    advanceServer(server, call.now, call.settings);
    return isWanted(server);
  });
}
