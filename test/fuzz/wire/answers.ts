/** An answer as a strict client reads it. */
export interface StrictAnswer {
  readonly status: number;
  /** Lower-case names. */
  readonly fields: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

const STATUS_LINE = /^HTTP\/1\.1 ([1-5]\d\d) [\t\x20-\x7e\x80-\xff]*$/;
const FIELD = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([\t\x20-\x7e\x80-\xff]*)$/;

/**
 * All answers in what came back on a connection until it ended, the interim ones left out.
 *
 * @param wasHead whether the request of that index was a HEAD, whose answer has no body
 * @throws Error for anything that is not exactly a sequence of answers
 */
export function readAnswers(
  bytes: Buffer,
  wasHead: (index: number) => boolean,
): { answers: StrictAnswer[]; rest: Buffer } {
  const answers: StrictAnswer[] = [];
  let rest = bytes;
  for (;;) {
    const end = rest.indexOf('\r\n\r\n');
    if (end < 0) return { answers, rest };
    const { status, fields } = readHead(rest.toString('latin1', 0, end));
    const read = readBody(rest.subarray(end + 4), status, fields, wasHead(answers.length));
    if (read === undefined) return { answers, rest };
    if (status >= 200) answers.push({ status, fields, body: read.body });
    rest = read.rest;
  }
}

function readHead(text: string): Pick<StrictAnswer, 'status' | 'fields'> {
  const [first = '', ...lines] = text.split('\r\n');
  const found = STATUS_LINE.exec(first);
  if (!found) throw new Error(`no status line: ${JSON.stringify(first.slice(0, 200))}`);
  const fields = new Map<string, string>();
  for (const line of lines) {
    const [, name, value] = FIELD.exec(line) ?? [];
    if (name === undefined || value === undefined)
      throw new Error(`no field: ${JSON.stringify(line.slice(0, 200))}`);
    const key = name.toLowerCase();
    if (fields.has(key) && (key === 'content-length' || key === 'transfer-encoding' || key === 'connection'))
      throw new Error(`${key} twice`);
    fields.set(key, value);
  }
  if (fields.has('content-length') && fields.has('transfer-encoding')) throw new Error('two framings');
  return { status: Number(found[1]), fields };
}

function readBody(
  bytes: Buffer,
  status: number,
  fields: ReadonlyMap<string, string>,
  wasHead: boolean,
): { body: Buffer; rest: Buffer } | undefined {
  if (status < 200 || status === 204 || status === 304 || wasHead)
    return { body: Buffer.alloc(0), rest: bytes };
  const length = fields.get('content-length');
  if (length !== undefined) {
    if (!/^\d+$/.test(length)) throw new Error(`a length of ${length}`);
    const end = Number(length);
    return bytes.length < end ? undefined : { body: bytes.subarray(0, end), rest: bytes.subarray(end) };
  }
  if (fields.has('transfer-encoding')) return readChunks(bytes);
  if (fields.get('connection') !== 'close') throw new Error('an answer without an end');
  return { body: bytes, rest: Buffer.alloc(0) };
}

function readChunks(bytes: Buffer): { body: Buffer; rest: Buffer } | undefined {
  const chunks: Buffer[] = [];
  let at = 0;
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd < 0) return undefined;
    const line = bytes.toString('latin1', at, lineEnd);
    if (!/^[0-9a-f]+$/i.test(line)) throw new Error(`a chunk of ${JSON.stringify(line.slice(0, 40))}`);
    const size = Number.parseInt(line, 16);
    const end = lineEnd + 2 + size;
    if (bytes.length < end + 2) return undefined;
    if (bytes.toString('latin1', end, end + 2) !== '\r\n') throw new Error('a chunk that does not end');
    if (size === 0) return { body: Buffer.concat(chunks), rest: bytes.subarray(end + 2) };
    chunks.push(bytes.subarray(lineEnd + 2, end));
    at = end + 2;
  }
}
