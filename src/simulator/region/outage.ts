import { Fault } from '../../faults/faults.ts';
import type { RegionSettings } from './settings.ts';

/** What a region's compute service stands on, and cannot do without. */
export type Backend = 'database' | 'image' | 'volume';

const BACKENDS: Readonly<
  Record<Backend, { down: 'databaseDown' | 'imagesDown' | 'volumesDown'; name: string }>
> = {
  database: { down: 'databaseDown', name: 'database' },
  image: { down: 'imagesDown', name: 'image service' },
  volume: { down: 'volumesDown', name: 'block storage' },
};

/** What needs a backend that is down fails as it does in nova: 500, not 503. */
export class Outage extends Fault {
  readonly backend: Backend;

  constructor(backend: Backend, region: string) {
    super('computeFault', `The ${BACKENDS[backend].name} of ${region} cannot be reached; try again later.`);
    this.backend = backend;
  }
}

/** @throws Outage while that backend of the region is down */
export function requireBackend(backend: Backend, settings: RegionSettings): void {
  if (settings[BACKENDS[backend].down]) throw new Outage(backend, settings.name);
}
