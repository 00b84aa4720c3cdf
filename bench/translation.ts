/**
 * What translation costs, against fast-xml-parser in the same run, in CPU time: 100 images rendered as XML (its
 * builder gets a prepared object, so that the mapping costs it nothing), and a create-server request parsed (its
 * parser yields a generic tree, ours the request's JSON).
 *
 * `npx tsx bench/translation.ts` prints the table.
 */
import { pathToFileURL } from 'node:url';
import { XMLBuilder, XMLParser } from 'fast-xml-parser';
import type { JsonObject } from '../src/json.ts';
import { parseJson } from '../src/translation/json.ts';
import { readXml } from '../src/translation/read-xml.ts';
import { renderXml } from '../src/translation/write-xml.ts';
import { median } from './median.ts';

/** One comparison. */
export interface TranslationRow {
  readonly name: string;
  /** CPU microseconds (user and system) per call, median of the rounds. */
  readonly oursMicros: number;
  readonly theirsMicros: number;
  /** How many times faster ours is. */
  readonly ratio: number;
  /** What the ratio must reach; undefined: for information. */
  readonly goal: number | undefined;
}

const BASE = 'https://syd.cloud.example';

function image(index: number): JsonObject {
  const id = `77aa42f0-3333-4d0b-8c11-${String(index).padStart(12, '0')}`;
  return {
    id,
    name: `Debian ${index} (base & tools)`,
    status: 'ACTIVE',
    progress: 100,
    minDisk: 20,
    minRam: 512,
    created: '2026-04-01T00:00:00Z',
    updated: '2026-04-01T00:10:00Z',
    'OS-DCF:diskConfig': 'AUTO',
    metadata: { os_distro: 'debian', os_type: 'linux', arch: 'x86-64', image_type: 'base', os_version: '13' },
    links: [
      { rel: 'self', href: `${BASE}/v2/700007/images/${id}` },
      { rel: 'bookmark', href: `${BASE}/700007/images/${id}` },
      { rel: 'alternate', type: 'application/vnd.openstack.image', href: `${BASE}/images/${id}` },
    ],
  };
}

const images = Array.from({ length: 100 }, (_, index) => image(index));

/** The same document as fast-xml-parser wants it: attributes prefixed, elements named, nothing left to map. */
function prepared(value: JsonObject): unknown {
  const { metadata, links, ...attributes } = value;
  return {
    ...prefixed(attributes),
    metadata: {
      meta: Object.entries(metadata as JsonObject).map(([key, text]) => ({ '@key': key, '#text': text })),
    },
    'atom:link': (links as JsonObject[]).map(prefixed),
  };
}

const prefixed = (value: JsonObject) =>
  Object.fromEntries(Object.entries(value).map(([key, text]) => [`@${key}`, text]));

const preparedImages = {
  '?xml': { '@version': '1.0', '@encoding': 'UTF-8' },
  images: {
    '@xmlns': 'http://docs.openstack.org/compute/api/v1.1',
    '@xmlns:atom': 'http://www.w3.org/2005/Atom',
    '@xmlns:OS-DCF': 'http://docs.openstack.org/compute/ext/disk_config/api/v1.1',
    image: images.map(prepared),
  },
};

const CREATE = `<?xml version="1.0" encoding="UTF-8"?>
<server xmlns="http://docs.openstack.org/compute/api/v1.1"
    xmlns:OS-DCF="http://docs.openstack.org/compute/ext/disk_config/api/v1.1"
    name="web-1" imageRef="77aa42f0-3333-4d0b-8c11-9e9d6a000003" flavorRef="4" OS-DCF:diskConfig="AUTO">
  <metadata>
    <meta key="role">front end</meta>
    <meta key="owner">web &amp; mail</meta>
  </metadata>
  <personality>
    <file path="/etc/motd">${'U2x1aWNlIHNheXMgaGVsbG8gdG8gYWxsIHRoZSBzZXJ2ZXJz\n      '.repeat(8)}</file>
  </personality>
  <networks>
    <uuid>c0ffee00-6666-4b7f-a111-2f00dd000006</uuid>
    <uuid>11111111-1111-1111-1111-111111111111</uuid>
  </networks>
</server>`;

/** The list as an upstream sends it: with the mapping from text included, for information. */
const IMAGES_JSON = JSON.stringify({ images });

function cpuMicros(calls: number, run: () => unknown): number {
  const start = process.cpuUsage();
  for (let call = 0; call < calls; call++) run();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / calls;
}

/** Rounds alternate between the two, so that neither has the quieter machine to itself. */
function compare(
  name: string,
  calls: number,
  ours: () => unknown,
  theirs: () => unknown,
  goal?: number,
): TranslationRow {
  cpuMicros(calls, ours);
  cpuMicros(calls, theirs);
  const mine: number[] = [];
  const other: number[] = [];
  for (let round = 0; round < 7; round++) {
    mine.push(cpuMicros(calls, ours));
    other.push(cpuMicros(calls, theirs));
  }
  const oursMicros = median(mine);
  const theirsMicros = median(other);
  return { name, oursMicros, theirsMicros, ratio: theirsMicros / oursMicros, goal };
}

/** Runs every comparison; some seconds of CPU. */
export async function run(): Promise<TranslationRow[]> {
  const builder = new XMLBuilder({
    ignoreAttributes: false,
    attributeNamePrefix: '@',
    suppressEmptyNode: true,
  });
  const parser = new XMLParser({ ignoreAttributes: false, attributeNamePrefix: '@' });
  const body = { images };
  return [
    compare(
      'render 100 images as XML / XMLBuilder',
      100,
      () => renderXml('imagesDetail', body),
      () => builder.build(preparedImages),
      3,
    ),
    compare(
      'parse a create-server request / XMLParser',
      2000,
      () => readXml(CREATE, ['server']),
      () => parser.parse(CREATE),
      1,
    ),
    compare(
      'parse 100 images as JSON / JSON.parse',
      200,
      () => parseJson(IMAGES_JSON),
      () => JSON.parse(IMAGES_JSON),
    ),
  ];
}

/** The rows as a table for people. */
export function printTranslation(rows: readonly TranslationRow[]): string {
  return rows
    .map(({ name, oursMicros, theirsMicros, ratio, goal }) =>
      [
        name.padEnd(45),
        `${oursMicros.toFixed(1).padStart(9)} us`,
        `${theirsMicros.toFixed(1).padStart(9)} us`,
        `${ratio.toFixed(2).padStart(7)} x`,
        goal === undefined ? '' : `  goal ${goal} x ${ratio >= goal ? 'met' : 'MISSED'}`,
      ].join(' '),
    )
    .join('\n');
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const rows = await run();
  console.log(printTranslation(rows));
  if (rows.some(({ ratio, goal }) => goal !== undefined && ratio < goal)) process.exitCode = 1;
}
