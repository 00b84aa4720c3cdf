import { readFileSync } from 'node:fs';
import { HOME } from './home.ts';

const { version, description } = JSON.parse(readFileSync(`${HOME}package.json`, 'utf8')) as {
  version: string;
  description: string;
};

/** Sluice's version, as its package has it: `0.1.0`. */
export const VERSION = version;

/** What it is, in a sentence. */
export const DESCRIPTION = description;

/** What Sluice calls itself where it asks on its own behalf (RFC 9110, section 10.1.5): `sluice/0.1.0`. */
export const PRODUCT = `sluice/${version}`;
