import { load } from './load.ts';
import { median } from './median.ts';
import type { BenchContext, Peer, Running } from './peer.ts';

/** What a peer spent. */
export interface Figures {
  name: string;
  /** CPU time of the server per request, µs: the median of the rounds. */
  cpuMicros: number;
  /** Lowest and highest round. */
  spread: [low: number, high: number];
  /** Requests a second, the median of the rounds. */
  perSecond: number;
}

export interface MeasureOptions {
  rounds: number;
  seconds: number;
  warmUpSeconds: number;
  connections: number;
}

/** Figures of the peers that could be measured, and why the others could not. */
export interface Comparison {
  figures: Figures[];
  skipped: string[];
}

/**
 * Measures the peers side by side: all are started, warmed up, then loaded one after the other in every round, each
 * round beginning with another, so that a drift of the machine meets them all alike.
 */
export async function compare(
  peers: Peer[],
  context: BenchContext,
  options: MeasureOptions,
): Promise<Comparison> {
  const skipped = peers.flatMap((peer) => {
    const reason = peer.missing(context);
    return reason === undefined ? [] : [`${peer.name}: skipped, ${reason}`];
  });
  const running: { peer: Peer; target: Running; rounds: Round[] }[] = [];
  try {
    for (const peer of peers) {
      if (peer.missing(context) === undefined)
        running.push({ peer, target: await peer.start(context), rounds: [] });
    }
    for (const { peer, target } of running)
      await round(peer, target, { ...options, seconds: options.warmUpSeconds });
    for (let turn = 0; turn < options.rounds; turn++) {
      const order = [...running.slice(turn % running.length), ...running.slice(0, turn % running.length)];
      for (const { peer, target, rounds } of order) rounds.push(await round(peer, target, options));
    }
  } finally {
    await Promise.all(running.map(({ target }) => target.program.stop()));
  }
  return { skipped, figures: running.map(({ peer, rounds }) => figuresOf(peer.name, rounds)) };
}

interface Round {
  cpuMicros: number;
  perSecond: number;
}

async function round(peer: Peer, target: Running, options: MeasureOptions): Promise<Round> {
  const before = target.program.cpuMicros();
  const result = await load({ ...target, connections: options.connections, seconds: options.seconds });
  const spent = target.program.cpuMicros() - before;
  // A figure is worth nothing when it is that of refusals.
  if (result.failed > 0 || result.answered === 0)
    throw new Error(`${peer.name}: ${result.failed} failed, ${result.answered} answered (${target.url})`);
  return { cpuMicros: spent / result.answered, perSecond: result.answered / result.seconds };
}

function figuresOf(name: string, rounds: Round[]): Figures {
  const cpu = rounds.map(({ cpuMicros }) => cpuMicros).sort((a, b) => a - b);
  return {
    name,
    cpuMicros: median(cpu),
    spread: [cpu[0]!, cpu.at(-1)!],
    perSecond: median(rounds.map(({ perSecond }) => perSecond)),
  };
}
