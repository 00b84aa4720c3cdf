import { wrongAnswers } from './checks/answers.ts';
import { Evidence } from './checks/evidence.ts';
import { foreignBytes } from './checks/isolation.ts';
import { unanswered } from './checks/patience.ts';
import { earlyRefusals } from './checks/refusals.ts';
import { unexplainedStatuses } from './checks/statuses.ts';
import { duplicateCreates, lostWrites } from './checks/writes.ts';
import type { Finding, Logs } from './log.ts';

const RULES = [
  wrongAnswers,
  unexplainedStatuses,
  foreignBytes,
  duplicateCreates,
  lostWrites,
  earlyRefusals,
  unanswered,
];

/** Everything that must not be and is, by both ends' logs alone, in the order of time. */
export function check(logs: Logs): Finding[] {
  const evidence = new Evidence(logs);
  return RULES.flatMap((rule) => rule(evidence)).sort((a, b) => a.atMs - b.atMs);
}
