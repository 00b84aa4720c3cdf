import { type Check, checkOf } from '../settings/check.ts';
import { settingsSchema } from './settings-schema.ts';

/**
 * The check of a whole configuration. Making it takes as long as all else at a start together: the build puts it in the place
 * of this file as code (bin/prepared-check.mjs).
 */
export const checkSettings: Check = checkOf(settingsSchema);
