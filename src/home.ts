import { fileURLToPath } from 'node:url';

/** The folder that Sluice is installed in, with a slash: its package.json and its configurations are there, above its code. */
export const HOME = fileURLToPath(new URL('../', import.meta.url));
