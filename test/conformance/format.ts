import type { Format } from '../../src/translation/format.ts';

export type { Format };

/** The two formats of the guide (section 1.4), as the suite goes through them. */
export const FORMATS: readonly Format[] = ['json', 'xml'];
