import { type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from 'node:http';

/** What a test's request got for an answer, whole. */
export interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The body as JSON; throws when it is none. */
  json<T = Record<string, unknown>>(): T;
}

export interface AskOptions {
  method?: string;
  headers?: OutgoingHttpHeaders;
  body?: string | Buffer;
  /** Sends the body without a Content-Length. */
  chunked?: boolean;
  signal?: AbortSignal;
}

/**
 * One request over a connection of its own, exactly as written: `fetch` would normalise the path (dot segments, double
 * slashes), add headers, and refuse bodies on a GET. Rejects when the connection breaks before the answer is whole.
 *
 * @param url base URL and raw path, joined as they are
 */
export function ask(url: string, options: AskOptions = {}): Promise<Answered> {
  const { method = 'GET', headers = {}, body, chunked = false, signal } = options;
  const [, host = '', port = '', path = ''] = /^http:\/\/([^/:]+):(\d+)(.*)$/s.exec(url) ?? [];
  return new Promise((resolve, reject) => {
    const framing = chunked
      ? { 'transfer-encoding': 'chunked' }
      : body === undefined
        ? {}
        : { 'content-length': Buffer.byteLength(body) };
    const outgoing = request(
      {
        host,
        port,
        path: path || '/',
        method,
        headers: { ...framing, ...headers },
        agent: false,
        ...(signal ? { signal } : {}),
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.once('error', reject);
        response.once('aborted', () => reject(new Error('the answer was cut short')));
        response.once('end', () => {
          const text = Buffer.concat(chunks).toString();
          const status = response.statusCode ?? 0;
          resolve({
            status,
            headers: response.headers,
            text,
            json: <T>() => JSON.parse(text) as T,
          });
        });
      },
    );
    outgoing.once('error', reject);
    if (chunked && body !== undefined) outgoing.write(body);
    outgoing.end(chunked ? undefined : body);
  });
}
