import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

/**
 * Callers that ask once and then keep their connections. Arguments: URL, how many. Prints a line when all have been answered,
 * and keeps them until it is ended.
 */
const [address, count] = process.argv.slice(2);
const url = new URL(address!);
const head = `GET ${url.pathname} HTTP/1.1\r\nHost: ${url.host}\r\n\r\n`;
const AT_ONCE = 50;

function open(index: number): Promise<void> {
  // A port of one address lasts for some 28,000 connections.
  const where = { host: url.hostname, port: Number(url.port), localAddress: `127.0.${1 + (index >> 12)}.1` };
  return new Promise((resolve, reject) => {
    const raw = connect(where);
    const socket: Socket =
      url.protocol === 'https:' ? connectTls({ socket: raw, rejectUnauthorized: false }) : raw;
    raw.once('error', reject);
    socket.once('error', reject);
    socket.once(url.protocol === 'https:' ? 'secureConnect' : 'connect', () => socket.write(head));
    let text = '';
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      const end = text.indexOf('\r\n\r\n');
      const length = Number(/\r\ncontent-length: (\d+)/i.exec(text)?.[1] ?? Number.NaN);
      if (!/^HTTP\/1.1 200/.test(text)) reject(new Error(text.slice(0, 200)));
      if (end >= 0 && text.length >= end + 4 + length) {
        text = '';
        resolve();
      }
    });
  });
}

let next = 0;
async function caller(): Promise<void> {
  while (next < Number(count)) await open(next++);
}
await Promise.all(Array.from({ length: AT_ONCE }, caller));
console.log('all are answered');
setInterval(() => {}, 60_000);
