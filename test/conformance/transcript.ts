import { isJsonObject, type JsonObject, type JsonValue } from '../../src/json.ts';
import type { Answer } from './answer.ts';

/** What one section's exchanges looked like, in a form that is equal for two ways to equal regions. */
export type Transcript = readonly Entry[];

export interface Entry {
  /** What was asked, `GET {base}/servers/{id-1}`. */
  readonly request: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: JsonValue | undefined;
}

/** Headers the guide promises something about. */
const COMPARED = ['content-type', 'location', 'allow', 'retry-after'] as const;

/** Members whose values are made anew in every run. */
const VOLATILE: Readonly<Record<string, string>> = {
  adminPass: '{password}',
  hostId: '{host}',
  bandwidth_inbound: '{bytes}',
  bandwidth_outbound: '{bytes}',
};

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;

/**
 * Writes exchanges down: the region's root becomes `{root}`, and ids are numbered in the order in which they appear.
 *
 * @param root the region's, as this client sees it
 */
export function transcribe(answers: readonly Answer[], root: string): Transcript {
  const ids = new Map<string, string>();
  const plain = (text: string): string =>
    text
      .replaceAll(root, '{root}')
      .replaceAll(encodeURIComponent(root), '{root}')
      .replace(UUID, (id) => {
        if (!ids.has(id)) ids.set(id, `{id-${ids.size + 1}}`);
        return ids.get(id)!;
      });
  return answers
    .filter((answer) => answer.comparison !== 'none')
    .map((answer) => {
      const request = `${answer.method} ${plain(answer.url)}`;
      const { status } = answer;
      if (answer.comparison === 'status') return { request, status, headers: {}, body: undefined };
      return { request, status, headers: headersOf(answer, plain), body: comparable(answer.body, plain) };
    });
}

/** The type of an empty body says nothing: nova names JSON there, a gateway the caller's format. */
function headersOf({ headers, text }: Answer, plain: (text: string) => string): Record<string, string> {
  const kept = COMPARED.flatMap((name) => {
    const value = name === 'content-type' && text === '' ? null : headers.get(name);
    // A charset says nothing new about JSON and XML.
    return value === null ? [] : [[name, plain(value).replace(/;\s*charset=utf-8$/i, '')] as const];
  });
  return Object.fromEntries(kept);
}

function comparable(value: JsonValue | undefined, plain: (text: string) => string): JsonValue | undefined {
  // Links to a version are written with a slash at the end or without, and both are good.
  if (typeof value === 'string') return plain(value).replace(/^(\{root\}\/v2)\/$/, '$1');
  if (Array.isArray(value)) return value.map((item) => comparable(item, plain)!);
  if (!isJsonObject(value)) return value;
  const result: JsonObject = {};
  for (const key of Object.keys(value).sort())
    result[plain(key)] = VOLATILE[key] ?? comparable(value[key], plain)!;
  return result;
}
