import { type Answer, json } from './stub-answers.ts';
import type { StubRegion } from './stub-region.ts';

/** What a stub region has made so far. */
export interface Creations {
  /** Servers as `GET /servers/detail` lists them. */
  readonly servers: { id: string; name: string; metadata: Record<string, string>; links: object[] }[];
  /** What comes of a create after the server is there; the usual 202 unless it is set. */
  fail: Answer | undefined;
  /** The server is listed only when this is called. */
  hidden: boolean;
}

/** Teaches a stub region to create servers and to list them with their metadata. */
export function creates(region: StubRegion): Creations {
  const made: Creations = { servers: [], fail: undefined, hidden: false };
  region.on('POST /servers', async (exchange) => {
    const { server } = JSON.parse(exchange.request.body) as {
      server: { name: string; metadata?: Record<string, string> };
    };
    const id = `00000000-0000-4000-8000-${String(made.servers.length + 1).padStart(12, '0')}`;
    const href = `${region.url}/servers/${id}`;
    const links = [{ rel: 'self', href }];
    made.servers.push({ id, name: server.name, metadata: server.metadata ?? {}, links });
    const answer = json({ server: { id, links, adminPass: `pass-${id}` } }, 202, { location: href });
    await (made.fail ?? answer)(exchange);
  });
  region.on('GET /servers/detail', (exchange) => {
    const marker = new URLSearchParams(exchange.request.query).get('marker');
    const servers = marker === null && !made.hidden ? made.servers : [];
    return json({ servers: servers.map((server) => ({ status: 'BUILD', ...server })) })(exchange);
  });
  return made;
}
