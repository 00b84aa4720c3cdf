import { SaxesParser, type SaxesTagNS } from 'saxes';

interface Element {
  name: string;
  attributes: string[];
  children: Element[];
  text: string;
}

/**
 * A document's canonical text for comparisons: names by namespace URI, attributes sorted, layout between elements
 * dropped. Prefixes, attribute order and CDATA make no difference; anything else does. Strict: an undeclared prefix
 * throws.
 */
export function canonicalXml(xml: string): string {
  return parseStrictly(xml)
    .map((child) => print(child, ''))
    .join('');
}

/** The root element; throws when the document is not well-formed or its namespaces are not in order. */
export function parseStrictly(xml: string): Element[] {
  const parser = new SaxesParser({ xmlns: true });
  const document: Element = { name: '', attributes: [], children: [], text: '' };
  const open = [document];
  const addText = (text: string) => {
    open.at(-1)!.text += text;
  };
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', (tag) => {
    const element = newElement(tag);
    open.at(-1)!.children.push(element);
    open.push(element);
  });
  parser.on('closetag', () => void open.pop());
  parser.on('text', addText);
  parser.on('cdata', addText);
  parser.write(xml).close();
  return document.children;
}

function newElement(tag: SaxesTagNS): Element {
  const attributes = Object.values(tag.attributes)
    .filter(({ uri }) => uri !== 'http://www.w3.org/2000/xmlns/')
    .map(({ uri, local, value }) => `{${uri}}${local}=${JSON.stringify(value)}`)
    .sort();
  return { name: `{${tag.uri}}${tag.local}`, attributes, children: [], text: '' };
}

function print({ name, attributes, children, text }: Element, indent: string): string {
  const head = `${indent}${[name, ...attributes].join(' ')}`;
  if (children.length > 0 && text.trim() !== '') throw new Error(`${name} mixes text and elements`);
  if (children.length === 0) return `${head} ${JSON.stringify(text)}\n`;
  return `${head}\n${children.map((child) => print(child, `${indent}  `)).join('')}`;
}
