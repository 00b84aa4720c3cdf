import { type Answer, json, noContent } from './stub-answers.ts';
import type { StubRegion } from './stub-region.ts';

/** What a stub region has made so far. */
export interface Creations {
  /** Servers as `GET /servers/detail` lists them. */
  readonly servers: {
    id: string;
    name: string;
    metadata: Record<string, string>;
    links: object[];
    created: string;
  }[];
  /** Ids of those that were deleted again. */
  readonly deleted: string[];
  /** What comes of a create after the server is there; the usual 202 unless it is set. */
  fail: Answer | undefined;
  /** The server is not listed. */
  hidden: boolean;
  /** What a list waits for once it has been made. */
  listed: (() => Promise<void>) | undefined;
}

/** Teaches a stub region to create servers and to list them with their metadata. */
export function creates(region: StubRegion): Creations {
  const made: Creations = { servers: [], deleted: [], fail: undefined, hidden: false, listed: undefined };
  region.on('POST /servers', async (exchange) => {
    const { server } = JSON.parse(exchange.request.body) as {
      server: { name: string; metadata?: Record<string, string> };
    };
    const id = `00000000-0000-4000-8000-${String(made.servers.length + 1).padStart(12, '0')}`;
    const href = `${region.url}/servers/${id}`;
    const links = [{ rel: 'self', href }];
    // Whole seconds, as regions tell them.
    const created = `${new Date().toISOString().slice(0, 19)}Z`;
    made.servers.push({ id, name: server.name, metadata: server.metadata ?? {}, links, created });
    region.on(`DELETE /servers/${id}`, async (deletion) => {
      made.deleted.push(id);
      await noContent()(deletion);
    });
    const answer = json({ server: { id, links, adminPass: `pass-${id}` } }, 202, { location: href });
    await (made.fail ?? answer)(exchange);
  });
  region.on('GET /servers/detail', async (exchange) => {
    const marker = new URLSearchParams(exchange.request.query).get('marker');
    const servers = marker === null && !made.hidden ? made.servers : [];
    const statusOf = (id: string) => (made.deleted.includes(id) ? 'DELETED' : 'BUILD');
    const list = servers.map((server) => ({ status: statusOf(server.id), ...server }));
    await made.listed?.();
    await json({ servers: list })(exchange);
  });
  return made;
}
