import { withoutByteOrderMark } from '../content-coding.ts';
import type { JsonValue } from '../json.ts';
import { type Hrefs, hrefsOf } from '../links/json-hrefs.ts';
import { type LongDocument, readLongDocument } from '../links/long-document.ts';
import { MOST_AT_ONCE } from '../turns.ts';
import { ExchangeError, type UpstreamAnswer } from './exchange.ts';
import { normaliseFault, parseRefusal } from './normalise.ts';

const NO_DOCUMENT = 'the body is no whole JSON document';

/** Reads the whole answers of one request; what was checked is not read again. */
export class AnswerReader {
  readonly #isForeign: boolean;
  #checked: UpstreamAnswer | undefined;
  #text = '';
  #hrefs: Hrefs = [];
  #long: LongDocument | undefined;

  /** @param isForeign they are another service's, whose refusals have a form of their own, which its clients know */
  constructor(isForeign = false) {
    this.#isForeign = isForeign;
  }

  /**
   * What is wrong with an answer, if anything. A success whose body is cut or garbled counts as no answer; see
   * `decideNext`. So does a read's that is empty: where bodies end with the connection, it was cut before its first byte. It
   * is said at once, but for a long answer.
   */
  check(
    answer: UpstreamAnswer,
    method: string,
  ): ExchangeError | undefined | Promise<ExchangeError | undefined> {
    if (answer.status >= 300 || isProse(answer)) return undefined;
    if (answer.flaw) return answer.flaw;
    if (answer.body.length === 0) {
      const isCut = method === 'GET' && answer.status !== 204;
      return isCut ? new ExchangeError('broken', true, 'the body is empty') : undefined;
    }
    const body = withoutByteOrderMark(answer.body);
    if (body.length > MOST_AT_ONCE) return this.#checkLong(answer, body);
    const text = body.toString();
    const hrefs = hrefsOf(body, text);
    if (hrefs === undefined) return new ExchangeError('broken', true, NO_DOCUMENT);
    this.#text = text;
    this.#hrefs = hrefs;
    this.#long = undefined;
    this.#checked = answer;
    return undefined;
  }

  async #checkLong(answer: UpstreamAnswer, body: Buffer): Promise<ExchangeError | undefined> {
    this.#long = await readLongDocument(body);
    if (this.#long === undefined) return new ExchangeError('broken', true, NO_DOCUMENT);
    this.#checked = answer;
    return undefined;
  }

  /** A success that is long, for whoever can deal with it bit by bit. */
  longOf(answer: UpstreamAnswer): LongDocument | undefined {
    return answer === this.#checked ? this.#long : undefined;
  }

  /** An answer's text as callers may see it: refusals are faults whatever shape they came in, a success is JSON or empty. */
  textOf(answer: UpstreamAnswer): string {
    if (answer === this.#checked) return this.#long?.bytes.toString() ?? this.#text;
    const isOwnWords =
      this.#isForeign && answer.status >= 400 && answer.body.length <= LONGEST_OWN_WORDS_BYTES;
    return isOwnWords ? textOf(answer) : readableText(answer);
  }

  /** Where the links of that text are; undefined: not known. */
  hrefsOf(answer: UpstreamAnswer): Hrefs | undefined {
    return answer === this.#checked && this.#long === undefined ? this.#hrefs : undefined;
  }
}

/** No service says no at greater length. */
const LONGEST_OWN_WORDS_BYTES = 1024 * 1024;

/** The parsed body of a refusal; undefined when it is no JSON. */
export function refusalBody(answer: UpstreamAnswer): JsonValue | undefined {
  return parseRefusal(textOf(answer, LONGEST_REFUSAL_BYTES));
}

/** Of a refusal that is longer the beginning is read, which shows that it is too long to be told (see `parseRefusal`). */
const LONGEST_REFUSAL_BYTES = 256 * 1024;

/** The text of what is no success with a document. */
function readableText(answer: UpstreamAnswer): string {
  const { status } = answer;
  if (status >= 400) return normaliseFault(status, textOf(answer, LONGEST_REFUSAL_BYTES));
  if (status >= 300) return documentOf(answer);
  return isProse(answer) ? '' : textOf(answer);
}

/** Real servers accept an action with a bit of HTML or text: nothing a caller could use. */
function isProse(answer: UpstreamAnswer): boolean {
  return answer.status === 202 && /^text\/(?:html|plain)/.test(answer.headers['content-type'] ?? '');
}

/** A redirect's body when it is a document; the HTML that usually stands there repeats the Location. */
function documentOf(answer: UpstreamAnswer): string {
  const text = textOf(answer, LONGEST_REFUSAL_BYTES);
  return parseRefusal(text) === undefined ? '' : text;
}

/** What an answer says; nothing where it could not be decoded. */
function textOf({ body }: UpstreamAnswer, mostBytes?: number): string {
  return withoutByteOrderMark(body).toString('utf8', 0, mostBytes);
}
