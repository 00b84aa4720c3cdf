const DATE = /^\d{4}-\d{2}-\d{2}$/;
const DATE_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:\d{2})$/;
const DAY_MS = 86_400_000;

/**
 * When a key ends, wall ms: from then on it is nobody's. A date alone lasts until the end of that day (UTC).
 *
 * @returns undefined for a text that is no date, or one without a time zone
 */
export function parseNotAfter(text: string): number | undefined {
  const isDate = DATE.test(text);
  if (!isDate && !DATE_TIME.test(text)) return undefined;
  const time = Date.parse(text);
  if (Number.isNaN(time) || !isRealDay(text.slice(0, 10))) return undefined;
  return isDate ? time + DAY_MS : time;
}

/** JavaScript reads the 31st of February as a day in March. */
function isRealDay(date: string): boolean {
  const time = Date.parse(date);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(date);
}
