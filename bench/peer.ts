import type { Program } from './program.ts';

/** What peers are started with. */
export interface BenchContext {
  /** Root of the upstream, `http://127.0.0.1:{port}`. */
  upstreamOrigin: string;
  /** Sluice's command, built: `dist/cli.js`. */
  cli: string;
  /** A folder of this run, for generated configuration. */
  folder: string;
  /** The bytes that a cache hit answers with. */
  copyFile: string;
}

/** A peer that runs, and the URL it is measured at. */
export interface Running {
  program: Program;
  url: string;
  /** Headers of every request. */
  headers?: Record<string, string>;
  /** Paths to ask for in turn instead of the URL's own. */
  paths?: string[];
  /** How many requests in turn bear a header of their own; none by default. */
  traces?: number;
}

/** One of those compared. */
export interface Peer {
  name: string;
  /** Why it cannot be measured here, undefined when it can. */
  missing(context: BenchContext): string | undefined;
  start(context: BenchContext): Promise<Running>;
}
