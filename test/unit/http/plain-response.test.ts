import type { Socket } from 'node:net';
import { expect, it } from 'vitest';
import { PlainResponse } from '../../../src/http/plain-response.ts';
import type { WireAnswer } from '../../../src/http/response-writer.ts';

const KEPT = 'Connection: keep-alive\r\nKeep-Alive: timeout=5\r\n';

function open() {
  const sent: WireAnswer[] = [];
  const socket = { destroyed: false } as Socket;
  const response = new PlainResponse({
    socket,
    keepAlive: KEPT,
    send: (answer) => void sent.push(answer),
    handOver: () => {},
  });
  return { response, sent, socket };
}

it('writes what Node would: the fields in their order, the date, how the connection goes on', () => {
  const { response, sent } = open();
  response.writeHead(200, 'OK', ['Content-Length', '2', 'Set-Cookie', 'a', 'Set-Cookie', 'b']);
  response.end('{}');
  const [status, ...lines] = sent[0]!.head.split('\r\n');
  expect(status).toBe('HTTP/1.1 200 OK');
  expect(lines.map((line) => line.replace(/^Date: .* GMT$/, 'Date'))).toEqual([
    'Content-Length: 2',
    'Set-Cookie: a',
    'Set-Cookie: b',
    'Date',
    'Connection: keep-alive',
    'Keep-Alive: timeout=5',
    '',
    '',
  ]);
  expect(sent[0]!.body).toBe('{}');
});

it('takes fields by their names, and has one date', () => {
  const { response, sent } = open();
  response.writeHead(204, 'No Content', { date: 'then', vary: ['a', 'b'] });
  response.end();
  expect(sent[0]!.head).toBe(`HTTP/1.1 204 No Content\r\ndate: then\r\nvary: a\r\nvary: b\r\n${KEPT}\r\n`);
});

it('says when it is the last', () => {
  const { response, sent } = open();
  response.shouldKeepAlive = false;
  response.writeHead(204, 'No Content', []);
  response.end();
  expect(sent[0]!.head).toMatch(/Connection: close\r\n\r\n$/);
});

it.each(['a\r\nX-More: 1', 'a\nb', '\u0000', 'größer €', '\u007f'])(
  'has no field with the value %j, nor a head then',
  (value) => {
    const { response, sent } = open();
    expect(() => response.writeHead(200, 'OK', ['X-Name', value])).toThrow(TypeError);
    expect(response.headersSent).toBe(false);
    response.end('');
    expect(sent).toEqual([]);
  },
);

it('is written once, and not at all for a caller that has left', () => {
  const { response, sent, socket } = open();
  response.writeHead(200, 'OK', []);
  response.end('1');
  response.end('2');
  expect(sent).toHaveLength(1);
  const other = open();
  other.response.writeHead(200, 'OK', []);
  Object.assign(other.socket, { destroyed: true });
  other.response.end('1');
  expect(other.sent).toEqual([]);
  expect(socket.destroyed).toBe(false);
});

it('says once that it is closed: not finished before it is sent', () => {
  const { response } = open();
  let closed = 0;
  response.once('close', () => closed++);
  response.writeHead(200, 'OK', []);
  response.end('1');
  expect([response.writableEnded, response.writableFinished, closed]).toEqual([true, false, 0]);
  response.sent();
  response.emit('close');
  expect([response.writableFinished, response.destroyed, closed]).toEqual([true, true, 1]);
});
