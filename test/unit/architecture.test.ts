import { readdirSync, readFileSync } from 'node:fs';
import { join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

/**
 * The rooms of the house, lowest first: a line per room with its storey, and what it may not import of its own storey or
 * below. What stands on a higher storey it may not import either, types included.
 */
const ROOMS: readonly (readonly [room: string, storey: number, forbidden: readonly string[]])[] = [
  ['clock.ts', 1, ['json.ts', 'content-coding.ts']],
  ['json.ts', 1, ['clock.ts', 'content-coding.ts']],
  ['content-coding.ts', 1, ['clock.ts', 'json.ts']],
  ['owned-text.ts', 1, ['clock.ts', 'json.ts', 'content-coding.ts']],
  ['turns.ts', 1, ['clock.ts', 'json.ts', 'content-coding.ts']],
  ['roster.ts', 1, ['clock.ts', 'json.ts', 'content-coding.ts']],
  ['home.ts', 0, []],
  ['version.ts', 1, ['clock.ts', 'json.ts', 'content-coding.ts']],
  ['standing.ts', 1, ['clock.ts', 'json.ts', 'content-coding.ts', 'version.ts']],
  ['connect-failure.ts', 1, ['clock.ts', 'json.ts', 'content-coding.ts', 'version.ts']],
  ['faults', 2, ['settings', 'redis']],
  ['settings', 2, ['faults', 'redis', 'clock.ts']],
  ['redis', 2, ['faults']],
  ['operations', 3, ['settings', 'redis', 'clock.ts']],
  ['translation', 4, ['links', 'identity', 'settings', 'redis', 'clock.ts']],
  ['links', 4, ['translation', 'identity', 'settings', 'redis', 'clock.ts']],
  ['identity', 4, ['translation']],
  ['routing', 5, ['limits', 'access', 'redis']],
  ['cache', 5, ['routing', 'limits', 'access', 'identity']],
  ['limits', 5, ['routing', 'cache', 'access', 'identity', 'translation', 'links']],
  [
    'idempotency',
    5,
    ['routing', 'cache', 'limits', 'access', 'identity', 'translation', 'links', 'simulator'],
  ],
  ['access', 5, ['routing', 'cache', 'translation', 'links', 'simulator']],
  ['simulator', 5, ['routing', 'cache', 'limits', 'access', 'identity', 'links', 'redis']],
  ['telemetry', 6, ['config', 'simulator', 'identity', 'routing']],
  ['config', 6, ['routing', 'translation', 'links', 'faults']],
  ['upstream', 7, ['cache', 'translation', 'simulator', 'config', 'redis']],
  ['http', 8, ['simulator', 'config', 'redis']],
  ['serving', 9, ['simulator', 'redis']],
  ['facade', 10, ['all-regions', 'admin', 'passthrough', 'simulator']],
  ['passthrough', 10, ['all-regions', 'admin', 'facade', 'simulator']],
  ['all-regions', 10, ['admin', 'passthrough', 'facade', 'simulator']],
  ['admin', 10, ['all-regions', 'passthrough', 'facade', 'simulator']],
  ['gateway', 11, ['simulator']],
  ['server.ts', 12, ['commands', 'doctor', 'cli.ts']],
  ['doctor', 12, ['commands', 'server.ts', 'cli.ts']],
  ['commands', 12, ['cli.ts', 'gateway']],
  ['cli.ts', 12, ['gateway', 'doctor', 'server.ts', 'simulator']],
];

/** What a package is used for, and where that may be done: its name, and rooms or files below `src/`. */
const PACKAGES: readonly (readonly [name: string, places: readonly string[]])[] = [
  ['undici', ['upstream', 'identity', 'gateway', 'passthrough', 'doctor']],
  ['ioredis', ['redis']],
  ['fastify', ['gateway', 'passthrough', 'admin']],
  ['@fastify/http-proxy', ['passthrough']],
  ['prom-client', ['telemetry']],
  ['commander', ['cli.ts']],
  ['@opentelemetry/api', ['telemetry']],
  ['@opentelemetry/core', ['telemetry']],
  ['@opentelemetry/exporter-trace-otlp-http', ['telemetry']],
  ['@opentelemetry/resources', ['telemetry']],
  ['@opentelemetry/sdk-trace-base', ['telemetry']],
  ['saxes', ['translation']],
  ['yaml', ['settings']],
  ['ajv', ['settings']],
];

/** Decisions that are made in one place: what is called, and by how many. */
const SOLE_CALLS = ['directory.find(', 'tokens.refused(', 'decideNext(', 'limits.acquire('];

const LONGEST_FILE_LINES = 300;

const root = fileURLToPath(new URL('../../src/', import.meta.url));
const IMPORT = /\b(?:from|import)\s*\(?\s*'([^']+)'/g;
const COMMENT = /\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm;

interface Source {
  readonly text: string;
  /** Files below `src/` that it imports, for values or types. */
  readonly imports: readonly string[];
  readonly packages: readonly string[];
}

/** The sources by their path below `src/`. */
const sources: ReadonlyMap<string, Source> = new Map(
  readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .sort()
    .map((file) => [file, readSource(file)]),
);

function readSource(file: string): Source {
  const text = readFileSync(join(root, file), 'utf8');
  const named = [...text.replace(COMMENT, '').matchAll(IMPORT)].map(([, name]) => name!);
  const [own, foreign] = [true, false].map((isOwn) => named.filter((name) => name.startsWith('.') === isOwn));
  return { text, imports: own!.map((name) => normalize(join(file, '..', name))), packages: foreign! };
}

const roomOf = (file: string): string => file.split('/')[0]!;

/** Every import from one room into another, as `from > to`, with the rooms it joins. */
const imports = [...sources].flatMap(([from, { imports }]) =>
  imports.map((to) => ({ line: `${from} > ${to}`, from: roomOf(from), to: roomOf(to) })),
);

describe('the rooms', () => {
  it('are the ones of the table', () => {
    const known = ROOMS.map(([room]) => room);
    expect([...new Set([...sources.keys()].map(roomOf))].filter((room) => !known.includes(room))).toEqual([]);
  });

  it('import files that are there', () => {
    const all = [...sources.values()].flatMap(({ imports }) => imports);
    expect(all.length).toBeGreaterThan(sources.size);
    expect(all.filter((file) => !sources.has(file))).toEqual([]);
  });

  it.each(ROOMS)('%s imports nothing of a higher storey than %i, nor of %j', (room, storey, forbidden) => {
    const above = ROOMS.filter(([, other]) => other > storey).map(([name]) => name);
    const wrong = imports.filter(
      ({ from, to }) => from === room && (above.includes(to) || forbidden.includes(to)),
    );
    expect(wrong.map(({ line }) => line)).toEqual([]);
  });

  it.each(PACKAGES)('%s is imported by %j alone', (name, places) => {
    const users = [...sources].filter(([, { packages }]) => packages.includes(name)).map(([file]) => file);
    expect(users).not.toEqual([]);
    expect(users.filter((file) => !places.includes(roomOf(file)))).toEqual([]);
  });
});

describe('the files', () => {
  it('import each other in no circle, not even for types', () => {
    const circles = [...sources.keys()].map(circleThrough).filter((circle) => circle !== undefined);
    // A circle is found from each of its files: once is enough.
    const once = circles.filter((circle) => circle[0] === [...circle].sort()[0]);
    expect(once.map((circle) => circle.join(' > '))).toEqual([]);
  });

  it(`have at most ${LONGEST_FILE_LINES} lines`, () => {
    const lengths = [...sources].map(([file, { text }]) => [file, text.split('\n').length - 1] as const);
    expect(lengths.filter(([, lines]) => lines > LONGEST_FILE_LINES)).toEqual([]);
  });
});

it.each(SOLE_CALLS)('%s has one caller', (call) => {
  const callers = [...sources].flatMap(([file, { text }]) => {
    const calls = text.replace(COMMENT, '').replaceAll(`function ${call}`, '').split(call).length - 1;
    return Array.from({ length: calls }, () => file);
  });
  expect(callers).toEqual([expect.any(String)]);
});

/** The shortest way along imports from a file back to itself; undefined: there is none. */
function circleThrough(file: string): string[] | undefined {
  const cameFrom = new Map<string, string>();
  const queue = [file];
  for (const at of queue) {
    for (const next of sources.get(at)?.imports ?? []) {
      if (next === file) return [...wayTo(at, cameFrom), file];
      if (cameFrom.has(next)) continue;
      cameFrom.set(next, at);
      queue.push(next);
    }
  }
  return undefined;
}

function wayTo(file: string, cameFrom: ReadonlyMap<string, string>): string[] {
  const before = cameFrom.get(file);
  return before === undefined ? [file] : [...wayTo(before, cameFrom), file];
}
