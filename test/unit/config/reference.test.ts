import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { renderMetrics, renderSettings, replaceBetween } from '../../../src/config/reference.ts';
import { settingsSchema } from '../../../src/config/settings-schema.ts';

describe('the tables of the documentation', () => {
  it.each([
    ['settings', 'configuration', () => renderSettings(settingsSchema)],
    ['metrics', 'metrics', renderMetrics],
  ])('%s are those of the code (npm run docs)', (name, page, render) => {
    const text = readFileSync(new URL(`../../../docs/${page}.md`, import.meta.url), 'utf8');
    expect(replaceBetween(text, name, render())).toBe(text);
  });

  it('say of every setting what it is for', () => {
    const rows = renderSettings(settingsSchema).split('\n').slice(2);
    expect(rows.length).toBeGreaterThan(60);
    expect(rows.filter((row) => row.endsWith('|  |'))).toEqual([]);
  });

  it('show the key, the default and what is accepted', () => {
    expect(renderSettings(settingsSchema)).toContain(
      '| `shutdown.graceMs` | `10000` | an integer from 0 to 600000 | How long requests under way',
    );
    expect(renderSettings(settingsSchema)).toContain('| `accounts[].identity.url` | required | text |');
  });

  it('need both markers', () => {
    expect(replaceBetween('a <!-- t -->old<!-- /t --> b', 't', 'new')).toBe(
      'a <!-- t -->\nnew\n<!-- /t --> b',
    );
    expect(() => replaceBetween('<!-- t --> open', 't', 'new')).toThrow('<!-- /t -->');
  });
});
