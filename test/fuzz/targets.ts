import type { AnyTarget } from './target.ts';
import { answers, codings, errorPages } from './targets/answers.ts';
import { bodies } from './targets/bodies.ts';
import { catalogs } from './targets/catalogs.ts';
import { configurations, yamls } from './targets/configuration.ts';
import { longDocuments } from './targets/documents.ts';
import { fields, tokens } from './targets/fields.ts';
import { heads } from './targets/heads.ts';
import { limits, refusals } from './targets/limits.ts';
import { entries, messages } from './targets/redis.ts';
import { urls } from './targets/urls.ts';

/** What is fed in this process: readers of all that comes from outside. */
export const READERS: readonly AnyTarget[] = [
  heads,
  urls,
  fields,
  tokens,
  bodies,
  answers,
  longDocuments,
  errorPages,
  codings,
  catalogs,
  limits,
  refusals,
  entries,
  messages,
  configurations,
  yamls,
];
