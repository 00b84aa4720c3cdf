import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { openContext } from './context.ts';
import { judge, type Mark } from './mark.ts';
import { residentMb } from './memory.ts';
import type { Peer } from './peer.ts';
import { sluiceHit, sluiceHitTls } from './peers/sluice.ts';
import { CORES, node } from './program.ts';

/**
 * What 10,000 connections take that have been answered once and are kept, beyond what the process had before: resident memory by
 * the kernel's accounting, plain and over TLS. 10,000 more open files are needed on both sides (`ulimit -n`).
 */
const CONNECTIONS = 10_000;
const SETTLE_MS = 5_000;
const script = fileURLToPath(new URL('./servers/idle-callers.ts', import.meta.url));

const { context, close } = await openContext();
const marks: Mark[] = [];
try {
  for (const [peer, what, atMost] of [
    [sluiceHit, 'plain', 90],
    [sluiceHitTls, 'over TLS', 300],
  ] as const)
    marks.push({
      what: `${CONNECTIONS} connections, ${what}`,
      value: await measure(peer),
      atMost,
      unit: 'MB',
    });
} finally {
  await close();
}
judge(marks);

async function measure(peer: Peer): Promise<number> {
  const { program, url } = await peer.start(context);
  await pause(SETTLE_MS);
  const before = residentMb(program.pid);
  const [command, args] = node(CORES.load, script, [url, String(CONNECTIONS)]);
  const callers = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const isOver = once(callers, 'exit').then(() => {
      throw new Error('the callers ended');
    });
    await Promise.race([once(callers.stdout, 'data'), isOver]);
    isOver.catch(() => {});
    await pause(SETTLE_MS);
    return residentMb(program.pid) - before;
  } finally {
    callers.kill('SIGKILL');
    await program.stop();
  }
}
