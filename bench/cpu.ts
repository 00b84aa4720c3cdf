import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** Clock ticks a second, the unit of utime and stime in /proc (proc(5)). */
const TICKS_PER_SECOND = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/**
 * CPU time, user and system, that a process, its threads and all processes below it have used so far, in µs: what
 * the kernel charged, whoever was measuring. Children that ended and were waited for are counted by their parent.
 */
export function cpuMicros(pid: number): number {
  let ticks = 0;
  for (const each of withChildren(pid)) ticks += ticksOf(each);
  return (ticks * 1_000_000) / TICKS_PER_SECOND;
}

function ticksOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name, in parentheses, may hold anything; the fields that follow it begin with the third, `state`.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [utime, stime, childUtime, childStime] = fields.slice(11, 15).map(Number);
  return utime! + stime! + childUtime! + childStime!;
}

function withChildren(pid: number): number[] {
  const children = readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
  );
  return [pid, ...children.flatMap(withChildren)];
}
