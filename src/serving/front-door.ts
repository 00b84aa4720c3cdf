import { createHash } from 'node:crypto';
import { seesRegion } from '../access/grants.ts';
import type { Call } from '../http/call.ts';
import { html, Markup } from '../http/html.ts';
import { openApiDocument } from '../operations/open-api.ts';
import { VERSION } from '../version.ts';
import type { Services } from './services.ts';

/** Answers what people and tools ask first: `/` of whoever reads HTML, and `/openapi.json`. @returns false for all else */
export function serveFrontDoor(call: Call, services: Services): boolean {
  const { method, path } = call;
  if (method !== 'GET' && method !== 'HEAD') return false;
  if (path === '/openapi.json') {
    const body = JSON.stringify(openApiDocument(call.publicBase, VERSION));
    services.reply(call, { status: 200, body, format: 'json', headers: [] });
    return true;
  }
  if (path !== '/' || !readsHtml(call.header('accept'))) return false;
  const body = pageFor(call, services);
  const headers = [
    'Content-Security-Policy',
    POLICY,
    'X-Content-Type-Options',
    'nosniff',
    'Cache-Control',
    'no-store',
  ];
  services.reply(call, {
    status: 200,
    body,
    format: 'json',
    contentType: 'text/html; charset=utf-8',
    headers,
  });
  return true;
}

/** Clients that say nothing, or take anything, get the version document as before. */
const readsHtml = (accept: string | undefined): boolean => /(?:^|,)\s{0,9}text\/html/i.test(accept ?? '');

const STYLE =
  ':root{color-scheme:light dark}body{margin:0 auto;padding:1rem;max-width:50rem;font:16px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}pre{overflow-x:auto;padding:.6rem;border:1px solid}';

/** One style, known by its digest; nothing else may be in the page. */
const POLICY = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

function pageFor(call: Call, services: Services): string {
  const isKnown = identify(call, services);
  const base = call.publicBase;
  return html`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Sluice</title><style>${STYLED}</style></head>
<body>
<main>
<h1>Sluice</h1>
<p>A shared gateway in front of the OpenStack Compute API v2. Use the URLs below instead of the cloud’s own; nothing else changes. The operations are described in <a href="/openapi.json">openapi.json</a>.</p>
<h2>What you may use</h2>
${isKnown ? grants(call, base) : html`<p>This gateway does not know you. Show your client key, as <code>X-Auth-Token</code> or as <code>Authorization: Bearer</code>, to see the regions and tenants that are there for you.</p>`}
<h2>To set a client</h2>
<p>Clients that log in take this as their auth URL; user and password are the name and the key of your client.</p>
<pre>OS_AUTH_URL=${base}/v3
OS_USERNAME=…
OS_PASSWORD=…
openstack server list</pre>
<p>Clients of Identity v2 take <code>${base}/v2.0</code>.</p>
</main>
</body>
</html>
`.text;
}

/** The style sheet has no character that markup would mean something by. */
const STYLED = new Markup(STYLE);

/** A wrong key is none here: the page says how to show one. */
function identify(call: Call, services: Services): boolean {
  try {
    return services.callers.identify(call) && call.caller !== undefined;
  } catch {
    return false;
  }
}

function grants(call: Call, base: string): Markup {
  const { directory, grant } = call.caller!;
  const { accounts } = directory;
  const lines = accounts.flatMap((account) =>
    [...account.endpoints().values()]
      .filter(({ region }) => seesRegion(grant, region))
      .map(
        ({ region, tenantId }) =>
          html`<li><strong>${region}</strong>, tenant ${tenantId}: <code>${base}/${region}/v2/${tenantId}</code></li>`,
      ),
  );
  const name = call.client === 'anonymous' ? 'a caller without a name' : call.client;
  if (lines.length === 0) return html`<p>You are ${name}. No region is known yet: ask again in a moment.</p>`;
  return html`<p>You are ${name}.</p><ul>${lines}</ul>`;
}
