import { once } from 'node:events';
import { connect } from 'node:net';
import type { Step } from './caller-scripts.ts';
import { readTranscript, type Transcript } from './transcript.ts';

/** How a caller leaves before all is said: after so many pieces, with a reset, at once, or by closing its side. */
export interface Leaving {
  readonly after: number;
  readonly how: 'resetAndDestroy' | 'destroy' | 'end';
}

/** What came back on a connection, and how it ended. */
export interface Played extends Transcript {
  readonly ended: 'end' | 'error' | 'close';
}

/** Writes a script on a connection of its own, until that ends. */
export async function playScript(url: string, steps: readonly Step[], leaving?: Leaving): Promise<Played> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), noDelay: true, allowHalfOpen: true });
  const methods = steps.map(({ method }) => method);
  let received = '';
  let wake = () => {};
  let ended: Played['ended'] | undefined;
  let pieces = 0;
  const over = (how: Played['ended']) => () => {
    ended ??= how;
    wake();
  };
  const until = async (isSo: () => boolean) => {
    while (ended === undefined && !isSo())
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
  };
  socket.setEncoding('latin1');
  socket.on('data', (text: string) => {
    received += text;
    wake();
  });
  socket.on('end', over('end')).on('error', over('error')).on('close', over('close'));
  await once(socket, 'connect');
  for (const [at, { text, waits, cuts }] of steps.entries()) {
    await until(() => !waits || readTranscript(received, methods).answers.length >= at);
    for (const piece of piecesOf(Buffer.from(text, 'latin1'), cuts)) {
      if (ended !== undefined || socket.writableEnded) break;
      if (pieces++ === leaving?.after) socket[leaving.how]();
      else socket.write(piece);
      // A turn in which the gateway reads it.
      await new Promise(setImmediate);
    }
  }
  await until(() => false);
  socket.destroy();
  return { ...readTranscript(received, methods), ended: ended! };
}

function piecesOf(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const ends = [...cuts.map((cut) => Math.floor(cut * bytes.length)).sort((a, b) => a - b), bytes.length];
  return ends.map((end, at) => bytes.subarray(ends[at - 1] ?? 0, end));
}
