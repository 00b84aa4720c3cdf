import type { JsonValue } from '../../src/json.ts';
import type { Format } from '../../src/translation/format.ts';

/** How one exchange is compared between two ways to the same region. */
export type Comparison = 'all' | 'status' | 'none';

/** What an endpoint answered, and to what. */
export interface Answer {
  readonly method: string;
  /** As it was asked: below the tenant, or a full URL. */
  readonly url: string;
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The format of the body, by its content type; undefined when it has none. */
  readonly format: Format | undefined;
  /** The body as the JSON value it means, whichever its format; undefined when it is empty or no document. */
  readonly body: JsonValue | undefined;
  readonly comparison: Comparison;
}

/** Begin of a message about an answer: what was asked, what came. */
export function describeAnswer({ method, url, status, text }: Answer): string {
  return `${method} ${url} was answered ${status} ${text.slice(0, 300)}`.trimEnd();
}
