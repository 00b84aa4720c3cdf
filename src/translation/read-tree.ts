/**
 * XML text as a small tree of elements: streamed through a strict, namespace-aware parser, bounded in every
 * direction, without DTD and without entities beyond the five.
 */
import { type SaxesAttributeNS, SaxesParser, type SaxesTagNS } from 'saxes';
import { nextTurn } from '../turns.ts';
import { uriOfUndeclaredPrefix } from './namespaces.ts';
import { positionAt } from './text.ts';
import { crowdedTag } from './xml-attributes.ts';
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

/** How large a document may be. */
export interface XmlBounds {
  /** Of the whole document. */
  readonly characters: number;
  readonly elements: number;
  readonly depth: number;
  /** Of one element. */
  readonly attributes: number;
}

/** No answer of the API comes near these. */
export const XML_BOUNDS: XmlBounds = {
  characters: 16 * 1024 * 1024,
  elements: 200_000,
  depth: 32,
  attributes: 100,
};
/** A request has no long lists; a megabyte of the smallest elements would keep everybody else waiting. */
export const XML_REQUEST_BOUNDS: XmlBounds = { ...XML_BOUNDS, elements: 10_000 };
/** A login is a few hundred characters, and anybody may send one. */
export const XML_LOGIN_BOUNDS: XmlBounds = { ...XML_BOUNDS, characters: 64 * 1024, elements: 100 };

/** Characters that are read before others have their turn: no more of them than a loop that is not to stall can take. */
const CHARACTERS_PER_TURN = 32 * 1024;

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

/** A document that was read. */
export interface XmlTree {
  readonly root: XmlNode;
  /** Makes the error for a root element that the caller does not take. */
  readonly refuse: (message: string) => XmlError;
}

/**
 * Reads a document.
 *
 * @throws XmlError only: malformed, forbidden (DTD, entity) or out of bounds
 */
export function readTree(text: string, bounds = XML_BOUNDS): XmlTree {
  const reading = new Reading(text, bounds);
  reading.take(text);
  return treeOf(text, reading.end());
}

/** The same, a slice in each turn of the event loop. Rejects with what `readTree` throws. */
export async function readTreeInTurns(text: string, bounds = XML_BOUNDS): Promise<XmlTree> {
  const reading = new Reading(text, bounds);
  for (let at = 0; at < text.length; at += CHARACTERS_PER_TURN) {
    if (at > 0) await nextTurn();
    reading.take(text.slice(at, at + CHARACTERS_PER_TURN));
  }
  return treeOf(text, reading.end());
}

function treeOf(text: string, root: XmlNode): XmlTree {
  const refuse = (message: string) => {
    const { line, column } = positionAt(text, Math.max(0, text.indexOf(`<${nameOf(root)}`)));
    return new XmlError('root', message, line, column);
  };
  return { root, refuse };
}

const nameOf = ({ prefix, local }: XmlNode): string => (prefix === '' ? local : `${prefix}:${local}`);

class Reading {
  readonly #text: string;
  readonly #bounds: XmlBounds;
  readonly #parser = new SaxesParser(OPTIONS);
  readonly #open: OpenNode[] = [];
  #root: XmlNode | undefined;
  #elements = 0;

  /**
   * Few handlers, and the rare ones only when there is something for them: beyond a handful the engine turns the
   * parser into a dictionary, and parsing takes eight times as long.
   */
  constructor(text: string, bounds: XmlBounds) {
    this.#text = text;
    this.#bounds = bounds;
    if (text.length > bounds.characters)
      this.#fail('bounds', `The document is longer than ${bounds.characters} characters`);
    if (text.trim() === '') this.#fail('malformed', 'The body is empty where XML was expected');
    this.#checkAttributes();
    const parser = this.#parser;
    parser.on('error', (error) => this.#malformed(error.message));
    parser.on('opentag', (tag) => this.#openElement(tag));
    parser.on('closetag', () => void this.#open.pop());
    parser.on('text', (piece) => this.#addText(piece));
    if (text.includes('<![CDATA[')) parser.on('cdata', (piece) => this.#addText(piece));
    if (text.includes('<!DOCTYPE'))
      parser.on('doctype', () => this.#fail('forbidden', 'A document type (DTD) is not allowed'));
  }

  /** Takes the next piece of the document. */
  take(piece: string): void {
    this.#parser.write(piece);
  }

  /** The root element, once all pieces were taken. */
  end(): XmlNode {
    this.#parser.close();
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

  #checkAttributes(): void {
    const { attributes } = this.#bounds;
    const tag = crowdedTag(this.#text, attributes);
    if (tag < 0) return;
    const { line, column } = positionAt(this.#text, tag);
    throw new XmlError('bounds', `An element has more than ${attributes} attributes`, line, column);
  }

  #checkBounds(): void {
    if (++this.#elements > this.#bounds.elements)
      this.#fail('bounds', `The document has more than ${this.#bounds.elements} elements`);
    if (this.#open.length >= this.#bounds.depth)
      this.#fail('bounds', `The document is nested deeper than ${this.#bounds.depth} elements`);
  }

  /** Attributes that say something: declarations, `xml:` and schema hints address XML processors only. */
  #attributes({ attributes }: SaxesTagNS): readonly SaxesAttributeNS[] {
    const kept: SaxesAttributeNS[] = [];
    for (const name in attributes) {
      const attribute = attributes[name]!;
      const { uri } = attribute;
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
