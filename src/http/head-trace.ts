/** So much of a line tells a request line from a field. */
const LINE_START = 24;
const REQUEST_LINE = /^[A-Z-]{1,20} /;

/**
 * The little that is remembered of a head which Node has not read to its end, so that it is answered rightly if it never is:
 * how its line begins that is under way, and whether it may be that of a HEAD.
 */
export class HeadTrace {
  /** True when the answer may be one to a HEAD, and so has no body. */
  mayBeHead = false;
  #line = '';

  /** Takes note of bytes that the parser has been given. */
  follow(bytes: Buffer): void {
    this.#line = lineAfter(this.#line, bytes);
    // What is before the end of a head has been read.
    this.mayBeHead ||= bytes.includes('HEAD ', bytes.lastIndexOf('\r\n\r\n') + 1);
  }

  /** A request was read: what was before belongs to it. */
  begun(): void {
    this.mayBeHead = false;
  }

  /** True when the parser stopped in a request line behind these bytes, which it has been given just now. */
  isInRequestLine(bytes: Buffer): boolean {
    return REQUEST_LINE.test(lineAfter(this.#line, bytes));
  }
}

/** How the line begins that is under way after these bytes, when it began like `line` before them. */
function lineAfter(line: string, bytes: Buffer): string {
  const lineEnd = bytes.lastIndexOf(0x0a);
  if (lineEnd < 0 && line.length >= LINE_START) return line;
  const more = bytes.toString('latin1', lineEnd + 1, lineEnd + 1 + LINE_START);
  return lineEnd < 0 ? line + more : more;
}
