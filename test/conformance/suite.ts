import { AssertionError } from 'node:assert';
import type { Format } from '../../src/translation/format.ts';
import type { Answer } from './answer.ts';
import type { Case, Need, Section } from './section.ts';
import { type Transcript, transcribe } from './transcript.ts';
import { createdBy, createTrial, type Ground } from './trial.ts';

/** How one case ended. */
export type Outcome =
  | { readonly kind: 'passed' }
  | { readonly kind: 'skipped'; readonly need: Need }
  | { readonly kind: 'failed'; readonly reason: string };

export interface CaseResult {
  readonly name: string;
  readonly outcome: Outcome;
}

/** How one section went in one format. */
export interface SectionResult {
  readonly section: Section;
  readonly format: Format;
  readonly cases: readonly CaseResult[];
  readonly transcript: Transcript;
  /** Operations of the guide that were asked for. */
  readonly operations: ReadonlySet<string>;
  /** What could not be deleted afterwards. */
  readonly leftovers: readonly string[];
}

/** Something that can be asked in both formats. */
export interface Arena {
  /** What cases may need here. */
  readonly allowed: ReadonlySet<Need>;
  /** @param observe is told every answer */
  ground(format: Format, observe: (answer: Answer) => void): Ground;
}

/** Runs the cases of a section one after the other, and deletes what they created. */
export async function runSection(arena: Arena, section: Section, format: Format): Promise<SectionResult> {
  const answers: Answer[] = [];
  const ground = arena.ground(format, (answer) => void answers.push(answer));
  const trial = createTrial(ground);
  const cases: CaseResult[] = [];
  for (const one of section.cases) {
    const outcome = await runCase(one, arena.allowed, () => one.run(trial));
    cases.push({ name: one.name, outcome });
  }
  const transcript = transcribe(answers, ground.client.root);
  const leftovers = await clearAway(ground, answers);
  return { section, format, cases, transcript, operations: ground.client.asked, leftovers };
}

async function runCase(one: Case, allowed: ReadonlySet<Need>, run: () => Promise<void>): Promise<Outcome> {
  if (!allowed.has(one.needs)) return { kind: 'skipped', need: one.needs };
  try {
    await run();
    return { kind: 'passed' };
  } catch (error) {
    return { kind: 'failed', reason: reasonOf(error) };
  }
}

/** An expectation that failed says enough itself; anything else is told with its kind and its cause. */
function reasonOf(error: unknown): string {
  if (error instanceof AssertionError) return error.message;
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? ` (${error.cause.message})` : '';
  return `${error.name}: ${error.message}${cause}`;
}

/** Deletes servers and images that were created and are still there. */
async function clearAway({ client }: Ground, answers: readonly Answer[]): Promise<string[]> {
  const paths = new Set(answers.map(createdBy).filter((path) => path !== undefined));
  const leftovers: string[] = [];
  for (const path of paths) {
    const { status } = await client.ask('DELETE', path);
    if (status !== 204 && status !== 404) leftovers.push(path);
  }
  return leftovers;
}
