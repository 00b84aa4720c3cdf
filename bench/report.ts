import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { Comparison } from './measure.ts';

/** A Markdown table of a comparison; ratios are to the peer named `base`, which is 1.00. */
export function tableOf(comparison: Comparison, base: string): string {
  const unit = comparison.figures.find(({ name }) => name === base)?.cpuMicros;
  const rows = comparison.figures.map(({ name, cpuMicros, spread, perSecond }) => {
    const ratio = unit === undefined ? 'n/a' : (cpuMicros / unit).toFixed(2);
    const [low, high] = spread.map((value) => value.toFixed(1));
    return `| ${name} | ${cpuMicros.toFixed(1)} | ${low}–${high} | ${ratio} | ${Math.round(perSecond)} |`;
  });
  const head = [
    '| server | CPU µs/request | lowest–highest round | ratio | requests/s |',
    '| --- | ---: | ---: | ---: | ---: |',
  ];
  return [...head, ...rows, ...comparison.skipped.map((line) => `\n${line}`)].join('\n');
}

const END = '<!-- end of results -->';

/** Puts the results between the markers of a file, those of that command; throws when it has none. */
export function writeResults(file: string, markdown: string, command = 'npm run bench'): void {
  const opening = `<!-- results: written by ${command} -->`;
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const begin = text.indexOf(opening);
  const end = text.indexOf(END, begin);
  if (begin === -1 || end === -1) throw new Error(`${file} lacks the markers ${opening} and ${END}`);
  writeFileSync(file, `${text.slice(0, begin + opening.length)}\n\n${markdown}\n\n${text.slice(end)}`);
}
