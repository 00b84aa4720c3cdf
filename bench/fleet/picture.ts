import type { Figures } from './figures.ts';

/** A run as a picture: for each cloud, how many jobs are done after how long, a line a way. */

/** One of the clouds in the picture. */
export interface Panel {
  readonly title: string;
  readonly figures: readonly Figures[];
}

const WIDTH = 860;
const PLOT = { left: 48, top: 56, width: 560, height: 190 };
const PANEL_HEIGHT = 310;
/** Colours that are told apart on white and on black, and by those who see no red. */
const COLOURS = ['#d55e00', '#8a8a8a', '#0072b2', '#009e73'];

/** An SVG that follows the reader's light or dark scheme. */
export function pictureOf(panels: readonly Panel[], note: string): string {
  const height = panels.length * PANEL_HEIGHT + 24;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="Jobs done over time, each way to the cloud">`,
    '<style>',
    'svg{background:#fff;color:#1f2328;font:13px system-ui,-apple-system,"Segoe UI",sans-serif}text{fill:currentColor}',
    '.t{font-weight:600;font-size:14px}.s{font-size:12px;opacity:.75}.g{stroke:currentColor;opacity:.15}',
    '@media(prefers-color-scheme:dark){svg{background:#0d1117;color:#e6edf3}}',
    '</style>',
    ...panels.flatMap((panel, index) => panelOf(panel, index * PANEL_HEIGHT)),
    `<text class="s" x="${PLOT.left}" y="${height - 10}">${escaped(note)}</text>`,
    '</svg>',
    '',
  ].join('\n');
}

function panelOf({ title, figures }: Panel, top: number): string[] {
  const jobs = Math.max(1, ...figures.map((way) => way.jobs));
  const lastSeconds = Math.max(1, ...figures.map(({ allDoneMs }) => allDoneMs / 1000));
  const step = stepOf(lastSeconds);
  const endSeconds = Math.ceil(lastSeconds / step) * step;
  const x = (seconds: number) => round(PLOT.left + (seconds / endSeconds) * PLOT.width);
  const y = (count: number) => round(top + PLOT.top + PLOT.height * (1 - count / jobs));
  const bottom = y(0);
  const right = PLOT.left + PLOT.width;
  const shares = [0, 0.25, 0.5, 0.75, 1].map((share) => Math.round(share * jobs));
  const times = Array.from({ length: Math.round(endSeconds / step) + 1 }, (_, index) => index * step);
  return [
    `<text class="t" x="${PLOT.left}" y="${top + 24}">${escaped(title)}</text>`,
    `<text class="s" x="${PLOT.left}" y="${top + 42}">jobs done, of ${jobs}</text>`,
    ...shares.flatMap((count) => [
      `<line class="g" x1="${PLOT.left}" x2="${right}" y1="${y(count)}" y2="${y(count)}"/>`,
      `<text class="s" x="${PLOT.left - 8}" y="${y(count) + 4}" text-anchor="end">${count}</text>`,
    ]),
    ...times.map(
      (time) =>
        `<text class="s" x="${x(time)}" y="${bottom + 18}" text-anchor="middle">${time === 0 ? '0' : `${time} s`}</text>`,
    ),
    ...figures.flatMap((way, index) => lineOf(way, COLOURS[index % COLOURS.length]!, x, y)),
    ...figures.flatMap((way, index) =>
      legendOf(way, COLOURS[index % COLOURS.length]!, right + 24, top + PLOT.top + 14 + index * 62),
    ),
  ];
}

/** A step up for each job that is done, up to the end of the way's last job, failed or not. */
function lineOf(
  { doneMs, allDoneMs }: Figures,
  colour: string,
  x: (seconds: number) => number,
  y: (count: number) => number,
): string[] {
  const steps = doneMs.map((ms, index) => `H${x(ms / 1000)}V${y(index + 1)}`).join('');
  const end = [x(allDoneMs / 1000), y(doneMs.length)];
  return [
    `<path d="M${x(0)} ${y(0)}${steps}H${end[0]}" fill="none" stroke="${colour}" stroke-width="2.5"/>`,
    `<circle cx="${end[0]}" cy="${end[1]}" r="4" fill="${colour}"/>`,
  ];
}

function legendOf(
  { way, jobs, failed, allDoneMs, region }: Figures,
  colour: string,
  x: number,
  y: number,
): string[] {
  const outcome = failed === 0 ? `all ${jobs} done` : `${jobs - failed} done, ${failed} failed`;
  return [
    `<rect x="${x}" y="${y - 10}" width="12" height="12" fill="${colour}"/>`,
    `<text x="${x + 20}" y="${y}" font-weight="600">${escaped(way)}</text>`,
    `<text class="s" x="${x + 20}" y="${y + 17}">${outcome} in ${Math.round(allDoneMs / 1000)} s</text>`,
    `<text class="s" x="${x + 20}" y="${y + 33}">${region.requests} requests, ${region.refusals} refused</text>`,
  ];
}

/** Seconds between two marks of the axis: some six to ten of them. */
const stepOf = (seconds: number): number =>
  [1, 2, 5, 10, 20, 30, 60, 120, 300, 600].find((step) => seconds / step <= 10) ?? 1200;

const round = (value: number): number => Math.round(value * 10) / 10;

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
