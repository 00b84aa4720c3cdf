/** The two formats of the API (guide section 1.4). */
export type Format = 'json' | 'xml';

/** The `Content-Type` of an answer; real servers name no charset, both formats are UTF-8. */
export function contentTypeOf(format: Format): string {
  return format === 'json' ? 'application/json' : 'application/xml';
}
