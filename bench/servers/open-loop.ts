import { connect, type Socket } from 'node:net';

/**
 * Sends so many requests a second whether or not those before are answered (what waits for a free connection is late, and counts
 * as late), and prints how long they took. Arguments: URL, requests a second, seconds.
 */
const [address, perSecond, seconds] = process.argv.slice(2);
const url = new URL(address!);
const head = `GET ${url.pathname} HTTP/1.1\r\nHost: ${url.host}\r\n\r\n`;
const CONNECTIONS = 64;

const latencies: number[] = [];
let failed = 0;
const free: Caller[] = [];
/** When those that wait for a connection were to be sent. */
const late: number[] = [];

class Caller {
  readonly #socket: Socket;
  #text = '';
  #due = 0;

  constructor(socket: Socket) {
    this.#socket = socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#received(chunk.toString('latin1')));
    socket.on('error', () => failed++);
  }

  send(due: number): void {
    this.#due = due;
    this.#socket.write(head);
  }

  #received(chunk: string): void {
    this.#text += chunk;
    if (!isWhole(this.#text)) return;
    if (this.#text.startsWith('HTTP/1.1 200')) latencies.push(performance.now() - this.#due);
    else failed++;
    this.#text = '';
    const next = late.shift();
    if (next === undefined) free.push(this);
    else this.send(next);
  }
}

function isWhole(text: string): boolean {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return false;
  const length = /\r\ncontent-length: (\d+)/i.exec(text.slice(0, end + 2))?.[1];
  return length === undefined ? text.endsWith('\r\n0\r\n\r\n') : text.length >= end + 4 + Number(length);
}

for (let count = 0; count < CONNECTIONS; count++) {
  const socket = connect(Number(url.port), url.hostname);
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  free.push(new Caller(socket));
}
const begun = performance.now();
const total = Number(perSecond) * Number(seconds);
let sent = 0;
const timer = setInterval(() => {
  const now = performance.now();
  const due = Math.min(total, ((now - begun) / 1000) * Number(perSecond));
  for (; sent < due; sent++) {
    const caller = free.shift();
    if (caller === undefined) late.push(now);
    else caller.send(now);
  }
  const isOver = latencies.length + failed >= total || now - begun > Number(seconds) * 1000 + 10_000;
  if (isOver) {
    clearInterval(timer);
    latencies.sort((a, b) => a - b);
    const at = (part: number) => latencies[Math.floor(part * (latencies.length - 1))] ?? Number.NaN;
    console.log(JSON.stringify({ answered: latencies.length, failed, p50: at(0.5), p99: at(0.99) }));
    process.exit(0);
  }
}, 1);
