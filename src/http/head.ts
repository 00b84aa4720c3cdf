import { STATUS_CODES } from 'node:http';

/** Head fields of an answer, for Node and for the wire; each form is made on first use. */
export class Head {
  readonly shared: SharedFields;
  readonly #status: 200 | 304;
  /** What this answer says beside the shared fields, names and values in turn. */
  readonly #own: readonly string[];
  #lines: readonly string[] | undefined;
  #text: string | undefined;

  constructor(status: 200 | 304, shared: SharedFields, own: readonly string[]) {
    this.#status = status;
    this.shared = shared;
    this.#own = own;
  }

  /** Names and values in turn. */
  get lines(): readonly string[] {
    this.#lines ??= [...this.shared.lines, ...this.#own];
    return this.#lines;
  }

  /** The status line and the fields, each with its line end: what Node would write, `Date` included. */
  get text(): string {
    this.#text ??= `HTTP/1.1 ${this.#status} ${STATUS_CODES[this.#status]}\r\n${this.shared.text}${textOf(this.#own)}`;
    return this.#text;
  }
}

/**
 * What answers of one age say alike: ages count in seconds, so all hits of a second share it, those on items that were
 * computed from one list, too.
 */
export interface SharedFields {
  readonly second: number;
  readonly storedAt: number;
  readonly freshUntil: number;
  readonly reason: string;
  readonly region: string;
  readonly lines: readonly string[];
  /** The same as text, with `Date`. */
  readonly text: string;
}

/** Fields, names and values in turn, each with its line end. */
export function textOf(lines: readonly string[]): string {
  let text = '';
  for (let at = 0; at < lines.length; at += 2) text += `${lines[at]}: ${lines[at + 1]}\r\n`;
  return text;
}
