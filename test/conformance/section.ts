import type { Trial } from './trial.ts';

/**
 * What a case does to the region, so what it may only be run against. `read` leaves nothing behind; `write` creates and
 * deletes servers; `world` needs a simulator of our own, whose time and faults can be turned; `identity` needs
 * credentials; `volume` needs a volume that may be attached; `guarded` an endpoint
 * that refuses who has no token, `guardedIdentity` one whose credentials are known, too.
 */
export type Need = 'read' | 'write' | 'world' | 'identity' | 'volume' | 'guarded' | 'guardedIdentity';

/** One promise of the guide. `run` throws an AssertionError when the endpoint breaks it. */
export interface Case {
  readonly name: string;
  readonly needs: Need;
  run(trial: Trial): Promise<void>;
}

/** The promises of one section of the guide. */
export interface Section {
  /** Its number, `2.1.2`. */
  readonly id: string;
  /** Its title in the guide. */
  readonly title: string;
  readonly cases: readonly Case[];
}
