import { WebSocket } from 'undici';

/** What a process that was started with `--inspect` is asked from outside. */
export interface Inspector {
  /** Bytes of the heap in use after a full collection. */
  heapAfterCollection(): Promise<number>;
  close(): void;
}

/** @param port that it inspects at */
export async function openInspector(port: number): Promise<Inspector> {
  const [target] = (await (await fetch(`http://127.0.0.1:${port}/json`)).json()) as {
    webSocketDebuggerUrl: string;
  }[];
  const socket = new WebSocket(target!.webSocketDebuggerUrl);
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve);
    socket.addEventListener('error', reject);
  });
  let last = 0;
  const call = (method: string): Promise<{ usedSize: number }> =>
    new Promise((resolve) => {
      const id = ++last;
      const hear = ({ data }: { data: unknown }): void => {
        const message = JSON.parse(String(data)) as { id?: number; result: { usedSize: number } };
        if (message.id !== id) return;
        socket.removeEventListener('message', hear);
        resolve(message.result);
      };
      socket.addEventListener('message', hear);
      socket.send(JSON.stringify({ id, method }));
    });
  return {
    async heapAfterCollection() {
      await call('HeapProfiler.collectGarbage');
      return (await call('Runtime.getHeapUsage')).usedSize;
    },
    close: () => socket.close(),
  };
}
