import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

/** One kept-alive connection on which a test writes bytes and reads answers as they stand on the wire. */
export interface RawConnection {
  readonly socket: Socket;
  /** Writes bytes, all at once. */
  write(bytes: string): void;
  /** The next whole answer; rejects when the connection ends before. @param method that was asked with: HEAD has no body */
  answer(method?: string): Promise<RawAnswer>;
  /** Sends one request and waits for its answer. */
  ask(path: string, fields?: Record<string, string>, method?: string, body?: string): Promise<RawAnswer>;
  close(): void;
}

export interface RawAnswer {
  readonly status: number;
  /** Names as they were written, in their order. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly body: string;
  /** The first field of that name, whatever its case. */
  field(name: string): string | undefined;
}

/**
 * Connects to a base URL such as `http://127.0.0.1:8080`; `https:` takes any certificate.
 *
 * @param localAddress where it comes from: any of 127.0.0.0/8 on a loopback interface
 */
export async function connectRaw(url: string, localAddress?: string): Promise<RawConnection> {
  const { hostname, port, host, protocol } = new URL(url);
  const from = localAddress === undefined ? {} : { localAddress };
  const to = { port: Number(port), host: hostname, ...from };
  const isTls = protocol === 'https:';
  const socket = isTls ? connectTls({ ...to, rejectUnauthorized: false }) : connect(to);
  await once(socket, isTls ? 'secureConnect' : 'connect');
  let received = '';
  let wanted = 0;
  let wake = () => {};
  socket.setEncoding('latin1');
  socket.on('data', (text: string) => {
    received += text;
    if (received.length >= wanted) wake();
  });
  socket.on('error', () => {});
  socket.on('close', () => wake());

  async function answer(method = 'GET'): Promise<RawAnswer> {
    for (;;) {
      const found = parse(received, method === 'HEAD');
      if (found?.answer) {
        received = received.slice(found.length);
        wanted = 0;
        return found.answer;
      }
      wanted = found?.length ?? 0;
      if (socket.destroyed || socket.readableEnded)
        throw new Error(`the connection ended after ${JSON.stringify(received)}`);
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  }

  return {
    socket,
    write: (bytes) => void socket.write(bytes, 'latin1'),
    answer,
    ask(path, fields = {}, method = 'GET', body = '') {
      socket.write(requestText(host, path, fields, method, body), 'latin1');
      return answer(method);
    },
    close: () => void socket.destroy(),
  };
}

/** One request as it stands on the wire. */
export function requestText(
  host: string,
  path: string,
  fields: Readonly<Record<string, string>>,
  method = 'GET',
  body = '',
): string {
  const length = body === '' ? {} : { 'Content-Length': String(body.length) };
  const lines = Object.entries({ Host: host, ...length, ...fields }).map(
    ([name, value]) => `${name}: ${value}`,
  );
  return `${method} ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${body}`;
}

/** The first answer of the text, once it is whole, and its length, once that is known: all have a Content-Length or no body. */
function parse(text: string, isHead: boolean): { answer: RawAnswer | undefined; length: number } | undefined {
  const headEnd = text.indexOf('\r\n\r\n');
  if (headEnd < 0) return undefined;
  const [statusLine = '', ...lines] = text.slice(0, headEnd).split('\r\n');
  const fields = lines.map((line) => {
    const colon = line.indexOf(': ');
    return [line.slice(0, colon), line.slice(colon + 2)] as const;
  });
  const field = (name: string) => fields.find(([known]) => known.toLowerCase() === name.toLowerCase())?.[1];
  const length = headEnd + 4 + (isHead ? 0 : Number(field('content-length') ?? 0));
  if (text.length < length) return { answer: undefined, length };
  const status = Number(statusLine.split(' ')[1]);
  return { answer: { status, fields, body: text.slice(headEnd + 4, length), field }, length };
}
