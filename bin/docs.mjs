// Rewrites the tables of docs/ from the code: `npm run docs`. Runs under tsx, since it reads the sources.
import { readFileSync, writeFileSync } from 'node:fs';
import { renderMetrics, renderSettings, replaceBetween } from '../src/config/reference.ts';
import { settingsSchema } from '../src/config/settings-schema.ts';

const PAGES = [
  ['configuration', 'settings', renderSettings(settingsSchema)],
  ['metrics', 'metrics', renderMetrics()],
];
for (const [page, name, table] of PAGES) {
  const file = new URL(`../docs/${page}.md`, import.meta.url);
  const before = readFileSync(file, 'utf8');
  const after = replaceBetween(before, name, table);
  if (after !== before) writeFileSync(file, after);
  console.log(`docs/${page}.md ${after === before ? 'is up to date' : 'has been rewritten'}.`);
}
