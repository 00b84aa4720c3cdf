// Rewrites the tables of README.md from the code: `npm run docs`. Runs under tsx, since it reads the sources.
import { readFileSync, writeFileSync } from 'node:fs';
import { settingsSchema } from '../src/config/load.ts';
import { renderMetrics, renderSettings, replaceBetween } from '../src/config/reference.ts';

const file = new URL('../README.md', import.meta.url);
const before = readFileSync(file, 'utf8');
const after = replaceBetween(
  replaceBetween(before, 'settings', renderSettings(settingsSchema)),
  'metrics',
  renderMetrics(),
);
if (after !== before) writeFileSync(file, after);
console.log(after === before ? 'README.md is up to date.' : 'README.md has been rewritten.');
