/** Why an XML body is refused. */
export type XmlErrorReason =
  /** Not well-formed (XML 1.0, Namespaces in XML 1.0), or not UTF-8. */
  | 'malformed'
  /** Well-formed perhaps, but with a DTD or an entity beyond the five: never read. */
  | 'forbidden'
  /** Larger or deeper than any document of the API. */
  | 'bounds'
  /** A root element that this operation does not take. */
  | 'root';

/** The one error that reading XML throws. Lines and columns count from 1; the message names them. */
export class XmlError extends Error {
  override readonly name = 'XmlError';
  readonly reason: XmlErrorReason;
  readonly line: number;
  readonly column: number;

  constructor(reason: XmlErrorReason, message: string, line: number, column: number) {
    super(`${message} (line ${line}, column ${column})`);
    this.reason = reason;
    this.line = line;
    this.column = column;
  }
}

/** A document holds something that is too large to be written as XML without keeping others waiting. */
export class XmlSizeError extends Error {
  override readonly name = 'XmlSizeError';
}
