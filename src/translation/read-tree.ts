/**
 * XML text as a small tree of elements: streamed through a strict, namespace-aware parser, bounded in every
 * direction, without DTD and without entities beyond the five.
 */
import { type SaxesAttributeNS, SaxesParser, type SaxesTagNS } from 'saxes';
import { uriOfUndeclaredPrefix } from './namespaces.ts';
import { positionAt } from './text.ts';
import { XmlError, type XmlErrorReason } from './xml-error.ts';

/** An element. Attributes are in the document's order, namespace declarations left out. */
export interface XmlNode {
  readonly uri: string;
  readonly prefix: string;
  readonly local: string;
  readonly attributes: readonly SaxesAttributeNS[];
  readonly children: readonly XmlNode[];
  /** All its character data, CDATA included, as one string. */
  readonly text: string;
}

/** No document of the API comes near these. */
export const XML_BOUNDS = {
  /** Characters of a whole document; answers (long lists) may be longer than any request. */
  characters: 16 * 1024 * 1024,
  elements: 200_000,
  depth: 32,
  attributes: 100,
} as const;

const XMLNS = 'http://www.w3.org/2000/xmlns/';
const SCHEMA_INSTANCE = 'http://www.w3.org/2001/XMLSchema-instance';
const XML = 'http://www.w3.org/XML/1998/namespace';

/** A node while it is being read. */
interface OpenNode extends XmlNode {
  readonly children: XmlNode[];
  text: string;
}

const OPTIONS = {
  xmlns: true,
  position: false,
  // XML 1.1 would let control characters in.
  defaultXMLVersion: '1.0',
  forceXMLVersion: true,
  resolvePrefix: uriOfUndeclaredPrefix,
} as const;

/**
 * Reads a document. `refuse` makes the error for a root element that the caller does not take.
 *
 * @throws XmlError only: malformed, forbidden (DTD, entity) or out of bounds
 */
export function readTree(text: string): { root: XmlNode; refuse: (message: string) => XmlError } {
  const root = new Reading(text).read();
  const refuse = (message: string) => {
    const { line, column } = positionAt(text, Math.max(0, text.indexOf(`<${nameOf(root)}`)));
    return new XmlError('root', message, line, column);
  };
  return { root, refuse };
}

const nameOf = ({ prefix, local }: XmlNode): string => (prefix === '' ? local : `${prefix}:${local}`);

class Reading {
  readonly #text: string;
  readonly #parser = new SaxesParser(OPTIONS);
  readonly #open: OpenNode[] = [];
  #root: XmlNode | undefined;
  #elements = 0;

  /**
   * Few handlers, and the rare ones only when there is something for them: beyond a handful the engine turns the
   * parser into a dictionary, and parsing takes eight times as long.
   */
  constructor(text: string) {
    this.#text = text;
    const parser = this.#parser;
    parser.on('error', (error) => this.#malformed(error.message));
    parser.on('opentag', (tag) => this.#openElement(tag));
    parser.on('closetag', () => void this.#open.pop());
    parser.on('text', (piece) => this.#addText(piece));
    if (text.includes('<![CDATA[')) parser.on('cdata', (piece) => this.#addText(piece));
    if (text.includes('<!DOCTYPE'))
      parser.on('doctype', () => this.#fail('forbidden', 'A document type (DTD) is not allowed'));
  }

  read(): XmlNode {
    if (this.#text.length > XML_BOUNDS.characters)
      this.#fail('bounds', `The document is longer than ${XML_BOUNDS.characters} characters`);
    if (this.#text.trim() === '') this.#fail('malformed', 'The body is empty where XML was expected');
    this.#parser.write(this.#text).close();
    return this.#root!;
  }

  #openElement(tag: SaxesTagNS): void {
    const { uri, prefix, local } = tag;
    const parent = this.#open[this.#open.length - 1];
    if (parent === undefined) this.#checkEncoding(this.#parser.xmlDecl.encoding);
    this.#checkBounds();
    const node: OpenNode = { uri, prefix, local, attributes: this.#attributes(tag), children: [], text: '' };
    if (parent === undefined) this.#root = node;
    else parent.children.push(node);
    this.#open.push(node);
  }

  #checkBounds(): void {
    if (++this.#elements > XML_BOUNDS.elements)
      this.#fail('bounds', `The document has more than ${XML_BOUNDS.elements} elements`);
    if (this.#open.length >= XML_BOUNDS.depth)
      this.#fail('bounds', `The document is nested deeper than ${XML_BOUNDS.depth} elements`);
  }

  /** Attributes that say something: declarations, `xml:` and schema hints address XML processors only. */
  #attributes({ attributes }: SaxesTagNS): readonly SaxesAttributeNS[] {
    const kept: SaxesAttributeNS[] = [];
    let count = 0;
    for (const name in attributes) {
      const attribute = attributes[name]!;
      const { uri } = attribute;
      if (++count > XML_BOUNDS.attributes)
        this.#fail('bounds', `An element has more than ${XML_BOUNDS.attributes} attributes`);
      if (uri !== XMLNS && uri !== XML && uri !== SCHEMA_INSTANCE) kept.push(attribute);
    }
    return kept;
  }

  #addText(text: string): void {
    const node = this.#open[this.#open.length - 1];
    if (node !== undefined) node.text += text;
  }

  /** The text is already decoded as UTF-8; another declared encoding would have garbled all but ASCII. */
  #checkEncoding(encoding: string | undefined): void {
    if (encoding === undefined || /^(?:utf-?8|us-ascii|ascii)$/i.test(encoding)) return;
    if (IS_ASCII.test(this.#text)) return;
    this.#fail('malformed', `The document says it is ${encoding}; send UTF-8`);
  }

  #malformed(message: string): never {
    if (message.startsWith('undefined entity'))
      this.#fail('forbidden', 'An entity is not one of &amp; &lt; &gt; &quot; &apos;');
    return this.#fail('malformed', `The XML is not well-formed: ${message.replace(/\.$/, '')}`);
  }

  #fail(reason: XmlErrorReason, message: string): never {
    throw new XmlError(reason, message, this.#parser.line, Math.max(1, this.#parser.columnIndex));
  }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII, controls included
const IS_ASCII = /^[\u0000-\u007f]*$/;
