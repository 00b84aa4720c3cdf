import { html, type Markup } from '../../http/html.ts';
import type { RegionStanding } from '../../limits/limits.ts';
import type { LimitStanding } from '../../limits/snapshot.ts';
import type { NotableRequest } from '../../telemetry/notable-requests.ts';
import { VERSION } from '../../version.ts';
import type { DegradedPart } from '../degraded.ts';
import type { Overview, PartState } from '../overview.ts';
import { gauge, savingPicture, verdictPicture } from './pictures.ts';

/** The whole page: what stands in `main` is replaced as it changes. */
export function renderPage(overview: Overview): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Sluice: status</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/status.css">
<script src="/status.js" defer></script>
</head>
<body>
<header><h1>Sluice</h1><p>version ${VERSION} · <span id="live" role="status">as of the last load</span></p></header>
<main id="status">${renderMain(overview)}</main>
</body>
</html>
`.text;
}

/** What changes of the page, a section each. */
export function renderMain(overview: Overview): Markup {
  const {
    degraded,
    accounts,
    identities,
    regions,
    circuits,
    redis,
    limits,
    cache,
    minutes,
    slowest,
    refused,
    nowMs,
  } = overview;
  const saved = minutes.reduce((total, minute) => total + minute.saved, 0);
  const state = overview.isDraining ? 'stopping' : degraded.length > 0 ? 'degraded' : 'well';
  const summary = { stopping: 'This instance stops.', degraded: 'Something is wrong.', well: 'All is well.' };
  return html`<section id="summary" class="${state}"><h2>${summary[state]}</h2>${degraded.map(degradedItem)}</section>
<section id="parts"><h2>Accounts and regions</h2><div class="parts">
${parts('Accounts', accounts, nowMs)}${parts('Identity services', identities, nowMs)}${parts('Regions', regions, nowMs)}${circuits.length > 0 ? parts('Services', circuits, nowMs) : html``}${redis.length > 0 ? parts('Redis', redis, nowMs) : html``}</div></section>
<section id="limits"><h2>Limits</h2>${limits.map((standing) => limitGroup(standing, nowMs))}${limits.length === 0 ? html`<p>None is known yet.</p>` : html``}</section>
<section id="cache"><h2>Cache, the last hour</h2><div class="pictures">
<figure><figcaption>Answers: <span class="key hit">hit</span> <span class="key stale">stale</span> <span class="key coalesced">shared</span> <span class="key miss">miss</span> <span class="key pass">passed</span></figcaption>${verdictPicture(minutes)}</figure>
<figure><figcaption>Requests saved: ${saved}</figcaption>${savingPicture(minutes)}</figure></div>
<p>${cache.entries} entries, ${megabytes(cache.bytes)} of ${megabytes(cache.maxBytes)} MiB</p></section>
<section id="slowest"><h2>Slowest requests of the last hour</h2>${requests(slowest, nowMs)}</section>
<section id="refused"><h2>Last requests that Sluice refused</h2>${requests(refused, nowMs)}</section>`;
}

function degradedItem({ part, since, problem, effect, todo }: DegradedPart): Markup {
  return html`<article><h3>${part}</h3><p><strong>${problem}</strong>${since === null ? '' : ` Since ${since}.`}</p><p>${effect}</p><p class="todo">${todo}</p></article>`;
}

function parts(title: string, states: readonly PartState[], nowMs: number): Markup {
  const items = states.map(
    ({ name, isUp, sinceMs, note }) =>
      html`<li class="${isUp ? 'up' : 'down'}"><strong>${name}</strong> ${isUp ? 'up' : 'down'}${sinceMs === undefined ? '' : ` for ${span(nowMs - sinceMs)}`}${note === '' ? '' : `, ${note}`}</li>`,
  );
  return html`<div><h3>${title}</h3><ul>${items}</ul></div>`;
}

function limitGroup({ account, region, service, scope, snapshot }: RegionStanding, nowMs: number): Markup {
  const waiting = [...snapshot.waiting].map(
    ([client, count]) => html`<li><strong>${client.trim()}</strong> ${count}</li>`,
  );
  const queue =
    waiting.length === 0
      ? html`<p>Nobody waits.</p>`
      : html`<p>${snapshot.queueDepth} wait, the oldest for ${span(snapshot.oldestMs)}:</p><ul class="queue">${waiting}</ul>`;
  const paused =
    snapshot.pausedMs > 0 ? html`<p>The region wants a pause of ${span(snapshot.pausedMs)}.</p>` : html``;
  return html`<article><h3>${account} ${region} ${service}, by ${scope}</h3>${paused}${queue}<div class="limits">${snapshot.limits.map((limit) => limitRow(limit, nowMs))}</div></article>`;
}

function limitRow(standing: LimitStanding, nowMs: number): Markup {
  const { limit, remaining, reserved, waiting, exhaustionMs } = standing;
  const { verb, uri, value, unit } = limit;
  const used = Math.max(0, value - remaining - reserved);
  const forecast =
    exhaustionMs === undefined
      ? html``
      : html` <strong class="spent">${exhaustionMs <= nowMs ? 'spent' : `spent in ${span(exhaustionMs - nowMs)}`}</strong>`;
  return html`<div class="limit"><p><code>${verb} ${uri}</code> ${value} per ${unit}${forecast}</p>${gauge(standing)}<p class="counts">${used} used · ${reserved} reserved · ${remaining} free · ${waiting} waiting</p></div>`;
}

function requests(list: readonly NotableRequest[], nowMs: number): Markup {
  if (list.length === 0) return html`<p>None.</p>`;
  const rows = list.map(
    ({ atMs, id, client, region, operation, status, ms, waitMs, why }) =>
      html`<li><strong>${status}</strong> ${operation} ${region} for ${client}: ${ms} ms${waitMs > 0 ? `, ${waitMs} of it waiting` : ''}${why === '' ? '' : `, ${why}`}, ${span(nowMs - atMs)} ago <code>${id}</code></li>`,
  );
  return html`<ol>${rows}</ol>`;
}

const megabytes = (bytes: number): string => (bytes / 1_048_576).toFixed(1);

/** A time in words that change seldom, so that the page does, too. */
function span(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.round(seconds / 3_600)} h` : `${Math.round(seconds / 86_400)} days`;
}
