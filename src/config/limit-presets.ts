import { readdirSync } from 'node:fs';
import { Type } from '@sinclair/typebox';
import { HOME } from '../home.ts';
import { StaticLimitSchema } from '../limits/settings.ts';
import { checkOf } from '../settings/check.ts';
import { normalForm } from '../settings/normal-form.ts';
import { parseFile } from '../settings/parse.ts';
import type { Problem } from '../settings/problem.ts';
import type { Tree } from '../settings/tree.ts';
import { validate } from '../settings/validate.ts';

/** Where the presets are that come with Sluice. */
const FOLDER = `${HOME}config/limits/`;

/** A preset: what a provider documents, where, and when that was read. */
const PresetSchema = Type.Object(
  {
    source: Type.String({ minLength: 1, description: 'Where the provider says so.' }),
    date: Type.String({ pattern: '^\\d{4}(-\\d\\d(-\\d\\d)?)?$', description: 'When it was read.' }),
    limits: Type.Array(StaticLimitSchema, { minItems: 1, description: 'The limits.' }),
  },
  { additionalProperties: false },
);
const check = checkOf(normalForm(PresetSchema));

/** Names of the presets there are. */
export function presetNames(): string[] {
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => name.slice(0, -'.yaml'.length))
    .sort();
}

/** Puts the limits of `limits.preset` into `limits.presetLimits`; says so when there is no such preset. */
export function readLimitPreset(limits: Tree): Problem[] {
  const { preset } = limits;
  if (typeof preset !== 'string') return [];
  const path = ['limits', 'preset'];
  const names = presetNames();
  if (!names.includes(preset))
    return [{ path, text: `is no preset, accepted: one of ${names.join(', ')}, or null` }];
  const parsed = parseFile(`${FOLDER}${preset}.yaml`);
  if ('problems' in parsed) return parsed.problems;
  const problems = validate(parsed.tree, check);
  if (problems.length === 0) limits['presetLimits'] = parsed.tree['limits']!;
  return problems;
}
