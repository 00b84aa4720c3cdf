/** `warning`: it works, and will not or not well some day. `fault`: it does not work. */
export type Level = 'ok' | 'warning' | 'fault';

/** What one check has found out about one thing. */
export interface Finding {
  readonly check: string;
  /** What it is about: a setting, a host, a region. */
  readonly subject: string;
  readonly level: Level;
  /** What there is, and what that means. Holds no secret. */
  readonly message: string;
  /** What to do; null where nothing is to be done. */
  readonly advice: string | null;
}

/** Findings of one check about one thing. */
export interface About {
  ok(message: string): Finding;
  warning(message: string, advice: string): Finding;
  fault(message: string, advice: string): Finding;
}

/** Makes the findings of a check about a thing. */
export function about(check: string, subject: string): About {
  const make = (level: Level, message: string, advice: string | null): Finding => {
    return { check, subject, level, message, advice };
  };
  return {
    ok: (message) => make('ok', message, null),
    warning: (message, advice) => make('warning', message, advice),
    fault: (message, advice) => make('fault', message, advice),
  };
}

const WIDTHS = { level: 8, check: 10 };

/** A finding as a line: level, check, subject, what it means, what to do. */
export function lineOf({ level, check, subject, message, advice }: Finding): string {
  const todo = advice === null ? '' : `; ${advice}`;
  return `${level.padEnd(WIDTHS.level)}${check.padEnd(WIDTHS.check)}${subject}: ${message}${todo}`;
}
