/** What came back on one connection from its first byte to its end, taken apart. */
export interface Transcript {
  readonly answers: readonly ReadAnswer[];
  /** What is left behind the last whole answer: nothing, if the connection ended between two of them. */
  readonly rest: string;
}

export interface ReadAnswer {
  readonly status: number;
  /** `name: value`, names as they were written, in their order. */
  readonly fields: readonly string[];
  readonly body: string;
}

const HEAD_END = '\r\n\r\n';

/**
 * Reads all whole answers; chunks are put together, and what was announced with `100 Continue` is left out.
 *
 * @param methods that were asked with, in their order: what follows an answer to HEAD is the next one
 */
export function readTranscript(text: string, methods: readonly string[] = []): Transcript {
  const answers: ReadAnswer[] = [];
  for (let at = 0; ; ) {
    const headEnd = text.indexOf(HEAD_END, at);
    if (headEnd < 0) return { answers, rest: text.slice(at) };
    const [statusLine = '', ...fields] = text.slice(at, headEnd).split('\r\n');
    const status = Number(statusLine.split(' ')[1]);
    const bodyAt = headEnd + HEAD_END.length;
    if (status === 100) {
      at = bodyAt;
      continue;
    }
    const isBodiless = methods[answers.length] === 'HEAD' || status === 204 || status === 304;
    const read = isBodiless ? { body: '', end: bodyAt } : readBody(text, bodyAt, fields);
    if (read === undefined) return { answers, rest: text.slice(at) };
    answers.push({ status, fields, body: read.body });
    at = read.end;
  }
}

/** The body from `at` on, and where it ends; undefined: it is not whole. */
function readBody(
  text: string,
  at: number,
  fields: readonly string[],
): { body: string; end: number } | undefined {
  const fieldOf = (name: string) =>
    fields.find((field) => field.toLowerCase().startsWith(`${name}: `))?.slice(name.length + 2);
  if (fieldOf('transfer-encoding') === 'chunked') return readChunks(text, at);
  const length = fieldOf('content-length');
  // What has neither goes on to the end of the connection.
  const end = length === undefined ? text.length : at + Number(length);
  return end > text.length ? undefined : { body: text.slice(at, end), end };
}

function readChunks(text: string, start: number): { body: string; end: number } | undefined {
  let body = '';
  for (let at = start; ; ) {
    const lineEnd = text.indexOf('\r\n', at);
    if (lineEnd < 0) return undefined;
    const length = Number.parseInt(text.slice(at, lineEnd), 16);
    const end = lineEnd + 2 + length + 2;
    if (end > text.length) return undefined;
    body += text.slice(lineEnd + 2, end - 2);
    if (length === 0) return { body, end };
    at = end;
  }
}
