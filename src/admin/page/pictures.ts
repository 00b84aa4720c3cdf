import { html, type Markup } from '../../http/html.ts';
import type { LimitStanding } from '../../limits/snapshot.ts';
import type { MinuteOfCache } from '../../telemetry/last-hour.ts';

/** Verdicts from the bottom of a column to its top; each is a class of the style sheet. */
const VERDICTS = ['hit', 'stale', 'coalesced', 'miss', 'pass'] as const;

const COLUMNS = 60;
const HEIGHT = 40;

/** The verdicts of the last hour, a column a minute. */
export function verdictPicture(minutes: readonly MinuteOfCache[]): Markup {
  const sums = minutes.map(({ verdicts }) => sum(VERDICTS.map((name) => verdicts[name] ?? 0)));
  const most = Math.max(1, ...sums);
  const bars = minutes.flatMap(({ verdicts }, index) => {
    let top = HEIGHT;
    return VERDICTS.map((name) => {
      const height = ((verdicts[name] ?? 0) * HEIGHT) / most;
      top -= height;
      return html`<rect class="${name}" x="${COLUMNS - minutes.length + index}" y="${round(top)}" width="0.9" height="${round(height)}"></rect>`;
    });
  });
  const totals = VERDICTS.map((name) => `${name} ${sum(minutes.map(({ verdicts }) => verdicts[name] ?? 0))}`);
  return picture(`Verdicts of the cache in the last hour: ${totals.join(', ')}`, bars);
}

/** The requests to regions that were not needed, a column a minute. */
export function savingPicture(minutes: readonly MinuteOfCache[]): Markup {
  const most = Math.max(1, ...minutes.map(({ saved }) => saved));
  const bars = minutes.map(({ saved }, index) => {
    const height = (saved * HEIGHT) / most;
    return html`<rect class="hit" x="${COLUMNS - minutes.length + index}" y="${round(HEIGHT - height)}" width="0.9" height="${round(height)}"></rect>`;
  });
  const total = sum(minutes.map(({ saved }) => saved));
  return picture(`Requests to regions saved in the last hour: ${total}`, bars);
}

/** A limit as a gauge: used, reserved and free. */
export function gauge({ limit, remaining, reserved }: LimitStanding): Markup {
  const whole = Math.max(1, limit.value);
  const held = Math.min(reserved, whole);
  const used = Math.max(0, whole - remaining - held);
  const at = (count: number): number => round((count * 100) / whole);
  return html`<svg class="gauge" viewBox="0 0 100 6" preserveAspectRatio="none" role="img" aria-label="${Math.round(at(used))} % used"><rect class="free" width="100" height="6"></rect><rect class="used" width="${at(used)}" height="6"></rect><rect class="reserved" x="${at(used)}" width="${at(held)}" height="6"></rect></svg>`;
}

function picture(label: string, bars: readonly Markup[]): Markup {
  return html`<svg class="hour" viewBox="0 0 ${COLUMNS} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="${label}">${bars}</svg>`;
}

const round = (value: number): number => Math.round(value * 100) / 100;

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
