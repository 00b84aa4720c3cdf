import { existsSync } from 'node:fs';
import { HOME } from '../home.ts';

/** The configuration that comes with Sluice: the demo. */
export const OWN_CONFIG = `${HOME}config/default.yaml`;

/** The configuration of a simulator that was given none: of the folder it runs in, else Sluice's own. */
export function defaultConfigFile(): string {
  return existsSync('config/default.yaml') ? 'config/default.yaml' : OWN_CONFIG;
}
