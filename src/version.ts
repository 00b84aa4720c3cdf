import { readFileSync } from 'node:fs';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

/** Sluice's version, as its package has it: `0.1.0`. */
export const VERSION = version;

/** What Sluice calls itself where it asks on its own behalf (RFC 9110, section 10.1.5): `sluice/0.1.0`. */
export const PRODUCT = `sluice/${version}`;
