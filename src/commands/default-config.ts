import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The configuration that comes with Sluice: the demo. */
export const OWN_CONFIG = fileURLToPath(new URL('../../config/default.yaml', import.meta.url));

/** The configuration of a simulator that was given none: of the folder it runs in, else Sluice's own. */
export function defaultConfigFile(): string {
  return existsSync('config/default.yaml') ? 'config/default.yaml' : OWN_CONFIG;
}
