/** A refusal of Glance's: a page of its web framework, with the code and a text. */
export class GlanceError extends Error {
  override readonly name = 'GlanceError';
  readonly code: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: number, message: string, headers: Record<string, string> = {}) {
    super(message);
    this.code = code;
    this.headers = headers;
  }
}
