import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

const at = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** A query of Prometheus' language, and where it stands. */
export interface Query {
  readonly where: string;
  readonly expression: string;
}

interface Rule {
  readonly record?: string;
  readonly alert?: string;
  readonly expr: string;
  readonly annotations?: { readonly runbook: string };
}

/** The rules of `config/prometheus/rules.yml`. */
export function rules(): Rule[] {
  const { groups } = parse(readFileSync(at('config/prometheus/rules.yml'), 'utf8')) as {
    groups: { rules: Rule[] }[];
  };
  return groups.flatMap((group) => group.rules);
}

export const ruleQueries = (): Query[] =>
  rules().map(({ record, alert, expr }) => ({ where: (record ?? alert)!, expression: expr }));

/** The queries of all dashboards. */
export function dashboardQueries(): Query[] {
  const folder = at('config/grafana/dashboards');
  return readdirSync(folder).flatMap((file) => {
    const { panels, templating } = JSON.parse(readFileSync(`${folder}/${file}`, 'utf8')) as {
      panels: { title: string; targets: { expr: string }[] }[];
      templating: { list: { name: string; query: { query: string } }[] };
    };
    return [
      ...panels.flatMap(({ title, targets }) =>
        targets.map(({ expr }) => ({ where: `${file}: ${title}`, expression: expr })),
      ),
      ...templating.list.map(({ name, query }) => ({ where: `${file}: $${name}`, expression: query.query })),
    ];
  });
}

/** The table of questions of docs/on-call.md. */
export function questionQueries(): Query[] {
  const text = readFileSync(at('docs/on-call.md'), 'utf8');
  return [...text.matchAll(/^\| (.+?) \| `(.+)` \|$/gm)].map(([, where, expression]) => ({
    where: where!,
    expression: expression!.replaceAll('\\|', '|'),
  }));
}
