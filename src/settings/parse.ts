import { readFileSync } from 'node:fs';
import { type Document, type ErrorCode, LineCounter, parseDocument, visit } from 'yaml';
import type { Problem } from './problem.ts';
import { isRecord, type Tree } from './tree.ts';

/** The parser's own messages quote the text around a mistake, which may be a secret; these do not. */
const mistakes: Partial<Record<ErrorCode, string>> = {
  BAD_ALIAS: 'a value that begins with * must be in quotes',
  BAD_INDENT: 'the indentation does not fit the lines above',
  BLOCK_AS_IMPLICIT_KEY: 'a mapping begins inside a value; a value that holds ": " must be in quotes',
  DUPLICATE_KEY: 'the key is there twice',
  MISSING_CHAR: 'a bracket, brace, quote or comma is missing',
  MULTILINE_IMPLICIT_KEY: 'a key spans several lines',
  TAB_AS_INDENT: 'indentation must be made of spaces',
  TAG_RESOLVE_FAILED: 'a value that begins with ! must be in quotes',
};

/** Reads a YAML file. */
export function parseFile(file: string): { tree: Tree } | { problems: Problem[] } {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    return { problems: [{ path: [], text: `${file}: ${whyUnreadable(error)}, accepted: a YAML file` }] };
  }
  return parseYaml(text, file);
}

/** Reads YAML; `file` is what the problems call it. */
export function parseYaml(text: string, file: string): { tree: Tree } | { problems: Problem[] } {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, prettyErrors: false });
  const found = [...document.errors, ...document.warnings, ...unresolvedAliases(document)];
  if (found.length > 0) {
    const lines = found.map(({ code, pos }) => {
      const { line, col } = lineCounter.linePos(pos[0] ?? 0);
      const mistake = mistakes[code] ?? code.toLowerCase().replaceAll('_', ' ');
      return `${file}:${line}:${col}: is no YAML, ${mistake}`;
    });
    // The parser may stumble twice over one thing.
    return { problems: [...new Set(lines)].map((text) => ({ path: [], text })) };
  }
  return toTree(() => document.toJS(), file);
}

/** Aliases (`*name`) without an anchor; the parser itself notices them only later, and without a place. */
function unresolvedAliases(document: Document.Parsed): { code: ErrorCode; pos: readonly number[] }[] {
  const found: { code: ErrorCode; pos: readonly number[] }[] = [];
  visit(document, {
    Alias(_, alias) {
      if (alias.resolve(document) === undefined) found.push({ code: 'BAD_ALIAS', pos: alias.range ?? [0] });
    },
  });
  return found;
}

function toTree(toJs: () => unknown, file: string): { tree: Tree } | { problems: Problem[] } {
  let value: unknown;
  try {
    value = toJs();
  } catch {
    return { problems: [{ path: [], text: `${file}: has more aliases (*name) than can be resolved` }] };
  }
  if (holdsItself(value))
    return { problems: [{ path: [], text: `${file}: has an alias (*name) inside of what it stands for` }] };
  if (value === null || value === undefined) return { tree: {} };
  if (isRecord(value)) return { tree: value };
  return {
    problems: [{ path: [], text: `${file}: is no mapping of settings, accepted: lines such as "listen: …"` }],
  };
}

/** True for a tree that is none: an alias stands within its own anchor. */
function holdsItself(value: unknown, within: ReadonlySet<unknown> = new Set()): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (within.has(value)) return true;
  const path = new Set([...within, value]);
  return Object.values(value).some((member) => holdsItself(member, path));
}

/** What is behind the usual failures. A directory is what a mount makes where the file that it names is missing. */
const unreadable: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'there is no such folder',
  EISDIR: 'it is a directory',
  EACCES: 'this user may not read it',
};

/** Why a file cannot be read, in words where the failure is a usual one. */
function whyUnreadable(error: unknown): string {
  const code = errorCode(error);
  const reason = unreadable[code];
  return reason === undefined ? `cannot be read (${code})` : `cannot be read, ${reason} (${code})`;
}

/** The system's code of a failed file access, such as ENOENT. */
export function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown reason';
}
