import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import type { DocumentName } from '../../../src/operations/operation.ts';
import { ACTION_NAMES, DOCUMENTS } from '../../../src/operations/resources/documents.ts';
import { readIdentityXml, readXml, readXmlAnswer, XmlError } from '../../../src/translation/read-xml.ts';
import { goldenFolders, goldenPairs } from './golden.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const DOCUMENTS_TO_READ = 100_000;

/** A small generator of numbers (mulberry32): the same mutations in every run. */
function createRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const corpus = goldenFolders()
  .flatMap((folder) => goldenPairs(folder))
  .map(({ xml }) => xml)
  .filter((xml) => xml.length < 1500);

/** Pieces that break or bend XML. */
const PIECES = [
  ...[
    '<',
    '>',
    '</',
    '/>',
    '&',
    '&amp;',
    '&lt',
    '&#0;',
    '&#x10FFFF;',
    '&#xD800;',
    '&nope;',
    '"',
    "'",
    '=',
    ' ',
    '\n',
  ],
  ...[
    '<!DOCTYPE a [<!ENTITY b "c">]>',
    '<!--',
    '-->',
    '--',
    '<![CDATA[',
    ']]>',
    '<?xml version="1.0"?>',
    '<?p i?>',
  ],
  ...[
    'xmlns=""',
    'xmlns:a=""',
    ' xmlns:a="urn:a"',
    ' a:b="c"',
    ' OS-DCF:diskConfig="AUTO"',
    'xml:',
    'xmlns:',
    ':',
  ],
  ...[
    '\u0000',
    '\ud800',
    '\udc00',
    '\ufffe',
    '\ufeff',
    'é',
    '🗄',
    '<a>',
    '</a>',
    '<a/>',
    '<meta key="__proto__"/>',
  ],
  ...[
    '<a '.repeat(40),
    '<a>'.repeat(60),
    ' x="1"'.repeat(3),
    '<server/>',
    '</server>',
    '<uuid/>',
    '{}',
    'None',
  ],
];

type Random = ReturnType<typeof createRandom>;
type Mutation = (text: string, random: Random) => string;

const MUTATIONS: readonly Mutation[] = [
  (text, random) => text.slice(0, random(text.length + 1)),
  (text, random) => splice(text, random(text.length + 1), random(8), ''),
  (text, random) => splice(text, random(text.length + 1), 0, PIECES[random(PIECES.length)]!),
  (text, random) => splice(text, random(text.length + 1), random(4), PIECES[random(PIECES.length)]!),
  (text, random) => splice(text, random(text.length + 1), 1, String.fromCharCode(random(0x300))),
  (text, random) => {
    const from = random(text.length + 1);
    return splice(text, random(text.length + 1), 0, text.slice(from, from + random(60)));
  },
  (text, random) => {
    const other = corpus[random(corpus.length)]!;
    return text.slice(0, random(text.length + 1)) + other.slice(random(other.length + 1));
  },
];

function splice(text: string, at: number, removed: number, inserted: string): string {
  return text.slice(0, at) + inserted + text.slice(at + removed);
}

function mutate(random: Random): string {
  let text = corpus[random(corpus.length)]!;
  for (let times = random(3); times >= 0; times--) text = MUTATIONS[random(MUTATIONS.length)]!(text, random);
  return text;
}

const everything = [...Object.keys(DOCUMENTS), 'extensionAction'] as DocumentName[];
const actions = [...ACTION_NAMES, 'extensionAction'] as DocumentName[];
const READERS: readonly ((text: string) => unknown)[] = [
  (text) => readXml(text, everything),
  (text) => readXml(text, actions),
  (text) => readXmlAnswer(text, everything),
  (text) => readIdentityXml(text),
];

it(`throws nothing but XmlError on ${DOCUMENTS_TO_READ} mutated documents, and pollutes no prototype`, () => {
  const random = createRandom(20260105);
  let read = 0;
  let refused = 0;
  for (let index = 0; index < DOCUMENTS_TO_READ; index++) {
    const text = mutate(random);
    try {
      READERS[index % READERS.length]!(text);
      read++;
    } catch (error) {
      if (!(error instanceof XmlError)) throw new Error(`on ${JSON.stringify(text)}`, { cause: error });
      refused++;
    }
  }
  // Both happen often: the mutations are neither harmless nor hopeless.
  expect(read).toBeGreaterThan(DOCUMENTS_TO_READ / 50);
  expect(refused).toBeGreaterThan(DOCUMENTS_TO_READ / 2);
  expect(Object.keys(Object.prototype)).toEqual([]);
}, 120_000);

it('keeps nothing of what it read', () => {
  const random = createRandom(20260106);
  const attempt = () => {
    try {
      READERS[random(READERS.length)]!(mutate(random));
    } catch (error) {
      if (!(error instanceof XmlError)) throw error;
    }
  };
  for (let index = 0; index < 4000; index++) attempt();
  const before = settledHeap();
  for (let index = 0; index < 8000; index++) attempt();
  // The documents alone are several MiB; a few hundred KiB are the engine's own.
  expect(settledHeap() - before).toBeLessThan(4 * 1024 * 1024);
}, 60_000);

/** Heap in use once garbage is gone. */
function settledHeap(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}
