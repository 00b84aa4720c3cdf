import { acceptedBy } from '../settings/accepted.ts';
import { alternatives, kindsOf, type SchemaNode } from '../settings/schema-walk.ts';
import { METRICS } from '../telemetry/metrics.ts';

/** One setting as the reference shows it. */
interface Setting {
  readonly key: string;
  readonly schema: SchemaNode;
  readonly isRequired: boolean;
}

/** The Markdown table of all settings; list members are written `[]`, free keys `*`. */
export function renderSettings(schema: SchemaNode): string {
  const rows = settingsOf(schema, '').map(({ key, schema: setting, isRequired }) => [
    `\`${key}\``,
    isRequired && setting.default === undefined ? 'required' : showDefault(setting.default),
    acceptedBy(setting),
    setting.description ?? '',
  ]);
  return renderTable(['setting', 'default', 'accepted', 'what it is for'], rows);
}

/** The Markdown table of all metrics. */
export function renderMetrics(): string {
  const rows = Object.values(METRICS).map(({ name, type, help, labels }) => [
    `\`${name}\``,
    type,
    labels.map((label) => `\`${label}\``).join(', '),
    help,
  ]);
  return renderTable(['metric', 'type', 'labels', 'what it says'], rows);
}

/** A Markdown table; `|` in cells is escaped. */
export function renderTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/**
 * `document` with what stands between `<!-- name -->` and `<!-- /name -->` replaced by `content`.
 *
 * @throws Error when a marker is missing
 */
export function replaceBetween(document: string, name: string, content: string): string {
  const [opening, closing] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const start = document.indexOf(opening);
  const end = document.indexOf(closing, start);
  if (start === -1 || end === -1) throw new Error(`The markers ${opening} and ${closing} are missing.`);
  return `${document.slice(0, start + opening.length)}\n${content}\n${document.slice(end)}`;
}

function settingsOf(schema: SchemaNode, prefix: string): Setting[] {
  const below = prefix === '' ? '' : `${prefix}.`;
  const members = Object.entries(schema.properties ?? {}).flatMap(([key, member]) => {
    if (member.internal === true) return [];
    const nested = settingsOf(member, `${below}${key}`);
    const isMapping = kindsOf(member).every((kind) => kind === 'object');
    if (nested.length > 0 && isMapping) return nested;
    const isRequired = schema.required?.includes(key) === true;
    return [{ key: `${below}${key}`, schema: member, isRequired }, ...nested];
  });
  const items = schema.items === undefined ? [] : settingsOf(schema.items, `${prefix}[]`);
  return [...members, ...items, ...alternatives(schema).flatMap((choice) => settingsOf(choice, prefix))];
}

/** Long defaults, such as tables of limits, would drown the row. */
function showDefault(value: unknown): string {
  if (value === undefined) return '';
  const text = JSON.stringify(value);
  return text.length > 40 ? 'built in' : `\`${text}\``;
}
