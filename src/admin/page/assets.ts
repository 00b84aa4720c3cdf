/** The style sheet of the status page: no font, picture or script of anybody else's. */
export const STYLE = `:root { --ink: #1b1f24; --paper: #ffffff; --line: #d0d7de; --soft: #f6f8fa; --good: #116329; --bad: #a40e26; --warn: #7d4e00;
  --hit: #2da44e; --stale: #d4a72c; --coalesced: #54aeff; --miss: #8250df; --pass: #8c959f; --free: #d0d7de; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --paper: #0d1117; --line: #30363d; --soft: #161b22; --good: #56d364; --bad: #ff7b72; --warn: #e3b341; --free: #30363d; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 0.5rem 1rem 2rem; max-width: 70rem; color: var(--ink); background: var(--paper); font: 15px/1.45 system-ui, sans-serif; overflow-wrap: anywhere; }
header { display: flex; flex-wrap: wrap; gap: 0 1rem; align-items: baseline; }
h1 { font-size: 1.3rem; margin: 0.4rem 0; } h2 { font-size: 1.1rem; margin: 0 0 0.4rem; } h3 { font-size: 1rem; margin: 0.4rem 0 0.2rem; }
p { margin: 0.2rem 0; } ul, ol { margin: 0.2rem 0; padding-left: 1.3rem; }
section { margin: 0.8rem 0; padding: 0.7rem; border: 1px solid var(--line); border-radius: 6px; background: var(--soft); }
#summary { border-left: 6px solid var(--good); } #summary.degraded, #summary.stopping { border-left-color: var(--bad); }
.parts, .limits, .pictures { display: grid; gap: 0.6rem 1.2rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 17rem), 1fr)); }
.up strong { color: var(--good); } .down strong { color: var(--bad); } .spent { color: var(--warn); } .todo::before { content: "To do: "; font-weight: 600; }
.counts { font-size: 0.9rem; } figure { margin: 0; } svg { display: block; width: 100%; } svg.hour { height: 4.5rem; border-bottom: 1px solid var(--line); } svg.gauge { height: 0.7rem; }
.free { fill: var(--free); } .used { fill: var(--miss); } .reserved { fill: var(--stale); }
rect.hit { fill: var(--hit); } rect.stale { fill: var(--stale); } rect.coalesced { fill: var(--coalesced); } rect.miss { fill: var(--miss); } rect.pass { fill: var(--pass); }
.key::before { content: ""; display: inline-block; width: 0.7em; height: 0.7em; margin-right: 0.25em; border-radius: 2px; }
.key.hit::before { background: var(--hit); } .key.stale::before { background: var(--stale); } .key.coalesced::before { background: var(--coalesced); } .key.miss::before { background: var(--miss); } .key.pass::before { background: var(--pass); }
`;

/** The script of the status page: puts in each section as it changes, and says when nothing comes any more. */
export const SCRIPT = `'use strict';
const live = document.getElementById('live');
const say = (text) => { if (live.textContent !== text) live.textContent = text; };
const source = new EventSource('/status/events');
source.addEventListener('open', () => say('live'));
source.addEventListener('error', () => say('not connected, trying again'));
source.addEventListener('status', (event) => {
  say('live');
  const next = new DOMParser().parseFromString(event.data, 'text/html');
  for (const section of next.querySelectorAll('section')) {
    const current = document.getElementById(section.id);
    if (current !== null && current.outerHTML !== section.outerHTML) current.replaceWith(section);
  }
});
`;

/** Nothing but what this listener itself gives, and no script or style within the page. */
export const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
